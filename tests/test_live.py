"""A training's run in MLflow while it goes on: real processes on a copy of an empty store."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rnnlab.core.params_file import read_params
from rnnlab.execution import live_run as live
from rnnlab.execution.live_run import LiveRun
from rnnlab.tracking.recorder import record
from rnnlab.tracking.store import Store

ROOT = Path(__file__).parent.parent
PARAMS = read_params(ROOT / "params.yaml")
ABOUT = "gru", "k", PARAMS


@pytest.fixture(autouse=True)
def _workspace(root, tmp_path, empty_store, monkeypatch):
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(root))
    monkeypatch.setattr(live, "AFTER", 0.0)
    monkeypatch.setattr(live, "PATIENCE", 60.0)  # a busy machine is no reason to fail


def epoch(number):
    return [{"epoch": number, "seed": 0, "train_loss": 1.0 / (1 + number)}]


def the_run(tmp_path):
    store = Store(tmp_path, series="GOOG")
    (run,) = store.client.search_runs([store.experiments["series"]])
    return run


def test_a_training_that_ends_well_is_finished_with_all_its_epochs(tmp_path):
    with LiveRun(*ABOUT) as run:
        for number in range(3):
            run.add(epoch(number))
        run.finish({"weights_key": "w"})
    found = the_run(tmp_path)
    assert (found.info.status, found.data.tags["rnnlab.weights_key"]) == ("FINISHED", "w")
    points = Store(tmp_path, series="GOOG").client.get_metric_history(found.info.run_id, "train/loss")
    assert [point.step for point in points] == [0, 1, 2]


def test_an_exception_fails_the_run_and_says_why(tmp_path):
    with pytest.raises(ValueError, match="too steep"), LiveRun(*ABOUT):
        raise ValueError("too steep")
    found = the_run(tmp_path)
    assert (found.info.status, found.data.tags["reason"]) == ("FAILED", "ValueError: too steep")


SCRIPT = f"""
import signal, time
from pathlib import Path
from rnnlab.core.params_file import read_params
signal.signal(signal.SIGINT, signal.default_int_handler)  # where the tests run in a shell's background it is ignored
from rnnlab.execution import live_run as live
from rnnlab.core.stage import run
def main():
    live.AFTER = 0.0
    with live.LiveRun("gru", "k", read_params(Path({str(ROOT)!r}, "params.yaml"))) as live_run:
        live_run.add({epoch(0)})
        print("goes on", flush=True)
        time.sleep(60)
run(main)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_signal_leaves_a_killed_run(tmp_path, number):
    # In a group of its own, all of which is killed, as by a terminal that is closed.
    training = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, text=True, env=os.environ, start_new_session=True
    )
    assert training.stdout.readline() == "goes on\n"
    while number == signal.SIGKILL and not runs(tmp_path):  # killed before, it has none
        time.sleep(0.1)
    began = time.monotonic()
    os.killpg(training.pid, number)
    training.communicate(timeout=30)
    assert training.returncode == (-number if number == signal.SIGKILL else 128 + number)
    assert time.monotonic() - began < 20  # 5 are promised: on a machine that is not busy
    until = time.monotonic() + 60
    while (status := [run.info.status for run in runs(tmp_path)]) != ["KILLED"]:
        assert time.monotonic() < until, status
        time.sleep(0.5)


@pytest.mark.parametrize(("end", "statuses"), [([], []), ([{"status": "KILLED", "tags": {}}], ["KILLED"])])
def test_a_training_that_was_killed_before_its_run_was_open_has_one_only_if_it_said_so(tmp_path, end, statuses):
    about = {"model": "gru", "key": "k", "params": PARAMS.model_dump_json(exclude_unset=True), "began": time.time()}
    about["process"] = f"{socket.gethostname()} 4194303 0"  # no such process here
    record(about, iter([{"epochs": [epoch(0)]}, *end]))
    assert [run.info.status for run in runs(tmp_path)] == statuses


def runs(tmp_path):
    store = Store(tmp_path, series="GOOG")
    return store.client.search_runs([store.experiments["series"]])


def test_a_training_goes_on_without_mlflow_and_says_so_once(monkeypatch, capfd):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with LiveRun(*ABOUT) as run:
        for number in range(3):
            run.add(epoch(number))
        run.finish({"weights_key": "w"})
    told = capfd.readouterr().err
    assert told.count("not seen live") == 1
    assert "MLflow at http://127.0.0.1:9 can't be reached" in told


def test_a_server_that_was_away_gets_what_it_missed(monkeypatch):
    got, ends = [], []

    class Run:
        def log(self, epochs):
            if epochs == ["first"]:
                raise OSError("away")
            got.append(list(epochs))

        def end(self, status, tags):
            ends.append(status)

    monkeypatch.setattr("rnnlab.tracking.store.Store", lambda *_: None)
    monkeypatch.setattr("rnnlab.tracking.training_run.begin", lambda *_: Run())
    about = {
        "model": "gru",
        "key": "k",
        "params": PARAMS.model_dump_json(exclude_unset=True),
        "process": "",
        "began": time.time(),
    }
    record(about, iter([{"epochs": ["first"]}, {"epochs": ["second"]}, {"status": "FINISHED", "tags": {}}]))
    assert got[0] == ["first", "second"]
    assert ends == ["FINISHED"]


def test_a_short_training_starts_no_recorder(monkeypatch):
    monkeypatch.setattr(live, "AFTER", 60.0)
    monkeypatch.setattr(live.subprocess, "Popen", None)
    with LiveRun(*ABOUT) as run:
        run.add(epoch(0))
        run.finish({"weights_key": "w"})
