"""`make serve`: the champion of the registry, over real connections."""

import json
import os
import re
import shutil
import socket
import sys
from contextlib import suppress

import numpy as np
import pandas as pd
import psutil
import pytest
import torch
from served import ask, free_port, serve, serving
from small_model import CONFIG, make_package

from rnnlab import cli
from rnnlab.serving.exported import request_of
from rnnlab.tracking.registry import log_model, promote
from rnnlab.tracking.store import Store


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return make_package(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="module")
def store(package, tmp_path_factory, empty_store):
    folder = tmp_path_factory.mktemp("champion")
    shutil.copy(empty_store, folder / "mlflow.db")
    (folder / "dvc.yaml").touch()
    store = Store(folder, series="series")
    run = store.start("series", "a / small", {})
    log_model(store.client, run, store.experiments["series"], package)
    promote(store.client, "series", run, "", {})
    return folder, store.uri


@pytest.fixture(scope="module")
def champion(store, root):
    folder, _ = store
    command = re.search(r"^\t@rnnlab (serve .*)$", (root / "Makefile").read_text(), re.MULTILINE)[1]
    args = command.replace("$(MODEL:%=--model %)", "--model models:/series@champion").replace("5001", "0").split()
    with serve(folder, root, *args[1:]) as found:
        yield found


def test_raw_prices_give_a_forecast_in_units_by_its_name(champion, package):
    frame = pd.DataFrame(np.random.default_rng(5).uniform(1600, 2500, (9, 2)), columns=["Open", "Close"])
    body = request_of(CONFIG, frame)
    status, content = champion.ask(json.dumps(body).encode())
    with torch.no_grad():
        expected = package.module(torch.tensor(body["dataframe_split"]["data"], dtype=torch.float64))
    assert (status, content) == (200, {"predictions": [{"Close": pytest.approx(expected.item(), rel=1e-9)}]})


def test_many_windows_are_forecast_at_once(champion, package):
    body = {"dataframe_split": {"columns": package.inputs, "data": np.full((64, 6), 2000.0).tolist()}}
    status, content = champion.ask(json.dumps(body).encode())
    assert (status, len(content["predictions"])) == (200, 64)


@pytest.mark.long
def test_mlflow_serves_it_as_well_without_this_project(store, package, tmp_path):
    _, uri = store
    place = ("127.0.0.1", free_port())
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", "models:/series@champion"]
    command += ["--env-manager", "local", "--host", place[0], "--port", str(place[1])]

    def answers():
        with suppress(OSError):
            return ask(place, method="GET", path="/ping")[0] == 200

    table = np.full((2, 6), 2000.0)
    body = {"dataframe_split": {"columns": package.inputs, "data": table.tolist()}}
    env = {**os.environ, "MLFLOW_TRACKING_URI": uri, "PATH": os.pathsep.join([sys.exec_prefix + "/bin", os.defpath])}
    with serving(command, tmp_path / "log", answers, cwd=tmp_path, env=env):
        good, bad = ask(place, json.dumps(body).encode()), ask(place, b'{"dataframe_split": {"columns": ["Open[t]"]}}')
    with torch.no_grad():
        expected = package.module(torch.from_numpy(table)).flatten().tolist()
    assert (good[0], [row["0"] for row in good[1]["predictions"]]) == (200, pytest.approx(expected, rel=1e-9))
    assert bad[0] == 400


@pytest.mark.parametrize("path", ["/ping", "/health"])
def test_it_says_that_it_is_there(champion, path):
    assert champion.ask(method="GET", path=path)[0] == 200


def test_the_server_listens_on_this_machine_alone(champion):
    _, port = champion.host_and_port
    listening = [found for found in psutil.net_connections("tcp") if found.status == psutil.CONN_LISTEN]
    assert {found.laddr.ip for found in listening if found.laddr.port == port} == {"127.0.0.1"}


def test_it_ends_without_a_word(tmp_path, root, package):
    (tmp_path / "models").mkdir()
    shutil.copy(package.weights, tmp_path / "models")
    with serve(tmp_path, root, "--model", "small") as found:
        found.process.send_signal(2)
        assert found.process.wait(10) == 0


@pytest.fixture
def refusal(tmp_path, root, monkeypatch, empty_store):
    """The message with which `rnnlab serve` ends."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(empty_store, "mlflow.db")
    (tmp_path / "dvc.yaml").touch()
    shutil.copy(root / "params.yaml", tmp_path)

    def _refusal(*args):
        monkeypatch.setattr(sys, "argv", ["rnnlab", "serve", *args])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code

    return _refusal


def test_without_a_champion(refusal):
    said = refusal()
    assert said.startswith("error: models:/GOOG@champion: is not available from MLflow: ")
    assert said.endswith(
        "(`rnnlab promote` makes a champion; with --force also of one that does not beat the baseline)"
    )


def test_without_the_model(refusal):
    assert refusal("--model", "nix").startswith("error: models/nix.safetensors: is not there")


def test_where_the_port_is_taken(refusal, package, tmp_path):
    (tmp_path / "models").mkdir()
    shutil.copy(package.weights, tmp_path / "models")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = refusal("--model", "small", "--port", str(port))
    assert said.startswith(f"error: 127.0.0.1:{port}: can't be listened on: Address already in use")
