"""A full disk, a read-only one, a limit on files: one message, old outputs whole; the same command goes on after."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from workspace import Workspace, make_workspace

pytestmark = [pytest.mark.long, pytest.mark.promise(number=2), pytest.mark.slow, pytest.mark.timeout(600)]

STAGES = ("scale series", "split digits", "train gru", "evaluate gru", "baselines series")


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """A file system of 48 MiB in memory."""
    folder = tmp_path_factory.mktemp("disk")
    words = ["mount", "-t", "tmpfs", "-o", "size=48m", "rnnlab-test", str(folder)]
    if not shutil.which("mount") or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount (root on Linux)")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="module")
def workspace(disk):
    workspace = make_workspace(disk / "home/project")
    workspace.keep_models("gru", "digits_bigru")
    workspace.dvc("repro", "evaluate@gru", "baselines@series", "split@digits")
    workspace.commit()
    return workspace


def outputs(workspace):
    """What stages made: their contents by path. A file that was only begun would be one more."""
    folders = [workspace.folder / name for name in ("data/scaled", "data/split", "models", "metrics")]
    return {path: path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}


def fill(disk, free):
    """Take all space but ``free`` bytes."""
    with (disk / "filler").open("wb") as filler:
        left = shutil.disk_usage(disk).free - free
        os.posix_fallocate(filler.fileno(), 0, left)


@pytest.fixture
def full(disk):
    fill(disk, 0)
    yield
    (disk / "filler").unlink()


@pytest.fixture
def read_only(disk):
    # a bind mount of the same files, as the first one is in use
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    yield
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)


def stage(workspace, words, limit=""):
    return subprocess.run(
        ["sh", "-c", f"{limit} exec {sys.executable} -m stages.{words}"],
        cwd=workspace.folder,
        env=workspace.env,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("words", STAGES)
@pytest.mark.parametrize(
    ("fault", "limit", "reason"),
    [
        ("full", "", "No space left on device"),
        ("read_only", "", "Read-only file system"),
        (None, "ulimit -f 0;", "File too large"),  # as a quota's end: the system refuses to write
    ],
    ids=["full", "read-only", "limit"],
)
def test_a_stage(workspace, request, words, fault, limit, reason):
    before = outputs(workspace)
    if fault:
        request.getfixturevalue(fault)
    done = stage(workspace, words, limit)
    assert done.returncode == 1
    (message,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert message.endswith(f": can't be written: {reason}")
    assert "Traceback" not in done.stderr
    assert outputs(workspace) == before


@pytest.mark.parametrize("words", STAGES)
def test_a_stage_once_there_is_space(workspace, words):
    before = outputs(workspace)
    done = stage(workspace, words)
    assert (done.returncode, done.stderr) == (0, "")
    assert outputs(workspace) == before


def change(workspace):
    workspace.set("models.gru.hidden_size", 48)  # 35 KB a seed
    workspace.set("threads", 1)  # not measured: another number of threads gives other last digits
    workspace.set("series.window.length", 4)


@pytest.fixture(scope="module")
def expected(workspace, tmp_path_factory):
    """What the changed parameters make where there is space."""
    elsewhere = copy(workspace, tmp_path_factory.mktemp("elsewhere") / "home")
    change(elsewhere)
    elsewhere.dvc("repro", "evaluate@gru")
    return by_name(elsewhere)


def copy(workspace, folder):
    shutil.copytree(workspace.folder.parent, folder)
    return Workspace(folder / "project")


def by_name(workspace):
    return {str(path.relative_to(workspace.folder)): content for path, content in outputs(workspace).items()}


@pytest.mark.long
@pytest.mark.parametrize("free", [0, 4096, 20_000, 60_000, 120_000, 250_000])
def test_the_pipeline(disk, workspace, expected, free):
    """The space ends somewhere in DVC or in a stage; what was is in the cache, and what was asked for comes after."""
    tried = copy(workspace, disk / f"tried-{free}")
    change(tried)
    fill(disk, free)
    output = tried.dvc("repro", "evaluate@gru", ok=False)
    (disk / "filler").unlink()
    assert re.search("No space left on device|disk is full|disk I/O error", output)  # the last two SQLite's, in DVC
    assert "Traceback" not in output

    before = copy(tried, disk / f"before-{free}")
    before.call("git", "checkout", "-q", ".")
    before.dvc("checkout", "-q", "--allow-missing")
    assert names_of_different(by_name(before), by_name(workspace)) == set()
    shutil.rmtree(before.folder.parent)

    tried.dvc("repro", "evaluate@gru")
    assert names_of_different(by_name(tried), expected) == set()
    shutil.rmtree(tried.folder.parent)


def names_of_different(one, other):
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}
