"""The report among the artifacts of a run."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from rnnlab.core.files import write_json, write_text
from rnnlab.reporting.page import render
from rnnlab.tracking.mirror import Data, Result, add, find
from rnnlab.tracking.report_page import PAGE, attach
from rnnlab.tracking.store import Store


@pytest.fixture
def store(tmp_path, empty_store, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(empty_store, "mlflow.db")
    write_json(Path("metrics/leaderboard.json"), {"format": ["x", 2], "series": {"a": {}, "b": {}, "c": {}}})
    write_text(PAGE, render("What was learned", [], [], ""))
    return Store(tmp_path, series="series")


def made(store, model):
    history = pd.DataFrame({"epoch": [0], "seed": [0], "train_loss": [1.0]})
    data = Data("data", Path(), "d" * 8, {}, {})
    result = Result(model, "series", f"key of {model}", "w", {}, 9, {}, {}, history, {}, data, {}, "")
    add(store, result, model)
    return result


def test_of_the_new_runs_that_of_the_best_network_has_the_page_and_it_says_when_and_how_it_was_made(store, monkeypatch):
    monkeypatch.setenv("DVC_EXP_BASELINE_REV", "c0ffee")
    new = {model: made(store, model) for model in ("c", "b")}
    attach(store, new, {"b": "wider", "c": ""})
    assert store.client.list_artifacts(find(store, new["c"])) == []
    page = Path(store.client.download_artifacts(find(store, new["b"]), "report.html")).read_text()
    assert "What was learned" in page
    assert "UTC by experiment wider, on commit c0ffee." in page
    assert "UTC by" not in PAGE.read_text()  # whose bytes dvc.lock has


def test_without_a_new_run_there_is_no_page(store):
    attach(store, {}, {})
    assert not Path("mlartifacts").exists()
