"""A column of dates in one of the forms that people write, read without a guess between day and month."""

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnnlab.core.errors import UserError
from rnnlab.data.columns import shown

OFFSET = re.compile(r"(:\d\d(?:\.\d+)?)\s*(Z|UTC|[+-]\d\d:?\d\d)$")
CLOCK = r"[ T]((?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?)$"
MONTH = r"(?i)jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"


class DateColumn:
    """The dates of a file, taken in some rows at a time.

    Args:
        name: of the file, for messages.
        column: the column's name.
    """

    def __init__(self, name: str, column: str) -> None:
        self.name, self.column = name, column
        self.first = ""  # the first date, whose form all have
        self.offset: int | None = None  # minutes, of its time zone
        self.readings: list[list[NDArray[np.datetime64]]] = []  # the dates, in each way that such a form may mean
        self.failures: list[tuple[int, str] | None] = []  # line and text of the first that a reading can't read

    def add(self, cells: pd.Series) -> None:
        """Read some more rows; ``cells`` by the number of the row, 0 in line 2."""
        if not self.first:
            self.first = cells.iloc[0]
            self.offset = _offset(self.first)
        text = cells.str.replace(OFFSET, r"\1", regex=True)  # the exchange's own clock is what counts
        self._check_offsets(cells, text != cells)
        readings = _read_dates(text, self.first)
        self.readings = self.readings or [[] for _ in readings]
        self.failures = self.failures or [None for _ in readings]
        for number, dates in enumerate(readings):
            bad = dates.isna().to_numpy()
            if bad.any() and self.failures[number] is None:
                self.failures[number] = int(cells.index[bad][0]) + 2, cells[bad].iloc[0]
            self.readings[number].append(dates.to_numpy("datetime64[us]"))
        failures = [failure for failure in self.failures if failure is not None]
        if len(failures) == len(readings):
            line, found = max(failures)  # of the reading that got furthest
            raise UserError(
                f"{self.name}: line {line}, column {self.column}: {shown(found)} is not a date "
                "in one form with the first row; YYYY-MM-DD is always read"
            )

    def _check_offsets(self, cells: pd.Series, zoned: pd.Series) -> None:
        """That all rows have a time zone or none has, and that no two are further apart than summer and winter."""
        if not zoned.any() and self.offset is None:
            return
        offsets = pd.Series([_offset(text) for text in cells], cells.index, "float64")
        bad = offsets.isna() if self.offset is not None else zoned
        bad |= (offsets - (self.offset or 0)).abs() > 60
        if bad.any():
            line, found = cells.index[bad][0] + 2, shown(cells[bad].iloc[0])
            raise UserError(
                f"{self.name}: line {line}, column {self.column}: {found} is of another time zone than "
                f"the first row's {shown(self.first)}"
            )

    def choose(self) -> NDArray[np.datetime64]:
        """The dates as the only reading, or the only one that reads them all."""
        whole = [
            np.concatenate(dates)
            for dates, failure in zip(self.readings, self.failures, strict=True)
            if failure is None
        ]
        if len(whole) == 2 and not np.array_equal(whole[0], whole[1]):
            raise UserError(
                f"{self.name}: column {self.column}: {self.first!r} may be day-month or month-day, and no row "
                "tells which; write dates as YYYY-MM-DD"
            )
        return whole[0]


def _read_dates(text: pd.Series, first: str) -> list[pd.Series]:
    """Dates of the form of ``first``, NaT where a cell has another; in both ways where day and month may be either."""
    if re.match(r"\d{1,2}[-/. ]\d{1,2}[-/. ]\d{4}", first):
        mark = re.sub(r"\d", "", first)[0]
        day = text.str.replace(CLOCK, "", regex=True)
        time = pd.to_timedelta(text.str.extract(CLOCK)[0].fillna("00:00:00").map(_clock))
        forms = (f"%d{mark}%m{mark}%Y", f"%m{mark}%d{mark}%Y")
        return [pd.to_datetime(day, format=form, errors="coerce") + time for form in forms]
    if re.fullmatch(r"\d{8}", first):
        return [pd.to_datetime(text, format="%Y%m%d", errors="coerce")]
    if re.match(r"\d{4}\D", first):
        iso = text.str.replace(r"^(\d{4})[./](\d{1,2})[./](\d{1,2})", r"\1-\2-\3", regex=True)
        dates = pd.to_datetime(iso, format="ISO8601", errors="coerce")
        if dates.isna().any():  # 2019-1-30: not ISO 8601, and yet plain
            dates = pd.to_datetime(iso, format="%Y-%m-%d", errors="coerce")
        return [dates]
    if re.search(MONTH, first):
        # a month in letters in every row, or day and month are a guess; and no `today`, which pandas reads too
        named = text.where(text.str.contains(MONTH))
        return [pd.to_datetime(named, format="mixed", errors="coerce")]
    return [pd.Series(pd.NaT, index=text.index, dtype="datetime64[us]")]


def _clock(text: str) -> str:
    return text if text.count(":") == 2 else f"{text}:00"


def _offset(text: str) -> int | None:
    """Minutes that a date's clock is ahead of Greenwich; None: it has no time zone."""
    if not (found := OFFSET.search(text)):
        return None
    sign, digits = found[2][0], re.sub(r"\D", "", found[2]) or "0000"
    return (int(digits[:2]) * 60 + int(digits[2:])) * (-1 if sign == "-" else 1)
