"""A panel from its table to the page and MLflow, as its users run it."""

import json
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from importlib.util import find_spec

import numpy as np
import pandas as pd
import psutil
import pytest
from safetensors.numpy import load_file
from workspace import make_workspace

from rnnlab.tracking.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
SYMBOLS, DAYS = 8, 150
# `python -m MODULE`, which waits when the result of a task is kept
WAITS = """
import runpy, sys, time
from rnnlab.execution.task_results import TaskResults
keep = TaskResults.keep
def wait(*words):
    keep(*words)
    time.sleep(60)
TaskResults.keep = wait
runpy.run_module(sys.argv.pop(1), run_name="__main__")
"""


def make_table(symbols, days):
    """Random walks; s1 starts late, s2 stops early, s3 has a gap, s4 has too few days, s5 an empty cell."""
    random, dates, parts = np.random.default_rng(0), pd.bdate_range("2020-01-01", periods=days), []
    for number in range(symbols):
        close = 100 * np.exp(np.cumsum(random.normal(0, 0.01, days)))
        columns = {"Open": close, "High": close * 1.01, "Low": close * 0.99, "Close": close, "Volume": close.round()}
        parts.append(pd.DataFrame({"Date": dates, "Symbol": f"s{number}"} | columns))
    parts[1], parts[2], parts[3], parts[4] = parts[1][50:], parts[2][:-10], parts[3].drop(range(60, 70)), parts[4][-9:]
    parts[5].loc[20, "Close"] = None
    return pd.concat(parts).sort_values("Date", kind="stable")  # all symbols of a day together


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("panel")
    make_table(SYMBOLS, DAYS).to_csv(folder / "prices.csv", index=False)
    workspace = make_workspace(folder / "project")
    workspace.keep_models("gru")
    for key, value in {
        "source": "panel",
        "path": str(folder / "prices.csv"),
        "split.train": 0.6,
        "split.validation": 0.1,
    }.items():
        workspace.set(f"series.{key}", value)
    workspace.set("backtest.train", 60)
    workspace.commit()
    return workspace


@pytest.fixture(scope="module")
def output(workspace):
    return workspace.dvc("repro")


def test_faults_of_the_panel_are_reported(workspace, output):
    for sentence in (
        "8 symbols, 988 rows, 150 days",
        "2 of 8 symbols start late (after the panel's first day): s4 141, s1 50",
        "1 of 8 symbols stop early (before its last day): s2 10",
        "2 of 8 symbols have gaps (days of the panel between their first and last that they lack): s3 10, s5 1",
        "1 of 8 symbols have rows with empty cells or of a trading halt, which are left out: s5 1",
        "left out: s4: 0 training windows, at least 20 are needed",
    ):
        assert sentence in output
    page = (workspace.folder / "report/index.html").read_text()
    assert "start late" in page
    assert "Wilcoxon" not in page  # there is one network, and no pair
    assert "0 training windows, at least 20 are needed" in page


def test_scaling_and_parts_end_on_the_same_days_whichever_symbols_are_left_out(tmp_path):
    table = make_table(SYMBOLS, DAYS)
    saturdays = pd.DataFrame({"Date": pd.date_range("2020-05-02", periods=12, freq="W-SAT"), "Symbol": "weekly"})
    (tmp_path / "project").mkdir()
    path = tmp_path / "prices.csv"
    pd.concat([table, saturdays.assign(Open=1.0, High=1.0, Low=1.0, Close=1.0, Volume=1.0)]).to_csv(path, index=False)
    workspace = make_workspace(tmp_path / "project/copy")
    for key, value in {"source": "panel", "path": str(path), "split.train": 0.6}.items():
        workspace.set(f"series.{key}", value)
    for stage in ("fetch", "scale", "window", "split"):
        workspace.call(sys.executable, "-m", f"stages.{stage}", "series")
    scaler, dates = (
        workspace.read("data/scaled/series/scaler.json"),
        workspace.folder / "data/split/series/train/dates.npy",
    )
    assert "weekly" not in scaler["symbols"]
    seen = table[(table["Symbol"] == "s0") & (table["Date"] <= np.load(dates).max())]
    assert scaler["maximum"][0] == seen[scaler["columns"]].max().tolist()
    assert scaler["minimum"][0] == seen[scaler["columns"]].min().tolist()


def test_figures_are_of_each_symbol_and_over_symbols(workspace, output):
    figures = workspace.read("metrics/test/gru.json")
    assert list(figures["by_symbol"]) == ["s0", "s1", "s2", "s3", "s5", "s6", "s7"]
    ratios = [each["relative_rmse"] for each in figures["by_symbol"].values()]
    assert figures["over_symbols"]["relative_rmse"][1] == pytest.approx(np.median(ratios), rel=1e-4)
    board = workspace.read("metrics/leaderboard.json")
    assert board["panel"]["persistence"] == {"relative_rmse": pytest.approx(1)}
    assert "beats persistence on" in (workspace.folder / "metrics/leaderboard.md").read_text()


def test_mlflow_has_one_run_for_the_panel_with_its_table(workspace, output):
    store = Store(workspace.folder, series="prices")
    runs = store.client.search_runs([store.experiments["series"]])
    (run,) = [run for run in runs if not {"mlflow.parentRunId", "kind"} & set(run.data.tags)]
    assert len([run for run in runs if "kind" not in run.data.tags]) == 1 + 2  # and one a seed
    assert {"test/relative_rmse", "test/beaten", "unranked/mase", "unranked/relative_rmse_median"} <= set(
        run.data.metrics
    )
    assert "gru-symbols.csv" in {file.path for file in store.client.list_artifacts(run.info.run_id)}


def test_a_symbol_is_forecast_from_what_was_fetched_the_table_or_its_own_file(workspace, output, tmp_path):
    table, own = workspace.folder.parent / "prices.csv", tmp_path / "s3.csv"
    pd.read_csv(table).query("Symbol == 's3'").drop(columns="Symbol").to_csv(own, index=False)
    words = ("rnnlab", "forecast", "--model", "gru", "--symbol", "s3", "--json")
    found = [json.loads(workspace.call(*words, *more))["steps"] for more in ((), ("--data", table), ("--data", own))]
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == 1
    said = workspace.call("rnnlab", "forecast", "--model", "gru", "--symbol", "s9", ok=False)
    assert "--symbol s9: gru is of a panel of 7 symbols, as s" in said
    said = workspace.call("rnnlab", "forecast", "--model", "gru", "--symbol", "s4", ok=False)
    assert "--symbol s4: was left out of the panel: 0 training windows, at least 20 are needed" in said


def test_nothing_is_made_twice(workspace, output):
    assert workspace.ran("repro") == set()


def test_progress_is_seen_in_mlflow(workspace, output):
    watched = "import runpy, stages, rnnlab.execution.live_run as l, rnnlab.training.panel_training as p;"
    watched += "l.AFTER, p.REPLICAS = 0, 3;"
    watched += "runpy.run_module('stages.train', run_name='__main__')"
    said = workspace.call(sys.executable, "-c", watched, "gru")
    assert "gru: 7 of 7 symbols" in said
    store = Store(workspace.folder, series="prices")
    found = store.client.search_runs([store.experiments["series"]], order_by=["attributes.start_time DESC"])
    run = next(run for run in found if not {"mlflow.parentRunId", "kind"} & set(run.data.tags))
    progress = store.client.get_metric_history(run.info.run_id, "progress/symbols")
    assert [point.step for point in progress] == list(range(len(progress)))
    counts = [point.value for point in progress]
    assert counts == sorted(set(counts))
    assert counts[-1] == 7


@pytest.mark.long
def test_a_killed_training_goes_on_with_its_groups(workspace, output, tmp_path):
    weights = workspace.folder / "models/gru.safetensors"
    whole, expected = weights.read_bytes(), load_file(weights)
    module = workspace.folder / "rnnlab/training/panel_training.py"
    code = module.read_text()
    module.write_text(code.replace("REPLICAS = 64", "REPLICAS = 4"))  # several groups
    said = kill_and_go_on(workspace, "train")
    module.write_text(code)
    assert re.search(r"gru.train: 1 of [2-9] tasks are done", said)
    found = load_file(weights)
    weights.write_bytes(whole)  # smaller groups may differ in the last bits
    for name, tensor in found.items():
        np.testing.assert_allclose(tensor, expected[name], atol=1e-6)


@pytest.mark.long
def test_a_killed_backtest_goes_on_with_its_tasks(workspace, output):
    table = workspace.folder / "metrics/backtest/gru.csv"
    expected = table.read_bytes()
    table.unlink()
    said = kill_and_go_on(workspace, "backtest")
    assert re.search(r"gru.backtest: 1 of \d+ tasks are done", said)
    assert table.read_bytes() == expected


@pytest.mark.long
@pytest.mark.parametrize("stage", ["train", "backtest"])
def test_a_damaged_task_is_done_again(workspace, output, stage):
    made = workspace.folder / {"train": "models/gru.safetensors", "backtest": "metrics/backtest/gru.csv"}[stage]
    expected = made.read_bytes()
    said = kill_and_go_on(workspace, stage, damaged=True)
    assert "is not whole, the task is done again" in said
    assert made.read_bytes() == expected


def kill_and_go_on(workspace, stage, damaged=False):
    """Kill a stage when a task is done, and call it again; what it said then."""
    kept, until = workspace.folder / f"data/checkpoints/gru.{stage}", time.monotonic() + 120
    words = [sys.executable, "-c", WAITS, f"stages.{stage}", "gru"]
    running = subprocess.Popen(words, cwd=workspace.folder, env=workspace.env)
    while not [path for path in kept.rglob("*") if path.suffix in (".safetensors", ".json")]:
        assert running.poll() is None
        assert time.monotonic() < until
        time.sleep(0.1)
    running.send_signal(signal.SIGKILL)
    running.wait()
    if damaged:
        for path in kept.rglob("*.*"):
            path.write_bytes(path.read_bytes()[:100])
    said = workspace.call(sys.executable, "-m", f"stages.{stage}", "gru")
    assert not kept.exists()
    return said


@pytest.mark.long
@pytest.mark.parametrize(("kind", "worker"), [("local", "loky"), ("ray", "ray::")])
def test_a_worker_that_dies_costs_no_result(workspace, output, kind, worker):
    if not find_spec(kind if kind == "ray" else "joblib"):
        pytest.skip("needs Ray: pip install -e '.[cluster]'")
    module, weights = (
        workspace.folder / "rnnlab/training/panel_training.py",
        workspace.folder / "models/gru.safetensors",
    )
    code, params = module.read_text(), (workspace.folder / "params.yaml").read_text()
    module.write_text(code.replace("REPLICAS = 64", "REPLICAS = 4"))  # several groups
    workspace.set("models.gru.epochs", 300)
    try:
        workspace.call(sys.executable, "-m", "stages.train", "gru")
        expected = weights.read_bytes()
        workspace.set("executor", kind)
        workspace.set("workers", 2)
        training = subprocess.Popen(
            [sys.executable, "-m", "stages.train", "gru"],
            cwd=workspace.folder,
            env=workspace.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        kept, until = workspace.folder / "data/checkpoints/gru.train", time.monotonic() + 200
        while not (list(kept.rglob("*.safetensors")) and (at_work := busy(training, worker))):
            assert training.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        at_work[0].kill()
        assert training.wait(200) == 0
        assert weights.read_bytes() == expected
    finally:
        module.write_text(code)
        (workspace.folder / "params.yaml").write_text(params)


def busy(training, worker):
    """The processes of a training that run tasks."""
    found = []
    for process in psutil.Process(training.pid).children(recursive=True):
        with suppress(psutil.Error):
            if worker in " ".join([process.name(), *process.cmdline()]) and process.cpu_percent(0.05) > 20:
                found.append(process)
    return found


def test_one_network_for_all_symbols(workspace, output):
    workspace.set("series.panel", "global")
    ran = workspace.ran("repro", "evaluate@gru", "backtest@gru")
    assert {"scale@series", "train@gru", "evaluate@gru", "backtest@gru"} <= ran
    assert workspace.read("metrics/test/gru.json")["symbols"] == 7
    history = pd.read_csv(workspace.folder / "metrics/history/gru.csv")
    assert {"train_loss", "validation_loss"} <= set(history)
