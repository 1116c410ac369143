"""Killed at any moment: after `rnnlab tidy` the next run ends as one that nobody touched; nothing is left behind."""

import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest
from workspace import Workspace, make_workspace

pytestmark = [pytest.mark.long, pytest.mark.promise(number=1), pytest.mark.slow, pytest.mark.timeout(600)]

CHANGE = ["-n", "night", "-S", "models.gru.hidden_size=4"]
WAYS = {
    "repro": [["dvc", "repro"]],
    "exp": [["dvc", "exp", "run", *CHANGE]],
    "temp": [["dvc", "exp", "run", "--temp", *CHANGE]],
    "queue": [["dvc", "exp", "run", "--queue", *CHANGE], ["dvc", "queue", "start"]],
    "tune": [
        ["dvc", "repro", "split@series"],
        ["rnnlab", "tune", "gru", "--trials", "6", "--space", "hidden_size=2..8"],
    ],
}
TRIALS = """
SELECT number, value FROM trials LEFT JOIN trial_values USING (trial_id) WHERE state IN ('COMPLETE', 'PRUNED')
"""
RUNS = """
import json
from pathlib import Path
from rnnlab.tracking.store import Store
store = Store(Path("."), series="GOOG")
runs = store.client.search_runs(list(store.experiments.values()), max_results=1000)
names = {run.info.run_id: run.info.run_name for run in runs}
# a run that was watched live has its losses to all digits, one that was made from files to eight
print(json.dumps(sorted([
    run.info.run_name, run.info.status, run.data.tags.get("rnnlab.content_key", ""),
    names.get(run.data.tags.get("mlflow.parentRunId"), ""),
    [f"{name} {value:.5g}" for name, value in sorted(run.data.metrics.items())],
] for run in runs)))
"""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A workspace in which nothing is made yet; copies of it are killed."""
    workspace = make_workspace(tmp_path_factory.mktemp("killed") / "fresh/project")
    workspace.keep_models("gru", "digits_bigru")
    workspace.set("training.series.epochs", 40)
    workspace.set("training.digits.epochs", 100)
    for path, old, new in (
        # as in trainings of hours: a kill finds a run that is watched, and a checkpoint
        ("rnnlab/execution/live_run.py", "AFTER = 5.0", "AFTER = 0.1"),
        ("rnnlab/execution/live_run.py", "EVERY = 3.0", "EVERY = 0.3"),
        ("rnnlab/execution/checkpoint.py", "SECONDS = 30.0", "SECONDS = 0.2"),
    ):
        module = workspace.folder / path
        assert old in module.read_text()
        module.write_text(module.read_text().replace(old, new))
    workspace.commit()
    return workspace


@pytest.fixture(scope="module")
def untouched(fresh):
    """Of each way: what it makes, and in how many seconds."""
    known = {}

    def of(way):
        if way not in known:
            workspace, began = copy(fresh, f"untouched-{way}"), time.monotonic()
            run(workspace, way)
            seconds = time.monotonic() - began
            known[way] = state(workspace, way), seconds
        return known[way]

    return of


def copy(fresh, name):
    """With edits of a user's own that no commit has: in the tree, in the index, and in an untracked file."""
    folder = fresh.folder.parent.with_name(name)
    shutil.copytree(fresh.folder.parent, folder)
    workspace = Workspace(folder / "project")
    for path in (workspace.folder / "rnnlab/cli.py", workspace.folder / "rnnlab/cli_options.py"):
        path.write_text(path.read_text() + "# mine\n")
    workspace.call("git", "add", "rnnlab/cli_options.py")
    (workspace.folder / "notes.txt").write_text("untracked")
    return workspace


def edits(workspace):
    return workspace.call("git", "diff", "HEAD", "--", "rnnlab"), (workspace.folder / "notes.txt").read_text()


def run(workspace, way, seconds=600.0):
    """To its end; or kill, after so many seconds, all process groups of DVC."""
    until = time.monotonic() + seconds
    with (workspace.folder.parent / "output").open("w+") as output:
        for command in WAYS[way]:
            started = subprocess.Popen(
                command, cwd=workspace.folder, env=workspace.env, stdout=output, stderr=output, start_new_session=True
            )
            while (code := started.poll()) is None or groups(workspace):  # a queue's worker is a process of its own
                if time.monotonic() > until:
                    for group in groups(workspace):
                        with suppress(ProcessLookupError):
                            os.killpg(group, signal.SIGKILL)
                    started.wait()
                    return
                time.sleep(0.05)
            output.seek(0)
            assert code == 0, output.read()


def groups(workspace):
    """Of the processes of DVC in the workspace and its temporary copies, and what they started."""
    found = set[int]()
    for process in processes(workspace):
        if {"dvc", "tune"} & set(re.findall(r"\w+", " ".join(process.info["cmdline"]))):
            with suppress(ProcessLookupError):  # it has ended since
                found.add(os.getpgid(process.pid))
    return found


def processes(workspace):
    return [
        process
        for process in psutil.process_iter(["cwd", "cmdline"])
        if Path(process.info["cwd"] or "/").is_relative_to(workspace.folder) and process.info["cmdline"]
    ]


def state(workspace, way):
    if way in ("temp", "queue"):
        workspace.call("git", "checkout", "-q", "-f", "HEAD")  # the experiment has the edits
        (workspace.folder / "notes.txt").unlink()
        workspace.dvc("exp", "apply", "night")
    folders = [workspace.folder / name for name in ("metrics", "models")]
    files = {path: path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}
    runs = json.loads(workspace.call(sys.executable, "-c", RUNS).splitlines()[-1])
    return {str(path.relative_to(workspace.folder)): content for path, content in files.items()}, runs


def left_behind(workspace):
    """Files that a write began, checkpoints, temporary copies, and processes."""
    found = list(workspace.folder.rglob(".*.partial"))
    found += (workspace.folder / "data/checkpoints").glob("*")
    copies = workspace.folder / ".dvc/tmp/exps"
    return [*found, *copies.glob("tmp*"), *copies.glob("standalone/tmp*"), *processes(workspace)]


def pytest_generate_tests(metafunc):
    """One kill in each of N equal parts of the way's length, at random in it."""
    if "moment" in metafunc.fixturenames:
        count, draw, cases = metafunc.config.getoption("--kills"), random.Random(6), []
        for way in ("repro", "exp", "temp", "queue") if "way" in metafunc.fixturenames else ("tune",):
            number = count if way == "repro" else max(2, count // 3)
            moments = [(part + draw.random()) / number for part in range(number)]
            cases += [(way, share) for share in moments]
        names = [f"{way}-{share:.3f}" for way, share in cases]
        if "way" in metafunc.fixturenames:
            metafunc.parametrize(("way", "moment"), cases, ids=names)
        else:
            metafunc.parametrize("moment", [share for _, share in cases], ids=names)


def test_killed(fresh, untouched, way, moment):
    expected, seconds = untouched(way)
    workspace = copy(fresh, "killed")
    try:
        before = edits(workspace)
        run(workspace, way, moment * seconds)
        workspace.call("rnnlab", "tidy")
        assert edits(workspace) == before
        if "night" in workspace.call("git", "for-each-ref", "refs/exps") and way == "exp":
            workspace.dvc("exp", "remove", "night")
        if "night" not in workspace.call("git", "for-each-ref", "refs/exps"):  # else it was done
            run(workspace, way)
        assert edits(workspace) == before
        files, runs = state(workspace, way)
        assert {name for name in files.keys() | expected[0] if files.get(name) != expected[0].get(name)} == set()
        assert runs == expected[1]
        until = time.monotonic() + 20
        while (left := left_behind(workspace)) and time.monotonic() < until:  # a recorder ends by itself
            time.sleep(0.5)
        assert left == []
    finally:
        shutil.rmtree(workspace.folder.parent)


def test_search_killed(fresh, untouched, moment):
    """Its trials that are over are kept, and no run stays open."""
    _, seconds = untouched("tune")
    workspace = copy(fresh, "killed")
    try:
        run(workspace, "tune", moment * seconds)
        workspace.call("rnnlab", "tidy")
        done = trials(workspace)
        run(workspace, "tune")
        assert trials(workspace)[: len(done)] == done
        assert len(trials(workspace)) == 6
        _, runs = state(workspace, "tune")
        assert sum(status == "FINISHED" for _, status, *_ in runs) == 7  # the trials, and the search
        assert {status for _, status, *_ in runs} <= {"FINISHED", "KILLED"}
    finally:
        shutil.rmtree(workspace.folder.parent)


def trials(workspace):
    """Number and value of those that are over."""
    path = workspace.folder / "optuna.db"
    if not path.exists():
        return []
    with closing(sqlite3.connect(path)) as database:
        try:
            return database.execute(TRIALS).fetchall()
        except sqlite3.OperationalError:  # it was killed before the tables were made
            return []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_end(fresh, number, record_property):
    """By a terminal, or a machine that is switched off: soon, with a checkpoint, and the run says so."""
    workspace = copy(fresh, f"asked-{number}")
    workspace.dvc("repro", "split@digits")
    workspace.set("training.digits.epochs", 100_000)
    interruptible = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
    script = f"{interruptible} from dvc.cli import main; sys.exit(main(['repro', 'train@digits_bigru']))"
    training = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=workspace.folder,
        env=workspace.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    checkpoint, until = workspace.folder / "data/checkpoints/digits_bigru.safetensors", time.monotonic() + 120
    while not checkpoint.exists() or not recorders(workspace):
        assert training.poll() is None
        assert time.monotonic() < until
        time.sleep(0.1)
    time.sleep(8)  # the recorder has opened the run
    began = time.monotonic()
    os.killpg(training.pid, number)
    training.wait(60)
    while [process for process in processes(workspace) if process not in recorders(workspace)]:
        time.sleep(0.05)
    record_property(f"seconds to end after {signal.Signals(number).name}", round(time.monotonic() - began, 1))
    assert time.monotonic() - began < 20  # 5 are promised: on a machine that is not busy
    assert checkpoint.exists()
    while processes(workspace):
        assert time.monotonic() - began < 60
        time.sleep(0.2)
    _, runs = state(workspace, "repro")
    assert [(name, status) for name, status, *_ in runs] == [("digits_bigru", "KILLED")]


def recorders(workspace):
    return [process for process in processes(workspace) if "rnnlab.tracking.recorder" in process.info["cmdline"]]
