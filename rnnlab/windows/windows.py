"""Sliding windows over a series, as views: a window costs no copy of its rows.

Letters: N windows, R rows, T time steps (``length``), F features.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rnnlab.core.errors import UserError


def count_windows(rows: int, length: int, horizon: int) -> int:
    """How many windows of ``length`` rows have a target ``horizon`` rows after their last.

    Raises:
        UserError: if there is none.
    """
    count = rows - length - horizon + 1
    if count < 1:
        raise UserError(
            f"{rows} rows are too few: a window of series.window.length={length} rows and "
            f"a horizon of {horizon} need at least {length + horizon}"
        )
    return count


@dataclass(frozen=True)
class Windows:
    """Window i holds rows i .. i + length - 1; its target is row i + length + horizon - 1."""

    inputs: NDArray[np.float64]  # (R, F)
    target: NDArray[np.float64]  # (R,)
    dates: NDArray[np.datetime64]  # (R,)
    length: int
    horizon: int

    def __len__(self) -> int:
        return max(0, len(self.target) - self.length - self.horizon + 1)

    @property
    def x(self) -> NDArray[np.float64]:
        """(N, T, F), a view of the rows; as writable as they are, for PyTorch warns of arrays that are not."""
        if len(self) == 0:
            return np.empty((0, self.length, self.inputs.shape[1]))
        writeable = self.inputs.flags.writeable
        view = np.lib.stride_tricks.sliding_window_view(self.inputs, self.length, axis=0, writeable=writeable)
        return view[: len(self)].transpose(0, 2, 1)  # of (R-T+1, F, T)

    @property
    def y(self) -> NDArray[np.float64]:
        """(N, 1), a view: what is to be predicted."""
        return self.target[len(self.target) - len(self) :, None]

    def levels_after(self, ahead: int) -> NDArray[np.float64]:
        """(N, 1), a view: the target column ``ahead`` rows after each window's last, up to the horizon."""
        return self.target[self.length - 1 + ahead :][: len(self), None]

    def levels_at_steps(self, ahead: int) -> NDArray[np.float64]:
        """(N, T), a view: the target column ``ahead`` rows after each of a window's rows, up to the horizon."""
        if len(self) == 0:
            return np.empty((0, self.length))
        return np.lib.stride_tricks.sliding_window_view(self.target, self.length)[ahead : ahead + len(self)]

    def inputs_after(self, ahead: int) -> NDArray[np.float64]:
        """(N, F), a view: the row ``ahead`` rows after each window's last, up to the horizon."""
        return self.inputs[self.length - 1 + ahead :][: len(self)]

    @property
    def last(self) -> NDArray[np.float64]:
        """(N, 1), a view: the target column on each window's last day, which persistence predicts."""
        return self.target[self.length - 1 :][: len(self), None]

    @property
    def target_dates(self) -> NDArray[np.datetime64]:
        """(N,), a view: the day of each target."""
        return self.dates[len(self.dates) - len(self) :]

    @property
    def last_dates(self) -> NDArray[np.datetime64]:
        """(N,), a view: each window's last day, on which its forecast is made."""
        return self.dates[self.length - 1 :][: len(self)]

    def part(self, start: int, stop: int) -> "Windows":
        """Windows ``start`` .. ``stop - 1``, as views of the rows that they span."""
        end = stop + self.length + self.horizon - 1 if stop > start else start
        return replace(self, inputs=self.inputs[start:end], target=self.target[start:end], dates=self.dates[start:end])
