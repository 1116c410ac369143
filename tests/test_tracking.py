import os
import shutil
import socket
import subprocess
import sys
import time

import pandas as pd
import pytest

from rnnlab.core.processes import identity
from rnnlab.tracking import training_run
from rnnlab.tracking.mirror import WEIGHTS, Data, Result, add, find, find_live, mirror
from rnnlab.tracking.store import KEY, PROCESS, Store, UnreachableError
from rnnlab.tracking.training_run import Training, begin


@pytest.fixture
def store(tmp_path, empty_store):
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    return Store(tmp_path, series="series")


@pytest.fixture
def result(tmp_path):
    picture = tmp_path / "loss.png"
    picture.write_bytes(b"png")
    history = pd.DataFrame({"epoch": [0, 1, 0, 1], "seed": [5, 5, 6, 6], "train_loss": [4.0, 2.0, 2.0, 0.0]})
    return Result(
        model="gru",
        track="series",
        key="abc",
        weights_key="w",
        params={"hidden_size": 8},
        parameters=809,
        figures={"test/rmse": 3.0, "test/rmse_std": None},
        figures_by_seed={5: {"test/rmse": 2.0}, 6: {"test/rmse": 4.0}},
        history=history,
        artifacts={picture: "pictures"},
        data=Data("series-sample", tmp_path, "d" * 32, {"mlflow_colspec": []}, {"num_rows": 3}),
        tags={"mlflow.source.git.commit": "c0ffee"},
        note="# gru",
    )


def test_a_run_mirrors_the_result_with_one_nested_run_a_seed(store, result):
    run = store.client.get_run(add(store, result, "gru"))
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "gru"
    assert run.data.params == {"hidden_size": "8", "parameters": "809"}
    assert run.data.metrics == {"test/rmse": 3.0, "train/loss": 1.0}
    assert run.data.tags[KEY] == "abc"
    assert run.data.tags["mlflow.source.git.commit"] == "c0ffee"
    assert run.data.tags["mlflow.note.content"] == "# gru"
    curve = store.client.get_metric_history(run.info.run_id, "train/loss")
    assert [(point.step, point.value) for point in curve] == [(0, 3.0), (1, 1.0)]
    assert run.inputs.dataset_inputs[0].dataset.digest == "d" * 32
    assert [item.path for item in store.client.list_artifacts(run.info.run_id, "pictures")] == ["pictures/loss.png"]
    children = store.client.search_runs(
        [run.info.experiment_id], f"tags.mlflow.parentRunId = '{run.info.run_id}'", order_by=["metrics.`test/rmse`"]
    )
    assert [(child.data.params["seed"], child.data.metrics["test/rmse"]) for child in children] == [
        ("5", 2.0),
        ("6", 4.0),
    ]


def test_the_same_result_is_found_another_is_not(store, result):
    assert find(store, result) is None
    run = add(store, result, "a")
    assert find(store, result) == run


@pytest.mark.promise(number=1)
@pytest.mark.parametrize("live", [False, True])
def test_a_run_whose_making_was_killed_is_made_again_and_is_one(store, result, live, monkeypatch):
    """Killed when its nested runs are there, and the key is not."""
    if live:
        run = store.start("series", "a", {"model": "gru", WEIGHTS: "w"})
        store.client.set_terminated(run)
    set_tag = type(store.client).set_tag

    def stop(client, run, key, value):
        if key == KEY:
            raise KeyboardInterrupt
        set_tag(client, run, key, value)

    monkeypatch.setattr(type(store.client), "set_tag", stop)
    with pytest.raises(KeyboardInterrupt):
        mirror(store, result, "a")
    monkeypatch.undo()
    assert mirror(store, result, "a") == ("completed" if live else "new")
    runs = store.client.search_runs([store.experiments["series"]])
    assert sorted(run.info.run_name for run in runs) == ["a", "a / seed 5", "a / seed 6"]
    assert {run.info.status for run in runs} == {"FINISHED"}


def test_a_run_that_was_cut_short_is_failed_and_not_taken_for_the_result(store, result):
    broken = Result(**vars(result) | {"figures_by_seed": {5: {"bad name @": 1.0}}})
    with pytest.raises(Exception, match="bad name"):
        add(store, broken, "a")
    runs = store.client.search_runs([store.experiments["series"]], "tags.`mlflow.source.git.commit` = 'c0ffee'")
    assert [run.info.status for run in runs] == ["FAILED", "FAILED"]  # the seed's too
    assert find(store, result) is None


def training(**changes):
    given = {"model": "gru", "track": "series", "name": "a / gru", "key": "t", "params": {"epochs": 4}}
    given |= {"tags": {"rnnlab.experiment": "a"}, "process": identity(), "began": time.time()}
    return Training(**given | changes)


def epochs(*numbers):
    return [[{"epoch": n, "seed": seed, "train_loss": float(n + seed)} for seed in (0, 2)] for n in numbers]


def curve(store, run):
    return [(point.step, point.value) for point in store.client.get_metric_history(run, "train/loss")]


def test_a_training_is_seen_while_it_goes_on(store):
    live = begin(store, training())
    live.log(epochs(0, 1))
    run = store.client.get_run(live.run)
    assert run.info.status == "RUNNING"
    assert run.data.params == {"epochs": "4"}
    assert run.data.tags["rnnlab.experiment"] == "a"
    assert curve(store, live.run) == [(0, 1.0), (1, 2.0)]  # means of two seeds


def test_its_run_lasts_as_long_as_the_training_and_not_from_when_it_was_seen(store):
    run = store.client.get_run(begin(store, training(began=1_700_000_000.5)).run)
    assert run.info.start_time == 1_700_000_000_500


def test_a_training_that_is_begun_again_goes_on_in_its_run_with_each_epoch_once(store):
    live = begin(store, training())
    live.log(epochs(0, 1))
    live.end("KILLED", {})
    again = begin(store, training())
    assert again.run == live.run
    again.log(epochs(0, 1, 2))
    assert store.client.get_run(live.run).info.status == "RUNNING"
    assert curve(store, live.run) == [(0, 1.0), (1, 2.0), (2, 3.0)]


def test_a_reason_goes_when_the_training_is_begun_again(store):
    live = begin(store, training())
    live.end("FAILED", {"reason": "a full disk"})
    begin(store, training()).end("FINISHED", {})
    assert "reason" not in store.client.get_run(live.run).data.tags


def test_a_completed_run_is_not_opened_again(store, result):
    live = begin(store, training())
    live.end("FINISHED", {WEIGHTS: "w"})
    mirror(store, result, "a / gru")
    again = begin(store, training())
    again.end("KILLED", {})
    assert find(store, result) == live.run != again.run


@pytest.mark.parametrize("changes", [{"key": "other"}, {"name": "b / gru"}])
def test_another_training_has_a_run_of_its_own(store, changes):
    live = begin(store, training())
    live.end("KILLED", {})
    assert begin(store, training(**changes)).run != live.run


def test_the_machine_is_watched_when_asked_for(store, monkeypatch):
    monkeypatch.setattr(training_run, "SYSTEM_SECONDS", 0.1)
    live = begin(store, training())
    live.watch_machine()
    until = time.monotonic() + 30
    while not any(name.startswith("system/") for name in store.client.get_run(live.run).data.metrics):
        assert time.monotonic() < until
        time.sleep(0.2)
    live.end("FINISHED", {})
    assert "system/cpu_utilization_percentage" in store.client.get_run(live.run).data.metrics


def test_a_result_completes_the_run_of_its_training(store, result):
    live = begin(store, training())
    live.log(epochs(0, 1))
    assert find_live(store, result, "a / gru") is None
    live.end("FINISHED", {WEIGHTS: "w"})
    assert find_live(store, result, "a / gru") == live.run
    assert add(store, result, "a / gru", live.run) == live.run
    run = store.client.get_run(live.run)
    assert (run.info.status, run.data.metrics["test/rmse"]) == ("FINISHED", 3.0)
    assert curve(store, live.run) == [(0, 1.0), (1, 2.0)]  # not twice
    assert find_live(store, result, "a / gru") is None
    assert find(store, result) == live.run


def test_of_two_trainings_of_the_same_weights_the_own_is_completed(store, result):
    first, second = (begin(store, training(key=name, name=f"{name} / gru")) for name in "ab")
    for live in (first, second):
        live.end("FINISHED", {WEIGHTS: "w"})
    assert find_live(store, result, "a / gru") == first.run
    assert find_live(store, result, "b / gru") == second.run


def test_of_two_runs_of_one_result_the_first_is_kept(store, result):
    first = add(store, result, "a")
    assert add(store, result, "b") == first  # as by a worker that looked before the first had ended
    left = store.client.search_runs([store.experiments["series"]], "tags.model = 'gru'")
    assert {run.info.run_name for run in left} == {"a", "a / seed 5", "a / seed 6"}


def test_a_run_whose_process_is_gone_is_closed_and_no_other(store, root):
    script = "from rnnlab.core.processes import identity; print(identity())"
    gone = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    left = begin(store, training(key="left", name="left", process=gone.stdout.strip()))
    going_on = begin(store, training(key="on", name="going on"))  # closes what it finds
    status = {run: store.client.get_run(run).info.status for run in (left.run, going_on.run)}
    assert status == {left.run: "KILLED", going_on.run: "RUNNING"}
    assert store.tidy("series") == []


@pytest.mark.parametrize(
    "process", ["elsewhere 1 0", "x", "", f"{socket.gethostname()} 1 x", f"{socket.gethostname()} ²"]
)
def test_a_run_of_another_machine_or_a_foreign_one_is_closed_by_its_age_alone(store, process):
    live = begin(store, training())
    store.client.set_tag(live.run, PROCESS, process)
    assert store.tidy("series", older_than=1.0) == []
    assert store.tidy("series", older_than=0.0) == ["a / gru"]


@pytest.mark.promise(number=7)
def test_an_address_that_cannot_be_reached_is_named_without_its_password(tmp_path, monkeypatch):
    with pytest.raises(UnreachableError, match=r"MLflow at http://127.0.0.1:9 can't be reached") as caught:
        Store(tmp_path, "http://me:secret@127.0.0.1:9")
    assert "secret" not in str(caught.value)


def test_two_may_start_on_an_empty_store(root, tmp_path):
    script = f"from pathlib import Path; from rnnlab.tracking.store import Store; Store(Path({str(tmp_path)!r}))"
    workers = [subprocess.Popen([sys.executable, "-c", script], cwd=root, env=os.environ) for _ in range(2)]
    assert [worker.wait(120) for worker in workers] == [0, 0]
    names = {experiment.name for experiment in Store(tmp_path, series="series").client.search_experiments()}
    assert names == {"Default", "series", "digits"}
