"""The view of an experiment in MLflow's page: in its tag, and in a browser."""

import json
import shutil
import sys
import urllib.request
from contextlib import suppress

import pandas as pd
import pytest
from served import free_port, serving

from rnnlab.tracking.mirror import Data, Result, add
from rnnlab.tracking.store import Store
from rnnlab.tracking.views import NAME, TAG, metric_name


@pytest.fixture
def store(tmp_path, empty_store):
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    return Store(tmp_path, series="series")


@pytest.mark.parametrize("track", ["series", "digits"])
def test_the_charts_of_a_track_are_of_figures_that_its_results_have(store, root, track):
    view = json.loads(store.client.get_experiment(store.experiments[track]).tags[TAG])
    metrics = {chart["metricKey"] for chart in json.loads(view["state"])["compareRunCharts"]}
    model = {"series": "gru", "digits": "digits_bigru"}[track]
    figures = json.loads((root / f"tests/figures/{model}.json").read_text())["metrics"]
    known = {metric_name(name) for name in figures} | {"train/loss", "train/accuracy"}
    assert metrics - known == {"validation/loss"}  # by default no part is for validation
    assert view["name"] == NAME


@pytest.mark.long
@pytest.mark.slow
def test_mlflows_page_shows_the_views_charts_first(store, tmp_path, browser):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    history = pd.DataFrame({"epoch": [0, 1], "seed": [0, 0], "train_loss": [2.0, 1.0]})
    figures = {"test/relative_rmse": 1.2, "test/rmse": 3.0, "test/mae": 2.0, "unranked/r2": 0.9, "backtest/rmse": 2.5}
    data = Data("data", tmp_path, "d" * 32, {}, {})
    made = Result("m", "series", "k", "w", {}, 9, figures, {}, history, {}, data, {}, "")
    add(store, made, "a / m")
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", store.uri, "--port", str(port)]

    def answers():
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
            return True

    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 1600, "height": 1400, "deviceScaleFactor": 1, "mobile": False}
    )
    with serving(command, tmp_path / "log", answers, cwd=tmp_path):
        page = f"http://127.0.0.1:{port}/#/experiments/{store.experiments['series']}/runs"
        browser.get(f"{page}?compareRunsMode=CHART&viewStateShareKey={TAG.rsplit('.', 1)[1]}")
        WebDriverWait(browser, 60).until(lambda found: "unranked/r2" in found.find_element(By.TAG_NAME, "body").text)
        shown = browser.find_element(By.TAG_NAME, "body").text
        browser.get("about:blank")
    charts = ["test/relative_rmse", "test/rmse", "test/mae", "train/loss", "unranked/r2"]  # the last was not asked for
    assert [word for word in shown.split() if word in charts] == charts
    assert NAME in shown
