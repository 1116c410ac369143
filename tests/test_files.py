import os
import subprocess
import sys

import numpy as np
import pytest

from rnnlab.core import files
from rnnlab.core.errors import UserError


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.json"
    files.write_text(path, "old")

    def fail(file):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(UserError, match=r"a\.json: can't be written: No space left"):
        files.write(path, fail)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.promise(number=1)
def test_a_write_removes_what_a_killed_one_of_the_same_file_left(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for name in (f".a.json.{gone.pid}", f".a.json.{os.getppid()}", f".b.json.{gone.pid}", ".a.json.kept"):
        (tmp_path / name).touch()
    files.write_text(tmp_path / "a.json", "{}")
    left = {f".a.json.{os.getppid()}", f".b.json.{gone.pid}", ".a.json.kept"}
    assert {path.name for path in tmp_path.iterdir()} == {"a.json", *left}


@pytest.mark.promise(number=4)
def test_json_refuses_nan(tmp_path):
    with pytest.raises(UserError, match=r"a\.json: is not written: one of its figures is not a finite number"):
        files.write_json(tmp_path / "a.json", {"x": float("nan")})


def test_arrays_come_back_mapped(tmp_path):
    files.write_arrays(tmp_path / "new", {"x": np.arange(3), "y": np.zeros((2, 2))})
    x, y = files.read_arrays(tmp_path / "new", "x", "y")
    assert isinstance(x, np.memmap)
    assert (x.tolist(), y.shape) == ([0, 1, 2], (2, 2))
