"""What is said of a model's run: which experiment made it."""

import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from rnnlab.core.files import write_json
from rnnlab.tracking.result_files import describe
from rnnlab.tracking.run_info import TRACKED, read_tracked, same_as_in_commit

LOCKED = {
    "train@a": {"params": {"params.yaml": {"models.a": 1}}, "deps": [{"path": "x", "md5": "1"}], "outs": [1]},
    "evaluate@a": {"deps": [{"path": "models/a.safetensors", "md5": "1"}, {"path": "y", "md5": "1"}]},
    "baselines@series": {"deps": [{"path": "z", "md5": "1"}]},
}


@pytest.fixture(autouse=True)
def _committed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_lock(LOCKED)
    for args in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=me", "-c", "user.email=me@here", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *args], check=True)


def write_lock(stages):
    YAML(typ="safe").dump({"stages": stages}, Path("dvc.lock"))


def changed(stage, **entries):
    return LOCKED | {stage: LOCKED[stage] | entries}


@pytest.mark.parametrize(
    ("lock", "expected"),
    [
        (LOCKED, True),
        (changed("train@a", outs=[2]), True),  # another processor's last digits
        (changed("train@a", params={"params.yaml": {"models.a": 2}}), False),
        (changed("train@a", deps=[{"path": "x", "md5": "2"}]), False),
        (changed("evaluate@a", deps=[{"path": "models/a.safetensors", "md5": "2"}, {"path": "y", "md5": "1"}]), True),
        (changed("evaluate@a", deps=[{"path": "models/a.safetensors", "md5": "1"}, {"path": "y", "md5": "2"}]), False),
    ],
)
def test_an_experiment_made_what_it_trained_from_other_things(lock, expected):
    write_lock(lock)
    assert (same_as_in_commit(["a"]) == {"a"}) == expected


def test_the_simple_rules_of_other_data_are_the_experiments():
    assert same_as_in_commit(["a", "series"]) == {"a", "series"}
    write_lock(changed("baselines@series", deps=[{"path": "z", "md5": "2"}]))
    assert same_as_in_commit(["a", "series"]) == {"a"}


def test_a_model_that_the_commit_has_not_is_the_experiments():
    write_lock(LOCKED | {"train@b": LOCKED["train@a"]})
    assert same_as_in_commit(["a", "b"]) == {"a"}


@pytest.mark.parametrize("content", [{"a": "a key, as older versions wrote it"}, ["a"], {"a": {"key": "k"}}])
def test_another_form_of_what_was_tracked_counts_for_nothing(content):
    assert read_tracked() == {}
    write_json(TRACKED, content)
    assert read_tracked() == {}


def test_a_description_keeps_its_command_beside_a_card_of_400_columns():
    columns = ", ".join(f"column_number_{number}" for number in range(400))
    command = f"dvc exp run -S 'series.features=[{columns}]'"
    note = describe(command, f"# gru\n\n{columns} in, Close out.\n")
    assert f"    {command}\n\n# gru\n" in note
    assert len(note) == 8000  # more MLflow cuts off
