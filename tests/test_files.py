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


@pytest.mark.promise(number=4)
def test_json_refuses_nan(tmp_path):
    with pytest.raises(UserError, match=r"a\.json: is not written: one of its figures is not a finite number"):
        files.write_json(tmp_path / "a.json", {"x": float("nan")})


def test_arrays_come_back_mapped(tmp_path):
    files.write_arrays(tmp_path / "new", {"x": np.arange(3), "y": np.zeros((2, 2))})
    x, y = files.read_arrays(tmp_path / "new", "x", "y")
    assert isinstance(x, np.memmap)
    assert (x.tolist(), y.shape) == ([0, 1, 2], (2, 2))
