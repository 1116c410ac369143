"""Nothing a network learns comes from the days that it is tested on: the future is altered, and nothing changes."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from rnnlab.core.files import read_json
from stages import baselines, fetch, scale, split, train, window

MODELS = ("gru", "rnn_change")
TRAIN, LENGTH = 200, 5
SPAN = TRAIN + LENGTH  # rows up to the last day of the first test window, which its forecast may know


def run(prices: pd.DataFrame) -> dict[str, bytes]:
    """Everything that training sees or makes, as bytes."""
    for folder in ("data", "models", "metrics"):
        shutil.rmtree(folder, ignore_errors=True)
    prices.to_csv("prices.csv", index=False)
    fetch.fetch_series()
    scale.scale_series()
    window.window_series()
    split.split_series()
    for model in MODELS:
        train.main(model)
    paths = [
        Path("data/scaled/series/scaler.json"),
        *Path("data/split/series/train").iterdir(),
        *Path("models").iterdir(),
    ]
    return {str(path): path.read_bytes() for path in paths}


@pytest.fixture
def prices(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    params = YAML(typ="safe").load(root / "params.yaml")
    params["series"] |= {"source": "csv", "path": "prices.csv"}
    params["training"]["series"] |= {"epochs": 1, "seeds": 2}
    params["threads"] = 1
    YAML().dump(params, Path("params.yaml"))
    threads = torch.get_num_threads()
    yield pd.read_csv(root / "data/example.csv")
    torch.set_num_threads(threads)


def change(key, value):
    params = YAML(typ="safe").load(Path("params.yaml"))
    params["series"]["window" if key == "horizon" else "scale"][key] = value
    YAML().dump(params, Path("params.yaml"))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_altering_the_future_changes_nothing_that_was_learned(prices, data):
    change("horizon", data.draw(st.sampled_from([1, 1, 2, 20]), label="horizon"))
    columns = [["Open"], ["High", "Low"], ["Close"], ["Volume"]]  # High stays above Low
    first = data.draw(st.integers(SPAN, len(prices) - 1), label="first altered row")
    altered, column = prices.copy(), data.draw(st.sampled_from(columns), label="column")
    altered[column] = altered[column].astype(float)
    altered.loc[first:, column] *= data.draw(st.floats(0.01, 100), label="factor")
    assert run(altered) == run(prices)


def test_the_check_can_fail(prices):
    """The last row that training may see does change it; and the tutorial's scaler, fitted on all rows, leaks."""
    before = run(prices)
    altered = prices.copy()
    altered.loc[SPAN - 1, "Close"] *= 1.5
    assert run(altered) != before

    change("fit_on", "all")
    before = run(prices)
    altered = prices.copy()
    altered.loc[len(prices) - 1, "Close"] *= 10
    assert run(altered) != before


def test_no_baseline_reads_a_day_before_it_is_over(prices):
    """Forecasts of baselines for the days up to the altered one are as they were."""
    run(prices)
    baselines.baselines_series()
    before = pd.read_csv("metrics/baselines/series.csv")
    altered = prices.copy()
    altered.loc[len(prices) - 10 :, ["Open", "High", "Low", "Close"]] *= 3
    run(altered)
    baselines.baselines_series()
    after = pd.read_csv("metrics/baselines/series.csv")
    names = list(read_json(Path("metrics/baselines/series.json"))["rules"])
    assert {"ridge", "autoreg", "ets", "theta"} <= set(names)
    # the first altered day is forecast from the days before it; in folds too
    known = before["date"] <= prices["Date"].iloc[-10]
    assert len(set(before["part"][known])) > 3
    pd.testing.assert_frame_equal(before.loc[known, names], after.loc[known, names])
    assert not before.loc[~known, names].equals(after.loc[~known, names])
