"""Columns that a calendar gives: known for the days to come too. Each is a sine and a cosine, as a year has no end."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.core.errors import UserError

PARTS = {"hour": 24, "weekday": 7, "month": 12}  # how many make a round


def calendar_columns(names: Sequence[str]) -> list[str]:
    """What the columns of the calendar's parts are called."""
    return [f"{name}_{wave}" for name in names for wave in ("sin", "cos")]


def from_calendar(dates: NDArray[Any], names: Sequence[str]) -> NDArray[np.float64]:
    """(R, 2 len(names)): the columns of ``calendar_columns`` for dates (R,).

    Raises:
        UserError: if the rows have no dates.
    """
    if names and dates.dtype.kind != "M":
        raise UserError("series.calendar: the rows have no dates; leave it empty")
    angles = [2 * np.pi * _part(dates, name) / PARTS[name] for name in names]
    waves = [wave(angle) for angle in angles for wave in (np.sin, np.cos)]
    return np.stack(waves, axis=1) if waves else np.empty((len(dates), 0))


def _part(dates: NDArray[np.datetime64], name: str) -> NDArray[np.float64]:
    """Hours from 0 to below 24, with fractions; weekdays from 0 (Monday); months from 0 (January)."""
    days = dates.astype("datetime64[D]")
    if name == "hour":
        hours: NDArray[np.float64] = (dates - days) / np.timedelta64(1, "h")
        return hours
    whole = (days.astype(int) + 3) % 7 if name == "weekday" else dates.astype("datetime64[M]").astype(int) % 12
    return whole.astype(np.float64)
