"""What a kill left behind is removed when it is sure that nobody uses it."""

import os
import subprocess
import sys
from contextlib import contextmanager

import pytest

from rnnlab.recovery import leftovers
from rnnlab.recovery.recover import recover

pytestmark = pytest.mark.promise(number=1)


@pytest.fixture
def copies(tmp_path):
    found = [tmp_path / ".dvc/tmp/exps" / name for name in ("standalone/tmpa", "tmpb")]
    for copy in found:
        (copy / "models").mkdir(parents=True)
    (tmp_path / ".dvc/tmp/exps/run").mkdir()
    return found


@contextmanager
def process(folder, name="script.py", text="print(flush=True); input()"):
    (folder / name).write_text(text)
    with subprocess.Popen(
        [sys.executable, name], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        running.stdout.readline()
        yield
        running.communicate("\n")


def removed(folder):
    return [sentence.removeprefix("removed: ") for sentence in recover(folder)]


def test_copies_that_nobody_uses_are_removed_and_nothing_else(tmp_path, copies):
    assert removed(tmp_path) == sorted(map(str, copies))
    assert [path.name for path in (tmp_path / ".dvc/tmp/exps").iterdir() if path.name != "standalone"] == ["run"]


def test_a_copy_in_which_a_process_works_stays(tmp_path, copies, monkeypatch):
    monkeypatch.setattr(leftovers, "SECONDS", 0.1)
    used, unused = copies
    with process(used):
        assert removed(tmp_path) == [str(unused)]


def test_a_copy_is_removed_when_its_last_process_has_ended(tmp_path, copies):
    used, _ = copies
    with process(used, text="import time; print(flush=True); time.sleep(0.5)"):
        assert removed(tmp_path) == sorted(map(str, copies))


def test_the_own_copy_stays(tmp_path, copies, monkeypatch):
    monkeypatch.chdir(copies[0] / "models")
    assert removed(tmp_path) == [str(copies[1])]


def test_all_stay_while_another_dvc_works(tmp_path, copies):
    with process(tmp_path, "dvc"):
        (said,) = removed(tmp_path)
    assert said.startswith("dvc is at work here (process ")
    assert removed(tmp_path) == sorted(map(str, copies))


def test_incomplete_files_of_processes_that_are_gone_are_removed(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    folder = tmp_path / "metrics/history"
    folder.mkdir(parents=True)
    for name in (f".a.csv.{gone.pid}.partial", f".a.csv.{os.getpid()}.partial", ".sales.2024", ".a.partial"):
        (folder / name).touch()
    assert removed(tmp_path) == [f"{folder / f'.a.csv.{gone.pid}.partial'}, incomplete"]
    assert len(list(folder.iterdir())) == 3
