"""What `docs/team.md` says, on real servers of this machine: one MLflow server for all, one DVC remote for all."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pandas as pd
import pytest
from mlflow import MlflowClient
from served import free_port, serving
from workspace import Workspace, make_workspace

from rnnlab.tracking.mirror import Data, Result, add
from rnnlab.tracking.store import KEY, Store

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    workspace = make_workspace(tmp_path_factory.mktemp("team") / "project")
    workspace.dvc("repro")
    workspace.commit()
    return workspace


@pytest.fixture(scope="module")
def database():
    """The address of an empty PostgreSQL database, and the file with its password."""
    psycopg2 = pytest.importorskip("psycopg2", reason="needs psycopg2-binary")
    path = os.pathsep.join([os.environ["PATH"], *map(str, Path("/usr/lib/postgresql").glob("*/bin"))])
    initdb, postgres = (shutil.which(name, path=path) for name in ("initdb", "postgres"))
    if not (initdb and postgres):
        pytest.skip("needs PostgreSQL's server: Debian's package postgresql")
    folder, port = Path(tempfile.mkdtemp(prefix="rnnlab-")), free_port()  # pytest's own folders are closed to others
    (folder / "password").write_text("a secret\n")
    passfile = folder / "pgpass"
    passfile.write_text(f"127.0.0.1:{port}:*:mlflow:a secret\n")
    passfile.chmod(0o600)
    account = {}
    if os.geteuid() == 0:  # as which PostgreSQL refuses to run
        nobody = pwd.getpwnam("nobody")
        account = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        for owned in (folder, folder / "password"):
            os.chown(owned, nobody.pw_uid, nobody.pw_gid)
    words = [initdb, "-D", "data", "-U", "mlflow", "-A", "scram-sha-256", "--pwfile=password", "--no-sync"]
    login = {"host": "127.0.0.1", "port": port, "user": "mlflow", "dbname": "postgres", "passfile": str(passfile)}

    def answers():
        with suppress(psycopg2.OperationalError):
            psycopg2.connect(**login).close()
            return True

    try:
        subprocess.run(words, cwd=folder, check=True, stdout=subprocess.DEVNULL, **account)
        command = [postgres, "-D", "data", "-h", "127.0.0.1", "-p", str(port), "-k", str(folder)]
        with serving(command, folder / "log", answers, cwd=folder, **account):
            yield f"postgresql+psycopg2://mlflow@127.0.0.1:{port}/postgres", passfile
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def server(database, tmp_path_factory):
    """The address of an MLflow server that keeps runs in PostgreSQL and hands artifacts on."""
    (uri, passfile), folder, port = database, tmp_path_factory.mktemp("mlflow"), free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", uri, "--workers", "2"]
    command += ["--artifacts-destination", str(folder / "artifacts"), "--host", "127.0.0.1", "--port", str(port)]
    env = os.environ | {"PGPASSFILE": str(passfile), "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    del env["PYTEST_CURRENT_TEST"]  # with it MLflow checks itself, and the server is not the one that users run

    def answers():
        with suppress(OSError), urllib.request.urlopen(f"{address}/health", timeout=5):
            return True

    with serving(command, folder / "log", answers, cwd=folder, env=env):
        yield address


@pytest.fixture(scope="module")
def workers(server, workspace, tmp_path_factory):
    """Two workers with the same results, who mirrored them at once on the empty server: what became of each."""

    def track(number):
        copy = tmp_path_factory.mktemp(f"worker{number}") / "project"
        shutil.copytree(workspace.folder, copy)
        worker = Workspace(copy)
        command = [sys.executable, "-m", "stages.track"]
        env = worker.env | {"MLFLOW_TRACKING_URI": server}
        start.wait()
        return subprocess.run(command, cwd=copy, env=env, capture_output=True, text=True)

    start = threading.Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(track, range(2)))


def runs(server):
    client = MlflowClient(server)
    found = client.search_runs([experiment.experiment_id for experiment in client.search_experiments()])
    return [run for run in found if not {"mlflow.parentRunId", "kind"} & set(run.data.tags)]


def test_two_workers_at_once_on_an_empty_server_both_succeed(workers):
    assert [worker.returncode for worker in workers] == [0, 0], [worker.stderr for worker in workers]


def test_a_result_of_both_has_one_run(server, workers):
    mirrored = Counter((run.info.run_name, run.info.status) for run in runs(server))
    models = ("rnn", "gru", "digits_bigru")
    assert mirrored == {(model, "FINISHED"): 1 for model in models}


def test_artifacts_come_through_the_server(server, workers, workspace, tmp_path):
    run = next(run for run in runs(server) if run.data.tags.get("model") == "gru" and KEY in run.data.tags)
    assert run.info.artifact_uri.startswith("mlflow-artifacts:")
    client = MlflowClient(server)
    copy = client.download_artifacts(run.info.run_id, "weights/gru.safetensors", str(tmp_path))
    assert Path(copy).read_bytes() == (workspace.folder / "models/gru.safetensors").read_bytes()


def test_studies_and_runs_lie_in_one_database(database, server, tmp_path, monkeypatch):
    pytest.importorskip("optuna")
    from rnnlab.tuning import study as tune

    uri, passfile = database
    monkeypatch.setenv("PGPASSFILE", str(passfile))
    monkeypatch.chdir(tmp_path)
    study = tune.open_study("shared", tune.open_database(uri), {})
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    assert len(tune.open_study("shared", tune.open_database(uri), {}).trials) == 2
    assert (
        Store(tmp_path, uri, "series").experiments == Store(tmp_path, server, "series").experiments
    )  # MLflow finds its tables as they were


def test_all_who_open_an_empty_server_at_once_get_its_experiments(server, workers, tmp_path):
    client, count = MlflowClient(server), 4
    for experiment in client.search_experiments():
        client.rename_experiment(experiment.experiment_id, uuid4().hex)  # their names are free again
    start = threading.Barrier(count)

    def open_store(_):
        start.wait()
        return Store(tmp_path, server, "series").experiments

    with ThreadPoolExecutor(count) as pool:
        first, *others = pool.map(open_store, range(count))
    assert set(first) == {"series", "digits"}
    assert others == [first] * (count - 1)


def test_all_who_mirror_a_result_at_once_succeed(server, workers, tmp_path, monkeypatch):
    """They meet where each tells the server of the data: all add the same row to a table."""
    store, count = Store(tmp_path, server, "series"), 8
    result = Result(
        model="gru",
        track="series",
        key="",
        weights_key="",
        params={},
        parameters=809,
        figures={"test/rmse": 1.0},
        figures_by_seed={},
        history=pd.DataFrame({"epoch": [0], "seed": [0], "train_loss": [1.0]}),
        artifacts={},
        data=Data("series-sample", tmp_path, "", {}, {}),
        tags={},
        note="",
    )
    meeting, came, log_inputs = threading.Barrier(count), set(), store.client.log_inputs

    def meet(run, inputs):
        if run not in came:
            came.add(run)
            meeting.wait(60)
        log_inputs(run, inputs)

    monkeypatch.setattr(store.client, "log_inputs", meet)
    with ThreadPoolExecutor(count) as pool:
        for _ in range(6):  # half of the meetings are a collision
            same = replace(result, key=uuid4().hex, data=replace(result.data, digest=uuid4().hex))
            assert len(list(pool.map(lambda _, same=same: add(store, same, "a"), range(count)))) == count


@pytest.fixture(scope="module")
def bucket():
    """The settings of a DVC remote on an S3 server of this machine, and what its users have in their environment."""
    pytest.importorskip("dvc_s3", reason="needs dvc[s3]")
    moto = pytest.importorskip("moto.server", reason="needs moto[server]")
    import boto3

    server = moto.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        endpoint = "http://{}:{}".format(*server.get_host_and_port())
        env = {"AWS_ACCESS_KEY_ID": "team", "AWS_SECRET_ACCESS_KEY": "a secret", "AWS_DEFAULT_REGION": "us-east-1"}
        keys = {name.lower(): env[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
        boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **keys).create_bucket(Bucket="team")
        yield {"url": "s3://team/rnnlab", "endpointurl": endpoint}, env
    finally:
        server.stop()


@pytest.fixture(scope="module", params=["folder", "s3"])
def clone(request, workspace, tmp_path_factory):
    """A second clone, of a colleague who pulled what the first had pushed to the shared remote."""
    folder = {"url": str(tmp_path_factory.mktemp("remote"))}, {}
    remote, env = folder if request.param == "folder" else request.getfixturevalue("bucket")
    workspace.env |= env
    workspace.dvc("remote", "add", "--default", "--force", "team", remote.pop("url"))
    for key, value in remote.items():
        workspace.dvc("remote", "modify", "team", key, value)
    workspace.commit()
    workspace.dvc("push")
    clone = Workspace(tmp_path_factory.mktemp("clone") / "project")
    clone.env |= env
    workspace.call("git", "clone", "-q", str(workspace.folder), str(clone.folder))
    clone.dvc("pull")
    return clone


def test_a_clone_pulls_the_same_models(clone, workspace):
    made, pulled = (
        {path.name: path.read_bytes() for path in (each.folder / "models").iterdir()} for each in (workspace, clone)
    )
    assert len(made) == 3
    assert pulled == made


def test_a_clone_is_up_to_date(clone):
    assert clone.dvc("status").strip() == "Data and pipelines are up to date."


def test_a_clone_makes_the_runs_without_training(clone):
    output = clone.call(sys.executable, "-m", "stages.track")
    assert {"new run: rnn", "new run: gru", "new run: digits_bigru"} <= set(output.splitlines())
    assert len(clone.runs()) == 3
    assert clone.ran("repro") == set()
