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
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it: dates as text."""
        content = asdict(self) | {"last_date": self.last_date.isoformat()}
        for day in content["days"]:
            day["date"] = day["date"].isoformat()
        return content


def next_dates(dates: pd.DatetimeIndex, count: int) -> pd.DatetimeIndex:
    """The ``count`` dates that follow, by the spacing of the last 250: weekdays, days, weeks, months, hours.

    Exchange holidays are not known.
    """
    recent = dates[-250:]
    gaps = recent[1:] - recent[:-1]
    spacing = pd.Timedelta(np.median(gaps)) if len(gaps) else pd.Timedelta(days=1)
    if spacing == pd.Timedelta(days=1):
        step: Any = pd.offsets.BusinessDay() if on_weekdays(recent) else spacing
    elif pd.Timedelta(days=28) <= spacing <= pd.Timedelta(days=31):
        step = pd.offsets.MonthEnd() if recent[-1].is_month_end else pd.DateOffset(months=1)
    else:
        step = spacing
    return pd.DatetimeIndex([recent[-1] + step * ahead for ahead in range(1, count + 1)])


def on_weekdays(dates: pd.DatetimeIndex) -> bool:
    return bool((dates.day_of_week < 5).all())
