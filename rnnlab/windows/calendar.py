"""Columns that a calendar gives: known for the days to come too. Each is a sine or a cosine, as a year has no end.

Letters: R rows.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.core.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

ROUNDS = {"hour": 24, "weekday": 7, "month": 12}  # how many make a round
WAVES = {f"{name}_{wave.__name__}": (name, wave) for name in ROUNDS for wave in (np.sin, np.cos)}  # by column


def calendar_columns(names: Sequence[str]) -> tuple[str, ...]:
    """What the columns of some parts of the calendar are called."""
    return tuple(column for column, (name, _) in WAVES.items() if name in names)


def from_calendar(dates: NDArray[Any], column: str) -> NDArray[np.float64]:
    """(R,): a column of ``WAVES`` for dates (R,), from -1 to 1.

    Raises:
        UserError: if the rows have no dates.
    """
    if dates.dtype.kind != "M":
        raise UserError("series.calendar: the rows have no dates; leave it empty")
    name, wave = WAVES[column]
    values: NDArray[np.float64] = wave(2 * np.pi * _part(dates, name) / ROUNDS[name])
    return values


def with_calendar(frame: "pd.DataFrame", columns: Sequence[str]) -> "pd.DataFrame":
    """Rows by date with those of the columns that are the calendar's."""
    known = [name for name in columns if name in WAVES]
    return frame.assign(**{name: from_calendar(frame.index.to_numpy(), name) for name in known}) if known else frame


def _part(dates: NDArray[np.datetime64], name: str) -> NDArray[np.float64]:
    """Hours from 0 to below 24, with fractions; weekdays from 0 (Monday); months from 0 (January)."""
    days = dates.astype("datetime64[D]")
    if name == "hour":
        hours: NDArray[np.float64] = (dates - days) / np.timedelta64(1, "h")
        return hours
    # 1970-01-01 was a Thursday
    whole = (days.astype(int) + 3) % 7 if name == "weekday" else dates.astype("datetime64[M]").astype(int) % 12
    return whole.astype(np.float64)
