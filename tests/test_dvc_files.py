"""What DVC leaves half written when it is killed comes back from git, or is removed."""

import subprocess

import pytest
from workspace import IDENTITY, make_workspace

from rnnlab.recovery.dvc_files import LOCK, TABLES, is_whole, repair

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


@pytest.fixture
def lock(tmp_path, monkeypatch):
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / LOCK
    path.write_text(WHOLE)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return path


def commit(folder):
    subprocess.run(["git", "add", "-A"], cwd=folder, check=True)
    subprocess.run(["git", "commit", "-qm", "step"], cwd=folder, check=True)


@pytest.mark.parametrize("size", [0, 5, 20, 30, 60, 100, len(WHOLE) - 1])
def test_a_lock_that_was_cut_short_comes_back_from_git(tmp_path, lock, size):
    commit(tmp_path)
    lock.write_text(WHOLE[:size])
    assert not is_whole(lock)
    assert list(repair(tmp_path)) == [
        "dvc.lock: was cut short when DVC was killed; is the last commit's again, and `dvc repro` brings the rest"
    ]
    assert lock.read_text() == WHOLE


def test_a_whole_lock_stays_as_it_is_though_no_commit_has_it(tmp_path, lock):
    commit(tmp_path)
    lock.write_text(changed := WHOLE.replace("size: 3", "size: 4"))
    assert list(repair(tmp_path)) == []
    assert lock.read_text() == changed


def test_a_lock_that_was_never_committed_is_removed_when_it_was_cut_short(tmp_path, lock):
    lock.write_text(WHOLE[:40])
    (said,) = repair(tmp_path)
    assert said == "dvc.lock: was cut short when DVC was killed; removed"
    assert not lock.exists()
    assert list(repair(tmp_path)) == []  # DVC makes it


@pytest.mark.parametrize("table", TABLES, ids=str)
@pytest.mark.parametrize(("content", "kept"), [("", False), ('{"a": {"re', False), ("{}", True), ('{"a": 1}', True)])
def test_a_table_of_locks_is_removed_where_it_was_cut_short(tmp_path, table, content, kept):
    (tmp_path / table).parent.mkdir(parents=True)
    (tmp_path / table).write_text(content)
    assert len(list(repair(tmp_path))) == (not kept)
    assert (tmp_path / table).exists() == kept


def test_a_lock_with_a_conflict_is_left_to_the_user(tmp_path, lock):
    commit(tmp_path)
    lock.write_text(conflict := WHOLE + "<<<<<<< HEAD\n")
    assert list(repair(tmp_path)) == []
    assert lock.read_text() == conflict


@pytest.mark.long
@pytest.mark.promise(number=1)
def test_after_the_repair_dvc_goes_on_from_its_run_cache(tmp_path):
    workspace = make_workspace(tmp_path / "project")
    workspace.dvc("repro", "split@series")
    workspace.commit()
    workspace.set("series.window.length", 6)
    workspace.dvc("repro", "split@series")
    lock, table = workspace.folder / LOCK, workspace.folder / TABLES[0]
    lock.write_text(lock.read_text()[:-40])
    table.write_text("{")
    workspace.dvc("repro", "split@series", ok=False)
    assert len(list(repair(workspace.folder))) == 2
    assert workspace.ran("repro", "split@series") <= {"check"}
