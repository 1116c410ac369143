"""Models in MLflow: loaded by MLflow alone they say what the networks say, and the best is registered."""

import json
import shutil

import mlflow.pyfunc
import numpy as np
import pandas as pd
import pytest
import torch
from mlflow.pyfunc import scoring_server
from small_model import make_package, prices

from rnnlab.core.errors import UserError
from rnnlab.tracking import registry
from rnnlab.tracking.registry import download_weights, log_model, promote
from rnnlab.tracking.store import Store

# MLflow 3.17 hands PyTorch an array that it may only read, which is all that is done with it; PyTorch warns once
pytestmark = pytest.mark.filterwarnings("ignore:The given NumPy array is not writable")


@pytest.fixture
def store(tmp_path, empty_store, monkeypatch):
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    monkeypatch.chdir(tmp_path)
    return Store(tmp_path, series="series")


@pytest.fixture
def package(tmp_path):
    return make_package(tmp_path)


@pytest.fixture
def run(store, package):
    run = store.start("series", "a / small", {})
    log_model(store.client, run, store.experiments["series"], package)
    return run


def logged_folder(store, run):
    (model,) = store.client.get_run(run).outputs.model_outputs
    uri = f"models:/{model.model_id}"
    return mlflow.artifacts.download_artifacts(uri, tracking_uri=store.uri, registry_uri=store.uri)


@pytest.mark.parametrize("count", [1, 3, 64])
def test_a_loaded_model_forecasts_as_the_networks_do(store, package, run, count):
    loaded = mlflow.pyfunc.load_model(logged_folder(store, run))
    table = prices(count, package.inputs)
    with torch.no_grad():
        expected = package.module(torch.from_numpy(table)).numpy()
    found = loaded.predict(pd.DataFrame(table.astype(float), columns=package.inputs))
    np.testing.assert_allclose(found.to_numpy(), expected, rtol=1e-6)


def test_its_columns_have_names_and_its_example_is_three_windows(store, package, run):
    loaded = mlflow.pyfunc.load_model(logged_folder(store, run))
    assert loaded.metadata.signature.inputs.input_names() == package.inputs
    example = loaded.input_example
    delivered = [str(name) for name in loaded.predict(example).columns]
    assert loaded.metadata.signature.outputs.input_names() == delivered
    assert loaded.metadata.metadata == {"outputs": ["Close"]}
    assert example.shape == (3, len(package.inputs))
    with torch.no_grad():
        expected = package.module(torch.from_numpy(package.example)).numpy()
    np.testing.assert_allclose(loaded.predict(example).to_numpy(), expected)


def test_a_missing_column_is_named(store, package, run):
    loaded = mlflow.pyfunc.load_model(logged_folder(store, run))
    table = pd.DataFrame(prices(1, package.inputs).astype(float), columns=package.inputs).drop(columns="Close[t]")
    with pytest.raises(mlflow.exceptions.MlflowException, match=r"missing inputs \['Close\[t\]'\]"):
        loaded.predict(table)


@pytest.mark.promise(number=7)
def test_it_needs_no_pickle_and_pins_what_it_needs(store, run, monkeypatch, tmp_path):
    folder = tmp_path / logged_folder(store, run)
    assert {path.suffix for path in folder.rglob("*") if path.is_file()} <= {
        "", ".json", ".pt2", ".safetensors", ".txt", ".yaml"
    }  # fmt: skip
    lines = (folder / "requirements.txt").read_text().split()
    assert all("==" in line and "+" not in line for line in lines)
    assert f"torch=={torch.__version__.split('+')[0]}" in lines
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    mlflow.pyfunc.load_model(str(folder))


def test_its_weights_can_be_had_again(store, run, package):
    (model,) = store.client.get_run(run).outputs.model_outputs
    found = download_weights(f"models:/{model.model_id}", store.uri)
    assert found.read_bytes() == package.weights.read_bytes()


def test_a_model_that_is_not_there_is_named(store):
    with pytest.raises(UserError, match=r"models:/nix@champion: is not available from MLflow"):
        download_weights("models:/nix@champion", store.uri)


def test_the_best_becomes_champion_and_the_one_before_previous(store, package, run):
    assert promote(store.client, "series", run, "# card", {"rmse": "1"}) == ("1", None)
    version, before = promote(store.client, "series", run, "# card", {})
    assert (version, before.version) == ("1", 1)
    other = store.start("series", "b / small", {})
    log_model(store.client, other, store.experiments["series"], package)
    version, before = promote(store.client, "series", other, "# card", {})
    assert (version, before.version) == ("2", 1)
    assert store.client.get_registered_model("series").aliases == {"champion": 2, "previous": 1}
    version = store.client.get_model_version_by_alias("series", "previous")
    assert (version.description, version.tags["rmse"], version.run_id) == ("# card", "1", run)


def test_a_champion_that_comes_back_is_no_new_version(store, package, run):
    other = store.start("series", "b / small", {})
    log_model(store.client, other, store.experiments["series"], package)
    for promoted in (run, other, run):
        promote(store.client, "series", promoted, "", {})
    assert store.client.get_registered_model("series").aliases == {"champion": 1, "previous": 2}
    assert len(store.client.search_model_versions("name = 'series'")) == 2


def test_a_run_without_a_model_cannot_be_promoted(store):
    with pytest.raises(UserError, match="has no model"):
        promote(store.client, "series", store.start("series", "empty", {}), "", {})


def test_the_example_is_written_as_a_server_takes_it(package, tmp_path):
    registry.save_model(tmp_path / "model", package, registry.Model())
    content = json.loads((tmp_path / "model/serving_input_example.json").read_text())
    assert content["dataframe_split"]["columns"] == package.inputs
    assert len(content["dataframe_split"]["data"]) == 3


def test_mlflows_own_server_takes_it_too(package, tmp_path):
    registry.save_model(tmp_path / "model", package, registry.Model())
    model = mlflow.pyfunc.load_model(str(tmp_path / "model"))
    request = (tmp_path / "model/serving_input_example.json").read_text()
    answer = scoring_server.invocations(request, "application/json", model, model.metadata.get_input_schema())
    assert answer.status == 200
    assert len(json.loads(answer.response)["predictions"]) == 3
