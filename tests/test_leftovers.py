"""Copies of experiments that were killed: removed when it is sure that nobody uses them."""

import subprocess
import sys
from contextlib import contextmanager

import pytest

from rnnlab.tracking.leftovers import clear_copies

pytestmark = pytest.mark.promise(number=1)


@pytest.fixture
def copies(tmp_path):
    found = [tmp_path / ".dvc/tmp/exps" / name for name in ("standalone/tmpa", "tmpb")]
    for copy in found:
        (copy / "models").mkdir(parents=True)
    (tmp_path / ".dvc/tmp/exps/run").mkdir()
    return found


@contextmanager
def process(folder, name="script.py"):
    (folder / name).write_text("print(flush=True); input()")
    with subprocess.Popen(
        [sys.executable, name], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        running.stdout.readline()
        yield
        running.communicate("\n")


def test_copies_that_nobody_uses_are_removed_and_nothing_else(tmp_path, copies):
    assert clear_copies(tmp_path) == sorted(copies)
    assert [path.name for path in (tmp_path / ".dvc/tmp/exps").iterdir() if path.name != "standalone"] == ["run"]


def test_a_copy_in_which_a_process_works_stays(tmp_path, copies):
    used, unused = copies
    with process(used):
        assert clear_copies(tmp_path) == [unused]


def test_the_own_copy_stays(tmp_path, copies, monkeypatch):
    monkeypatch.chdir(copies[0] / "models")
    assert clear_copies(tmp_path) == [copies[1]]


def test_all_stay_while_another_dvc_works(tmp_path, copies):
    with process(tmp_path, "dvc"):
        assert clear_copies(tmp_path) == []
    assert clear_copies(tmp_path) == sorted(copies)
