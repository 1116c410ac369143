"""A column of dates in one of the forms that people write, read without a guess between day and month."""

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnnlab.core.errors import UserError
from rnnlab.data.columns import shown
from rnnlab.data.date_forms import OFFSET, ZONED, by_format, readings

Dates = NDArray[np.datetime64]
YEARLY = np.timedelta64(300, "D")  # the same day of each year is a form that was read the wrong way round


class DateColumn:
    """The dates of a file, taken in some rows at a time.

    Args:
        name: of the file, for messages.
        column: the column's name.
        form: as strptime has it; None: found.

    Attributes:
        called: what the form is called, for a person; empty: it needs no word.
    """

    def __init__(self, name: str, column: str, form: str | None = None) -> None:
        self.name, self.column, self.form, self.called = name, column, form, ""
        self.first = ""  # the first date, whose form all have
        self.offset: int | None = None  # minutes, of its time zone
        self._offsets: list[NDArray[np.float64]] = []  # of all rows, where they have such
        self._read: dict[str, list[Dates]] = {}  # by form, those that such a text may be of
        self._failures: dict[str, tuple[int, str]] = {}  # by form: line and text of the first that it can't read

        try:
            by_format(form or "%Y")(pd.Series([""]))
        except (ValueError, re.error) as error:
            raise UserError(f"{name}: series.read.date_format {form!r}: {error}") from None

    def add(self, cells: pd.Series) -> None:
        """Read some more rows; ``cells`` by the line of the file."""
        if not self.first:
            self.first, self.offset = cells.iloc[0], _offset(cells.iloc[0])
        zoned = cells.str.contains(ZONED, regex=True)
        self._check_offsets(cells, zoned)
        # the exchange's own clock is what counts
        text = cells.str.replace(OFFSET, r"\1", regex=True) if zoned.any() else cells
        first = OFFSET.sub(r"\1", self.first)
        forms = {"": by_format(self.form)} if self.form else readings(first, numbers=True)
        for called, read in forms.items():
            dates = read(text)
            bad = dates.isna().to_numpy()
            if bad.any() and called not in self._failures:
                self._failures[called] = int(cells.index[bad][0]), cells[bad].iloc[0]
            self._read.setdefault(called, []).append(dates.to_numpy("datetime64[us]"))
        if len(self._failures) == len(forms):
            line, found = max(self._failures.values(), default=(int(cells.index[0]), self.first))
            raise UserError(
                f"{self.name}: line {line}, column {self.column}: {shown(found)} is not a date{self._why(found)}; "
                "YYYY-MM-DD is always read, -S series.read.date_format='%d.%m.%Y' says another form, "
                "-S series.date=false counts rows"
            )

    def _why(self, found: str) -> str:
        """What seems to be wrong with a text."""
        if re.search(r"[ T]24:00", found):
            return " (24:00 is no time of a day: write 00:00 of the next)"
        if found == self.first:
            return " in a form that is read"
        if not re.search(r"\d", found):
            return " (is it a total? one is left out below the last row alone)"
        order = {"day.month.year", "month.day.year"} <= set(self._failures)
        if order and len({line for line, _ in self._failures.values()}) > 1:
            line, text = min(self._failures.values())
            return f" in one form with line {line}, {shown(text)}: in one the day is first, in the other the month"
        return f" in one form with the first row, {shown(self.first)}"

    def choose(self) -> Dates:
        """The dates in the only form that reads them all, or the only one in which they follow each other."""
        whole = {called: np.concatenate(dates) for called, dates in self._read.items() if called not in self._failures}
        if len(whole) > 1:  # 02-01-20 may be of three forms
            in_order = {called: dates for called, dates in whole.items() if _is_in_order(dates)}
            near = {called: dates for called, dates in in_order.items() if _step(dates) < YEARLY}
            whole = near or in_order or whole
        kept = list(whole.items())
        if any(not np.array_equal(dates, kept[0][1]) for _, dates in kept[1:]):
            raise UserError(
                f"{self.name}: column {self.column}: {self.first!r} may be {' or '.join(whole)}, and no row "
                "tells which; say it, as -S series.read.date_format="
                + " or ".join(f"'{_strptime(called, self.first)}'" for called in whole)
            )
        called, dates = kept[0]
        # a year in full needs no word
        self.called = ("" if "%" in called and "%y" not in called else called) + self._reason(called, dates)
        return self._by_one_clock(dates) if self._offsets else dates

    def _reason(self, called: str, dates: Dates) -> str:
        """Why this form was chosen among several."""
        others = [name for name in self._read if name != called]
        if "day" not in called or not others:
            return ""
        if readable := [name for name in others if name not in self._failures]:
            if all(np.array_equal(np.concatenate(self._read[name]), dates) for name in readable):
                return ""
            form = _strptime(readable[0], self.first)
            return f" (so the dates follow each other; -S series.read.date_format='{form}' reads {readable[0]})"
        line, text = min(self._failures[name] for name in others)
        return f" (line {line}: {shown(text)} can't be {' or '.join(others)})"

    def _by_one_clock(self, dates: Dates) -> Dates:
        """The dates by the exchange's own clock; by the first row's, where summer time tears a regular rhythm."""
        ahead = np.concatenate(self._offsets) - (self.offset or 0)
        fixed: Dates = dates - (ahead * 60e6).astype("timedelta64[us]")
        if _count_steps(fixed) >= _count_steps(dates):
            return dates
        hours, minutes = divmod(abs(self.offset or 0), 60)
        sign = "-" if (self.offset or 0) < 0 else "+"
        self.called += f"{', ' * bool(self.called)}times by UTC{sign}{hours:02}:{minutes:02}, as the first row's"
        return fixed

    def _check_offsets(self, cells: pd.Series, zoned: pd.Series) -> None:
        """That all rows have a time zone or none has, and that no two are further apart than summer and winter."""
        if not zoned.any() and self.offset is None:
            return
        offsets = pd.Series([_offset(text) for text in cells], cells.index, "float64")
        bad = offsets.isna() if self.offset is not None else zoned
        bad |= (offsets - (self.offset or 0)).abs() > 60
        self._offsets.append(offsets.to_numpy())
        if bad.any():
            line, found = cells.index[bad][0], shown(cells[bad].iloc[0])
            raise UserError(
                f"{self.name}: line {line}, column {self.column}: {found} is of another time zone than "
                f"the first row's {shown(self.first)}"
            )


def _step(dates: Dates) -> np.timedelta64:
    """Between most rows."""
    step: np.timedelta64 = np.median(np.abs(np.diff(dates)))
    return step


def _count_steps(dates: Dates) -> int:
    """How many distances neighbours have."""
    steps: NDArray[np.timedelta64] = np.unique(np.diff(np.sort(dates)))
    return len(steps)


def _strptime(called: str, first: str) -> str:
    """A form like month.day.year, with the marks and the time of day that ``first`` has."""
    day, *clock = re.split(r"[ T]", first, maxsplit=1) if ":" in first else [first]
    mark = next(iter(re.findall(r"[-/.]", day)), "-")
    year = "%Y" if re.search(r"\d{4}", day) else "%y"
    form = called.replace("day", "%d").replace("month", "%m").replace("year", year).replace(".", mark)
    return form + "".join(" %H:%M" + ":%S" * (part.count(":") > 1) for part in clock)


def _is_in_order(dates: Dates) -> bool:
    """Whether the rows go forwards or backwards, a few aside."""
    steps = np.diff(dates) / np.timedelta64(1, "s")
    return len(steps) > 0 and bool(max(np.mean(steps > 0), np.mean(steps < 0)) > 0.98)


def _offset(text: str) -> int | None:
    """Minutes that a date's clock is ahead of Greenwich; None: it has no time zone."""
    if not (found := OFFSET.search(text)):
        return None
    sign, digits = found[2][0], re.sub(r"\D", "", found[2]).ljust(4, "0")
    return (int(digits[:2]) * 60 + int(digits[2:])) * (-1 if sign == "-" else 1)
