"""A store that was moved, of another MLflow, or without an experiment; and what `track` says last."""

import json
import shutil
import sqlite3
from contextlib import closing

import pytest
from mlflow import MlflowClient

from rnnlab.tracking import ending
from rnnlab.tracking.database import _is_stamped
from rnnlab.tracking.store import NOTE, Store, UnreachableError, explain


@pytest.fixture
def project(tmp_path, empty_store):
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copy(empty_store, folder / "mlflow.db")
    return folder


def test_a_moved_project_finds_its_artifacts_and_writes_no_new_ones_to_the_old_place(project, tmp_path):
    store = Store(project, series="GOOG")
    old = store.start("series", "gru", {})
    store.client.log_text(old, "a", "a.txt")
    moved = project.rename(tmp_path / "moved")
    store = Store(moved, series="GOOG")
    new = store.start("series", "lstm", {})
    store.client.log_text(new, "b", "b.txt")
    assert [file.path for file in store.client.list_artifacts(old)] == ["a.txt"]
    assert {path.name for path in (moved / "mlartifacts").rglob("*.txt")} == {"a.txt", "b.txt"}
    assert not project.exists()


def test_artifacts_that_were_put_elsewhere_on_purpose_stay_there(project):
    elsewhere = "s3://bucket/mlartifacts"
    Store(project).client.create_experiment("mine", elsewhere)
    assert Store(project).client.get_experiment_by_name("mine").artifact_location == elsewhere


# The second is the revision by which MLflow gave metrics their steps.
@pytest.mark.parametrize(
    ("made_by", "command"), [("ffffffffffff", "pip install --upgrade"), ("451aebb31d03", "db upgrade")]
)
def test_a_store_of_another_mlflow_is_named_with_the_command_that_mends_it(project, made_by, command):
    with sqlite3.connect(project / "mlflow.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [made_by])
    with pytest.raises(UnreachableError, match=command):
        Store(project)


UNSTAMPED = "CREATE TABLE experiments (name TEXT); CREATE TABLE alembic_version (version_num TEXT)"


@pytest.mark.parametrize("content", [UNSTAMPED, "CREATE TABLE experiments (name TEXT)"])
def test_a_store_that_was_cut_short_when_it_was_made_is_moved_aside_and_made_again(tmp_path, content, capsys):
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as database:
        database.executescript(content)
    Store(tmp_path, series="GOOG")
    assert "mlflow.db: was cut short when it was made; moved to mlflow.db.broken-1" in capsys.readouterr().out
    with closing(sqlite3.connect(tmp_path / "mlflow.db.broken-1")) as database:
        assert database.execute("SELECT count(*) FROM experiments").fetchone() == (0,)
    Store(tmp_path, series="GOOG")
    assert capsys.readouterr().out == ""


def test_a_store_is_made_whole_or_not_at_all(tmp_path, monkeypatch):
    monkeypatch.setattr(MlflowClient, "search_experiments", lambda *_, **__: pytest.exit("killed"))
    with pytest.raises(pytest.exit.Exception):
        Store(tmp_path, series="GOOG")
    assert not (tmp_path / "mlflow.db").exists()


def test_a_store_that_another_process_writes_is_not_moved(project):
    with closing(sqlite3.connect(project / "mlflow.db")) as database:
        database.execute("BEGIN EXCLUSIVE")
        assert _is_stamped(project / "mlflow.db")


@pytest.mark.parametrize("name", ["what?", "no#1", "100%"])
def test_a_folder_in_which_mlflow_opens_no_store_is_named(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(UnreachableError, match=r"MLflow opens no store in .*: rename the folder without"):
        Store(tmp_path / name, series="GOOG")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_deleted_experiment_is_named_with_the_command_that_restores_it(project):
    store = Store(project, series="GOOG")
    store.client.delete_experiment(store.experiments["series"])
    number = store.experiments["series"]
    with pytest.raises(UnreachableError, match=f"mlflow experiments restore --experiment-id {number}$") as caught:
        Store(project, series="GOOG")
    assert explain(caught.value) == str(caught.value)  # not cut short, as errors of others are


def test_an_experiment_and_a_run_say_what_they_are(project):
    store = Store(project, series="GOOG")
    assert "GOOG" in store.client.get_experiment(store.experiments["series"]).tags[NOTE]
    run = store.client.get_run(store.start("series", "gru", {}))
    assert run.data.tags["mlflow.source.name"] == "dvc.yaml"
    assert run.data.tags["mlflow.user"]


def test_the_last_lines_name_what_changed_since_the_commit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    before = {"format": ["x", 2], "series": {"gru": {"rmse": 18.6372}, "rnn": {"rmse": 26.0}}}
    now = {"format": ["x", 2], "series": {"gru": {"rmse": 17.9}, "rnn": {"rmse": 26.0}, "mlp": {"rmse": 1.5}}}
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics/leaderboard.json").write_text(json.dumps(now))
    monkeypatch.setattr(ending, "show_file", lambda *_: json.dumps(before))
    assert list(ending.last_lines()) == [
        "leaderboard: gru 17.90 (was 18.64), mlp 1.500 (new)",
        f"page: {(tmp_path / 'report/index.html').as_uri()}",
        "runs: make ui",
    ]
    monkeypatch.setattr(ending, "show_file", lambda *_: json.dumps(now))
    assert next(ending.last_lines()) == "leaderboard: as in the last commit"
