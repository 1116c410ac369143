import os
import shutil
import subprocess
import sys

import pandas as pd
import pytest

from rnnlab.tracking import KEY, Result, Store


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A new database costs seconds, a copy nothing."""
    root = tmp_path_factory.mktemp("template")
    Store(root)
    return root / "mlflow.db"


@pytest.fixture
def store(tmp_path, template):
    shutil.copy(template, tmp_path / "mlflow.db")
    return Store(tmp_path)


@pytest.fixture
def result(tmp_path):
    picture = tmp_path / "loss.png"
    picture.write_bytes(b"png")
    history = pd.DataFrame({"epoch": [0, 1, 0, 1], "seed": [5, 5, 6, 6], "train_loss": [4.0, 2.0, 2.0, 0.0]})
    return Result(
        model="stock_gru",
        track="stock",
        key="abc",
        params={"hidden_size": 8},
        figures={"test/rmse": 3.0, "test/rmse_std": None},
        figures_by_seed={5: {"test/rmse": 2.0}, 6: {"test/rmse": 4.0}},
        history=history,
        artifacts={picture: "pictures"},
        data_path=tmp_path,
        data_name="stock-sample",
        data_digest="d" * 32,
        tags={"git.commit": "c0ffee"},
    )


def test_a_run_mirrors_the_result_with_one_nested_run_a_seed(store, result):
    run = store.client.get_run(store.add(result, "workspace / stock_gru"))
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "workspace / stock_gru"
    assert run.data.params == {"hidden_size": "8"}
    assert run.data.metrics == {"test/rmse": 3.0, "train/loss": 1.0}
    assert run.data.tags[KEY] == "abc"
    assert run.data.tags["git.commit"] == "c0ffee"
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
    assert store.find(result) is None
    run = store.add(result, "a")
    assert store.find(result) == run


def test_a_run_that_was_cut_short_is_failed_and_not_taken_for_the_result(store, result):
    broken = Result(**vars(result) | {"figures_by_seed": {5: {"bad name @": 1.0}}})
    with pytest.raises(Exception, match="bad name"):
        store.add(broken, "a")
    (failed,) = store.client.search_runs(
        [store.experiments["stock"]], "tags.`git.commit` = 'c0ffee' and status = 'FAILED'"
    )
    assert failed.data.metrics["test/rmse"] == 3.0
    assert store.find(result) is None


def test_two_may_start_on_an_empty_store(root, tmp_path):
    script = f"from pathlib import Path; from rnnlab.tracking import Store; Store(Path({str(tmp_path)!r}))"
    workers = [subprocess.Popen([sys.executable, "-c", script], cwd=root, env=os.environ) for _ in range(2)]
    assert [worker.wait(120) for worker in workers] == [0, 0]
    names = {experiment.name for experiment in Store(tmp_path).client.search_experiments()}
    assert names == {"Default", "stock", "digits"}
