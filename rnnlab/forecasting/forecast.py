"""What is said of the days after a series' last, and which days these are."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Day:
    """A forecast, in the target's unit."""

    step: int  # days after the last
    date: pd.Timestamp
    forecast: float  # mean of the seeds
    seeds: tuple[float, float]  # the lowest and the highest of them
    persistence: float
    intervals: dict[str, tuple[float, float] | None]  # by level in %; None: too few days to tell
    known: int  # days whose errors the intervals are from
    mae: float | None  # of the model on these days
    persistence_mae: float | None


@dataclass(frozen=True)
class Outlook:
    """What comes after the last day of a series."""

    model: str
    target: str
    last_date: pd.Timestamp
    days: tuple[Day, ...]
    unit: str  # of a step: day, or row where rows are no days
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it: dates as text."""
        content = asdict(self) | {"last_date": self.last_date.isoformat()}
        for day in content["days"]:
            day["date"] = day["date"].isoformat()
        return content


def next_dates(dates: pd.DatetimeIndex, count: int) -> pd.DatetimeIndex:
    """The ``count`` dates that follow, by the spacing of the last 250: trading days, weeks, months, quarters, hours.

    Neither exchange holidays nor hours are known.
    """
    recent = dates[-250:]
    spacing = spacing_of(recent)
    if spacing == pd.Timedelta(days=1):
        step: Any = pd.offsets.CustomBusinessDay(weekmask=trading_days(recent))
    elif pd.Timedelta(days=28) <= spacing <= pd.Timedelta(days=31):
        step = _ends(recent, pd.offsets.MonthEnd(), pd.offsets.BMonthEnd()) or pd.DateOffset(months=1)
    elif pd.Timedelta(days=89) <= spacing <= pd.Timedelta(days=92):
        first = recent[-1].month % 3 or 3
        ends = pd.offsets.QuarterEnd(startingMonth=first), pd.offsets.BQuarterEnd(startingMonth=first)
        step = _ends(recent, *ends) or pd.DateOffset(months=3)
    else:
        step = spacing
    following = [recent[-1]]
    for _ in range(count):
        following.append(following[-1] + step)
    return pd.DatetimeIndex(following[1:])


def spacing_of(dates: pd.DatetimeIndex) -> pd.Timedelta:
    """The median of the last 250 dates' distances; of a single date a day."""
    gaps = np.diff(dates[-250:].to_numpy())
    return pd.Timedelta(np.median(gaps)) if len(gaps) else pd.Timedelta(days=1)


def is_daily(dates: pd.DatetimeIndex) -> bool:
    return spacing_of(dates) == pd.Timedelta(days=1)


def form_of(dates: pd.Index) -> str:
    """How they are written: with the time of day where any has one."""
    moments = pd.DatetimeIndex(dates)
    return "%Y-%m-%d" if (moments == moments.normalize()).all() else "%Y-%m-%d %H:%M"


def trading_days(dates: pd.DatetimeIndex) -> str:
    """From Monday on, 1 for the days of the week that at least one in twenty dates falls on: not for a single session.

    Of few dates: Monday to Friday, and what else occurs among them.
    """
    counts = np.bincount(dates.day_of_week, minlength=7)
    if len(dates) < 20:
        return "".join("1" if day < 5 or counts[day] else "0" for day in range(7))
    return "".join("1" if number >= 0.05 * len(dates) else "0" for number in counts)


def _ends(dates: pd.DatetimeIndex, *offsets: Any) -> Any:
    """The first of the offsets that all dates lie on."""
    return next((offset for offset in offsets if all(map(offset.is_on_offset, dates))), None)
