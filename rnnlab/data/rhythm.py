"""The rhythm of a series: what a step is called, how many steps make a season, gaps, and the dates that follow.

Dates are datetime64, or whole numbers where rows are only counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SECOND, MINUTE, HOUR, DAY = 1, 60, 3600, 86400  # seconds
YEAR = 365.2425 * DAY
SHOWN = 5  # gaps in a sentence
RARE = 0.05  # a weekday with a smaller share of the dates is a special session
LONG_HOLIDAY = 5  # trading days; exchanges close for fewer
# by seconds of a step, at least and at most: its word, and how many make the next longer unit
LONG_STEPS = {
    (7 * DAY, 7 * DAY): ("week", 52),
    (28 * DAY, 31 * DAY): ("month", 12),
    (89 * DAY, 92 * DAY): ("quarter", 4),
    (365 * DAY, 366 * DAY): ("year", 1),
}
SHORT_STEPS = {
    SECOND: ("second", 60),
    MINUTE: ("minute", 1440),
    5 * MINUTE: ("5-minute step", 288),
    10 * MINUTE: ("10-minute step", 144),
    15 * MINUTE: ("quarter-hour", 96),
    30 * MINUTE: ("half-hour", 48),
    HOUR: ("hour", 24),
}


@dataclass(frozen=True)
class Rhythm:
    """Attributes:
    word: what a step is called, also ``5-minute step``; ``row``: steps have no name, or no regular length.
    period: rows of a season; 1: there is none.
    seconds: of a step, the median; 0: rows are only counted.
    weekmask: of daily rows, from Monday on, 1 where a weekday has rows.
    """

    word: str
    period: int
    seconds: float = 0.0
    weekmask: str = "1111111"


def find_rhythm(dates: NDArray[Any]) -> Rhythm:
    """The rhythm of dates in ascending order, by the median distance of neighbours."""
    if dates.dtype.kind != "M" or len(dates) < 2:
        return Rhythm("row", 1)
    seconds = float(np.median(np.diff(dates)) / np.timedelta64(1, "s"))
    if seconds == DAY:
        mask = _weekmask(dates)
        # five days a week are an exchange's; a shop that is closed on Sundays has days
        return Rhythm("trading day" if mask.count("1") == 5 else "day", mask.count("1"), seconds, mask)
    for (least, most), (word, period) in LONG_STEPS.items():
        if least <= seconds <= most:
            return Rhythm(word, period, seconds)
    if 0 < seconds < DAY:
        word, period = SHORT_STEPS.get(int(seconds), (_count_minutes(dates, seconds), round(DAY / seconds)))
        # where a market closes overnight a day has fewer rows
        by_day = np.unique(dates.astype("datetime64[D]"), return_counts=True)[1]
        rows_a_day = int(np.median(by_day))
        return Rhythm(word, min(period, rows_a_day) if seconds >= MINUTE and len(by_day) > 2 else period, seconds)
    return Rhythm("row", 1, seconds)


def _count_minutes(dates: NDArray[Any], seconds: float) -> str:
    """The word for steps of some minutes or hours, where most are as long; else ``row``."""
    regular = np.mean(np.diff(dates) == np.timedelta64(int(seconds), "s")) > 0.5
    if seconds % MINUTE or not regular:
        return "row"
    return f"{seconds / HOUR:.0f}-hour step" if seconds % HOUR == 0 else f"{seconds / MINUTE:.0f}-minute step"


def find_gaps(dates: NDArray[Any], rhythm: Rhythm) -> Iterator[tuple[Any, Any, int]]:
    """Where rows are missing in a regular rhythm: the dates before and after, and how many steps lie between them.

    Of trading days only gaps longer than a holiday, and of rows within a day, where a market closes overnight, none.
    """
    irregular = rhythm.word == "row" and rhythm.period == 1
    overnight = MINUTE <= rhythm.seconds < DAY and rhythm.period < round(DAY / rhythm.seconds)
    if irregular or overnight:
        return
    if rhythm.seconds == DAY:
        days = dates.astype("datetime64[D]")
        steps = np.busday_count(days[:-1], days[1:], weekmask=rhythm.weekmask)
        least = LONG_HOLIDAY if rhythm.word == "trading day" else 0
    else:
        steps = np.rint(np.diff(dates) / np.timedelta64(1, "s") / rhythm.seconds).astype(int)
        least = 0
    for place in np.flatnonzero(steps - 1 > least):
        yield dates[place], dates[place + 1], int(steps[place]) - 1


def describe_gaps(dates: NDArray[Any]) -> list[str]:
    """A sentence that names the gaps; none where there are none."""
    rhythm = find_rhythm(dates)
    gaps = list(find_gaps(dates, rhythm))
    if not gaps:
        return []
    form = date_format(dates)
    some = [
        f"{f'{count} ' * (len(gaps) > 1)}after {before.astype('datetime64[s]').item():{form}}"
        for before, _, count in gaps[:SHOWN]
    ]
    more = f" and {len(gaps) - SHOWN} more gaps" if len(gaps) > SHOWN else ""
    missing = sum(count for _, _, count in gaps)
    said = f"{missing:,} {rhythm.word}s are missing" if missing > 1 else f"1 {rhythm.word} is missing"
    return [f"{said}{':' * (len(gaps) > 1)} {', '.join(some)}{more}; not filled"]


def next_dates(dates: NDArray[Any], count: int) -> NDArray[Any]:
    """The ``count`` dates that follow, with the spacing of the last 250: trading days, weeks, months, quarters, hours.

    Exchange holidays and trading hours are not known.
    """
    recent = dates[-250:]
    if recent.dtype.kind != "M":
        counted: NDArray[Any] = np.arange(1, count + 1) + recent[-1]
        return counted
    import pandas as pd  # a panel is read without it

    step, following = _offset(recent), [pd.Timestamp(recent[-1])]
    for _ in range(count):
        following.append(following[-1] + step)
    moments: NDArray[Any] = pd.DatetimeIndex(following[1:]).to_numpy(recent.dtype)
    return moments


def date_format(dates: NDArray[Any]) -> str:
    """The format that dates are printed in: with the time of day if any date has one; empty where rows are counted."""
    if dates.dtype.kind != "M":
        return ""
    return "%Y-%m-%d" if (dates == dates.astype("datetime64[D]")).all() else "%Y-%m-%d %H:%M"


def _offset(recent: NDArray[np.datetime64]) -> Any:
    """What pandas adds to a date for the next one."""
    import pandas as pd

    rhythm, last = find_rhythm(recent), pd.Timestamp(recent[-1])
    if rhythm.seconds == DAY or len(recent) < 2:  # of a single date: days
        return pd.offsets.CustomBusinessDay(weekmask=_weekmask(recent))
    end = last.month % 3 or 3
    offsets: dict[str, tuple[list[Any], Any]] = {
        "month": ([pd.offsets.MonthEnd(), pd.offsets.BMonthEnd()], pd.DateOffset(months=1)),
        "quarter": (
            [pd.offsets.QuarterEnd(startingMonth=end), pd.offsets.BQuarterEnd(startingMonth=end)],
            pd.DateOffset(months=3),
        ),
        "year": ([pd.offsets.YearEnd(month=last.month)], pd.DateOffset(years=1)),
    }
    ends, step = offsets.get(rhythm.word, ([], pd.Timedelta(seconds=rhythm.seconds)))
    moments = pd.DatetimeIndex(recent)
    return next((offset for offset in ends if all(map(offset.is_on_offset, moments))), step)


def _weekmask(dates: NDArray[np.datetime64]) -> str:
    """Seven digits from Monday on: 1 for a weekday on which at least 5 % of the dates fall, so that a single special
    session does not count. With fewer than 20 dates: Monday to Friday, and each other weekday that occurs.
    """
    days = (dates.astype("datetime64[D]").astype(int) + 3) % 7  # 1970-01-01 was a Thursday
    counts = np.bincount(days, minlength=7)
    if len(dates) < 20:
        return "".join("1" if day < 5 or counts[day] else "0" for day in range(7))
    return "".join("1" if count >= RARE * len(dates) else "0" for count in counts)
