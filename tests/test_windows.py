import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.core.errors import UserError
from rnnlab.windows.windows import Windows, count_windows


def series(rows, length, horizon):
    index = np.arange(rows)
    return Windows(
        np.stack([index, -index], axis=1).astype(float),
        index + 0.5,
        np.datetime64("2020-01-01", "s") + index.astype("m8[D]"),
        length,
        horizon,
    )


def test_the_tutorials_shapes():
    windows = series(431, 5, 1)
    assert windows.x.shape == (426, 5, 2)
    assert windows.y.shape == (426, 1)
    assert count_windows(431, 5, 1) == len(windows) == 426


def test_by_hand():
    windows = series(5, 2, 2)
    assert windows.x[:, :, 0].tolist() == [[0, 1], [1, 2]]
    assert windows.y[:, 0].tolist() == [3.5, 4.5]
    assert windows.last[:, 0].tolist() == [1.5, 2.5]
    assert windows.target_dates.astype("M8[D]").astype(str).tolist() == ["2020-01-04", "2020-01-05"]


def test_windows_are_views():
    windows = series(100, 10, 1)
    for array, base in ((windows.x, windows.inputs), (windows.y, windows.target), (windows.last, windows.target)):
        assert np.shares_memory(array, base)


@given(st.integers(1, 6), st.integers(1, 4), st.integers(0, 12), st.data())
def test_a_part_holds_the_very_windows(length, horizon, more, data):
    windows = series(length + horizon + more, length, horizon)
    start = data.draw(st.integers(0, len(windows)))
    stop = data.draw(st.integers(start, len(windows)))
    part = windows.part(start, stop)
    for name in ("x", "y", "last", "target_dates"):
        np.testing.assert_array_equal(getattr(part, name), getattr(windows, name)[start:stop])


def test_too_few_rows():
    with pytest.raises(UserError, match="5 rows are too few"):
        count_windows(5, 5, 1)
