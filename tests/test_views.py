"""The view of an experiment in MLflow's page: in its tag, and in a browser."""

import json
import re
import shutil
import sys
import urllib.request
from contextlib import suppress

import pandas as pd
import pytest
from served import free_port, serving

from rnnlab.tracking.mirror import Data, Result, add
from rnnlab.tracking.store import Store
from rnnlab.tracking.views import NAME, SERVER, TAG, addresses, metric_name


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
def test_mlflows_page_shows_what_matters_first_with_a_view_and_without(store, tmp_path, browser):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    history = pd.DataFrame({"epoch": [0, 1], "seed": [0, 0], "train_loss": [2.0, 1.0]})
    names = ["relative_rmse", "rmse", "mae", "r2", "rmse_std"]
    figures = {metric_name(name): 1.2 for name in names} | {"backtest/rmse": 2.5}
    data = Data("data", tmp_path, "d" * 32, {}, {})
    made = Result("m", "series", "k", "w", {}, 9, figures, {}, history, {}, data, {}, "")
    add(store, made, "a / m")
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", store.uri, "--port", str(port)]

    def answers():
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
            return True

    def shown(address):
        browser.get("about:blank")
        browser.get(address)
        WebDriverWait(browser, 60).until(lambda found: "unranked/r2" in found.find_element(By.TAG_NAME, "body").text)
        return browser.find_element(By.TAG_NAME, "body").text

    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 1600, "height": 2600, "deviceScaleFactor": 1, "mobile": False}
    )
    with serving(command, tmp_path / "log", answers, cwd=tmp_path):
        address = addresses({store.experiments["series"]: "GOOG"})["charts of GOOG"]
        address = address.replace(SERVER, f"http://127.0.0.1:{port}")
        with_view, without = shown(address), shown(re.sub("viewStateShareKey=[^&]*&", "", address))
        browser.get("about:blank")
    view = ["test/relative_rmse", "test/rmse", "test/mae", "train/loss"]
    assert charts(with_view)[:4] == view
    assert NAME in with_view
    assert charts(without)[:5] == ["backtest/rmse", *sorted(view)]


def charts(shown):
    return [word for word in shown.split() if re.fullmatch(r"(backtest|test|train|unranked)/\w+", word)]
