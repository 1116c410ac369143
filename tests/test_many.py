"""Many workers at once, and much in the store: no run is lost, doubled or failed, and it stays quick."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter

import pytest
from selenium.webdriver.common.by import By
from test_experiments import stop_queue, wait_for_queue
from workspace import make_workspace

from rnnlab.tracking.store import Store

pytestmark = [pytest.mark.promise(number=5), pytest.mark.slow, pytest.mark.timeout(900)]

WORKERS, RUNS = 4, 1000
# One result that all have, and one of its own.
WORKER = """
import sys
from pathlib import Path
import pandas as pd
from rnnlab.tracking.mirror import Data, Result, mirror
from rnnlab.tracking.store import Store
def result(key):
    history = pd.DataFrame({"epoch": [0, 1], "seed": [0, 0], "train_loss": [2.0, 1.0]})
    return Result(
        model="m", track="series", key=key, weights_key=key, params={}, parameters=1, figures={"test/rmse": 3.0},
        figures_by_seed={0: {"test/rmse": 3.0}}, history=history, artifacts={},
        data=Data("d", Path(), "d" * 32, {}, {}), tags={}, note="",
    )
store = Store(Path(), series="GOOG")
for key in ("shared", sys.argv[1]):
    mirror(store, result(key), key)
"""


def names(folder):
    store = Store(folder, series="GOOG")
    return Counter(
        (run.info.run_name, run.info.status)
        for run in store.client.search_runs(list(store.experiments.values()))
        if not {"mlflow.parentRunId", "kind"} & set(run.data.tags)
    )


def test_four_processes_on_a_store_that_is_not_there(root, tmp_path):
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, f"own {number}"], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(root)}
        )
        for number in range(WORKERS)
    ]
    assert [worker.wait() for worker in workers] == [0] * WORKERS
    expected = ["shared", *(f"own {number}" for number in range(WORKERS))]
    assert names(tmp_path) == {(name, "FINISHED"): 1 for name in expected}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """All is made but the store. Where nothing is, DVC's own workers trip over its run cache (docs/experiments.md)."""
    workspace = make_workspace(tmp_path_factory.mktemp("many") / "project")
    workspace.keep_models("gru", "digits_bigru")
    workspace.dvc("repro")
    workspace.commit()
    (workspace.folder / "mlflow.db").unlink()
    yield workspace
    stop_queue(workspace)


@pytest.mark.long
def test_four_workers_of_a_queue(workspace):
    sizes = range(3, 3 + WORKERS)
    workspace.dvc("exp", "run", "--queue", "-S", f"models.gru.hidden_size={','.join(map(str, sizes))}")
    # its workers would hold this pipe open until they end
    subprocess.run(
        ["dvc", "queue", "start", "-j", str(WORKERS)],
        cwd=workspace.folder,
        env=workspace.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    status = wait_for_queue(workspace, 600)
    assert status.count("Success") == WORKERS, status
    found = names(workspace.folder)
    assert {status for _, status in found} == {"FINISHED"}
    models = Counter(name.split(" / ")[0] for name, _ in found.elements())
    assert models == {"gru": WORKERS, "digits_bigru": 1}  # which all four have in common


@pytest.fixture(scope="module")
def full_store(workspace):
    """Seconds that `track` takes for one run, in a small store and in one with a thousand."""
    workspace.call(sys.executable, "-m", "stages.track")
    seconds = track_one(workspace)
    store = Store(workspace.folder, series="GOOG")
    for number in range(RUNS):
        run = store.start("series", f"run {number}", {"rnnlab.content_key": f"key {number}"})
        params = {f"model.p{k}": k for k in range(25)}
        store.log(run, params=params, figures={f"test/m{k}": float(number) for k in range(25)})
        store.client.set_terminated(run)
    return seconds, track_one(workspace)


def track_one(workspace):
    store = Store(workspace.folder, series="GOOG")
    (mirrored,) = store.client.search_runs([store.experiments["series"]], "tags.mlflow.runName = 'gru'")
    store.client.delete_run(mirrored.info.run_id)
    began = time.monotonic()
    assert "new run: gru" in workspace.call(sys.executable, "-m", "stages.track")
    return time.monotonic() - began


@pytest.mark.long
def test_track_in_a_store_of_a_thousand_runs(full_store, record_property):
    small, full = full_store
    record_property("seconds of track for one more run, whole process, small store", f"{small:.1f}")
    record_property(f"the same with {RUNS} runs in it", f"{full:.1f}")
    assert full < small + 20  # 3 are promised: on a machine that is not busy


@pytest.mark.long
def test_the_ui_over_a_thousand_runs(workspace, full_store, browser, record_property):
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    words = [
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--backend-store-uri",
        Store(workspace.folder, series="GOOG").uri,
    ]
    server = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "ui", *words],
        cwd=workspace.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/health", server)
        experiment = Store(workspace.folder, series="GOOG").experiments["series"]
        began = time.monotonic()
        browser.get(f"http://127.0.0.1:{port}/#/experiments/{experiment}/runs")
        while f"run {RUNS - 1}" not in browser.find_element(By.TAG_NAME, "body").text:
            assert time.monotonic() - began < 60  # 5 are aimed at
            time.sleep(0.1)
        seconds = time.monotonic() - began
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)
    record_property(f"seconds to the UI's table of {RUNS} runs", f"{seconds:.1f}")


def wait_for(address, server):
    until = time.monotonic() + 120
    while time.monotonic() < until:
        assert server.poll() is None
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail("the server did not answer within two minutes")
