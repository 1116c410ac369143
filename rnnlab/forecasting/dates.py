"""Dates of a series: their spacing, and those that follow."""

from typing import Any

import numpy as np
import pandas as pd


def next_dates(dates: pd.DatetimeIndex, count: int) -> pd.DatetimeIndex:
    """The ``count`` dates that follow, with the spacing of the last 250: trading days, weeks, months, quarters, hours.

    Exchange holidays and trading hours are not known.
    """
    recent = dates[-250:]
    spacing = spacing_of(recent)
    if spacing == pd.Timedelta(days=1):
        step: Any = pd.offsets.CustomBusinessDay(weekmask=weekday_mask(recent))
    elif pd.Timedelta(days=28) <= spacing <= pd.Timedelta(days=31):
        step = _common_offset(recent, pd.offsets.MonthEnd(), pd.offsets.BMonthEnd()) or pd.DateOffset(months=1)
    elif pd.Timedelta(days=89) <= spacing <= pd.Timedelta(days=92):
        first = recent[-1].month % 3 or 3
        ends = pd.offsets.QuarterEnd(startingMonth=first), pd.offsets.BQuarterEnd(startingMonth=first)
        step = _common_offset(recent, *ends) or pd.DateOffset(months=3)
    else:
        step = spacing
    following = [recent[-1]]
    for _ in range(count):
        following.append(following[-1] + step)
    return pd.DatetimeIndex(following[1:])


def spacing_of(dates: pd.DatetimeIndex) -> pd.Timedelta:
    """The median distance between consecutive dates among the last 250; a day for a single date."""
    gaps = np.diff(dates[-250:].to_numpy())
    return pd.Timedelta(np.median(gaps)) if len(gaps) else pd.Timedelta(days=1)


def is_daily(dates: pd.DatetimeIndex) -> bool:
    return spacing_of(dates) == pd.Timedelta(days=1)


def date_format(dates: pd.Index) -> str:
    """The format that dates are printed in: with the time of day if any date has one."""
    moments = pd.DatetimeIndex(dates)
    return "%Y-%m-%d" if (moments == moments.normalize()).all() else "%Y-%m-%d %H:%M"


def weekday_mask(dates: pd.DatetimeIndex) -> str:
    """Seven digits from Monday on: 1 for a weekday on which at least 5 % of the dates fall, so that a single special
    session does not count. With fewer than 20 dates: Monday to Friday, and each other weekday that occurs.
    """
    counts = np.bincount(dates.day_of_week, minlength=7)
    if len(dates) < 20:
        return "".join("1" if day < 5 or counts[day] else "0" for day in range(7))
    return "".join("1" if number >= 0.05 * len(dates) else "0" for number in counts)


def _common_offset(dates: pd.DatetimeIndex, *offsets: Any) -> Any:
    """The first of the offsets on which all dates lie; None if there is none."""
    return next((offset for offset in offsets if all(map(offset.is_on_offset, dates))), None)
