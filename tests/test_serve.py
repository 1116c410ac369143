"""`make serve`'s server, over real connections."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import numpy as np
import pandas as pd
import psutil
import pytest
import torch
from small_model import CONFIG, make_package

from rnnlab.registry import log_model, promote
from rnnlab.serving import request_of
from rnnlab.tracking import Store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return make_package(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="module")
def address(package, tmp_path_factory, empty_store):
    root = tmp_path_factory.mktemp("served")
    shutil.copy(empty_store, root / "mlflow.db")
    store = Store(root)
    run = store.start("stock", "a / small", {})
    log_model(store.client, run, store.experiments["stock"], package)
    promote(store.client, "stock", run, "", {})
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    # the words of the Makefile, with a port of its own
    words = ["serve", "--host", "127.0.0.1", "--port", str(port), "--env-manager", "local"]
    server = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "models", *words, "--model-uri", "models:/stock@champion"],
        env=os.environ
        | {"MLFLOW_TRACKING_URI": store.uri, "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # it starts processes of its own: they end with their group
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/ping", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, 15)
        server.wait(30)


def wait_for(address, server):
    until = time.monotonic() + 120
    while time.monotonic() < until:
        assert server.poll() is None, "the server ended"
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail("the server did not answer within two minutes")


def post(address, body):
    """The status and what came back."""
    request = urllib.request.Request(f"{address}/invocations", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_raw_prices_give_a_forecast_in_points(address, package):
    frame = pd.DataFrame(np.random.default_rng(5).uniform(1600, 2500, (9, 2)), columns=["Open", "Close"])
    body = request_of(CONFIG, frame)
    status, content = post(address, json.dumps(body).encode())
    with torch.no_grad():
        expected = package.module(torch.tensor(body["dataframe_split"]["data"], dtype=torch.float32))
    assert status == 200
    assert content["predictions"][0]["0"] == pytest.approx(expected.item(), rel=1e-6)


def test_many_windows_are_forecast_at_once(address, package):
    body = {"dataframe_split": {"columns": package.inputs, "data": np.full((64, 6), 2000.0).tolist()}}
    status, content = post(address, json.dumps(body).encode())
    assert (status, len(content["predictions"])) == (200, 64)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"no json", "valid JSON"),
        (b"{}", "dataframe_split"),
        (b'{"dataframe_split": {"columns": ["Open[t]"], "data": [[1]]}}', "missing inputs"),
        (b'{"dataframe_records": [{"Open[t]": "high"}]}', "could not convert string to float"),
    ],
)
def test_a_bad_request_is_answered_with_400_and_why(address, body, message):
    status, content = post(address, body)
    assert status == 400
    assert message in content["message"]


def test_the_server_listens_on_this_machine_alone(address):
    port = int(address.rsplit(":", 1)[1])
    listening = [found for found in psutil.net_connections("tcp") if found.status == psutil.CONN_LISTEN]
    assert {found.laddr.ip for found in listening if found.laddr.port == port} == {"127.0.0.1"}
