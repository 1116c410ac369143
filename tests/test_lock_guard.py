import os
import signal
import subprocess
import time

import pytest
from workspace import make_workspace

from rnnlab.core.lock_guard import COPY, LOCK, TABLE, is_whole, mend

WHOLE = """\
schema: '2.0'
stages:
  a:
    cmd: x
    outs:
    - path: b
      hash: md5
      md5: 900150983cd24fb0d6963f7d28e17f72
      size: 3
"""


@pytest.mark.parametrize("size", [0, 5, 20, 30, 60, 100, len(WHOLE) - 1])
def test_a_file_that_was_cut_short_is_not_whole(tmp_path, size):
    path = tmp_path / "dvc.lock"
    path.write_text(WHOLE[:size])
    assert not is_whole(path)


def test_whole_files(tmp_path):
    path = tmp_path / "dvc.lock"
    assert is_whole(path)  # DVC makes it
    path.write_text(WHOLE)
    assert is_whole(path)


def test_the_last_whole_one_comes_back(tmp_path):
    (tmp_path / COPY).parent.mkdir(parents=True)
    (tmp_path / COPY).write_text(WHOLE)
    (tmp_path / LOCK).write_text(WHOLE[:40])
    assert mend(tmp_path) == [LOCK]
    assert (tmp_path / LOCK).read_text() == WHOLE
    assert not mend(tmp_path)


def test_without_a_copy_nothing_is_touched(tmp_path):
    (tmp_path / LOCK).write_text(WHOLE[:40])
    assert not mend(tmp_path)
    assert (tmp_path / LOCK).read_text() == WHOLE[:40]


@pytest.mark.parametrize(("content", "kept"), [("", False), ('{"a": {"re', False), ("{}", True), ('{"a": 1}', True)])
def test_the_table_of_locks_is_removed_where_it_was_cut_short(tmp_path, content, kept):
    (tmp_path / TABLE).parent.mkdir(parents=True)
    (tmp_path / TABLE).write_text(content)
    assert mend(tmp_path) == ([] if kept else [TABLE])
    assert (tmp_path / TABLE).exists() == kept


@pytest.mark.slow
@pytest.mark.promise(number=1)
@pytest.mark.timeout(600)
def test_dvc_killed_while_it_writes_its_lock(tmp_path):
    workspace = make_workspace(tmp_path / "project")
    workspace.dvc("repro", "split@stock")
    lock = workspace.folder / "dvc.lock"
    workspace.set("stock.window.length", 6)
    size = lock.stat().st_size
    started = subprocess.Popen(
        ["dvc", "repro", "split@stock"],
        cwd=workspace.folder,
        env=workspace.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while lock.stat().st_size > size / 2:  # it is written anew, from its start
        assert started.poll() is None
    os.killpg(started.pid, signal.SIGKILL)
    started.wait()
    until = time.monotonic() + 60
    while not is_whole(lock):
        assert time.monotonic() < until
        time.sleep(0.1)
    workspace.dvc("repro", "split@stock")
    assert workspace.ran("repro", "split@stock") == set()
