"""Daily (or other regular) prices from a CSV file: read, checked, sorted."""

import datetime
import difflib
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnnlab.errors import UserError

DATE_NAMES = ("date", "datetime", "timestamp", "time", "날짜", "일자")
EMPTY = {"", "null", "nan", "na", "n/a", "none", "-"}
OFFSET = re.compile(r"(:\d\d(?:\.\d+)?)\s*(?:Z|UTC|[+-]\d\d:?\d\d)$")
SHOWN = 5  # lines named in a notice
ROWS_AT_ONCE = 2**17


@dataclass(frozen=True)
class Prices:
    """Rows in order of time, and what a person should know of how they came about."""

    frame: pd.DataFrame  # index: dates; columns as asked for, float64
    notices: tuple[str, ...]


def read_prices(source: Path | BinaryIO, columns: Sequence[str], name: str = "") -> Prices:
    """Read the date column and ``columns`` of a CSV file; other columns are ignored.

    Args:
        source: the file; comma-separated, UTF-8, a header in line 1.
        columns: the columns that must be there.
        name: what messages call the file, where that is not its path.

    Raises:
        UserError: naming file, line and column of what is wrong.
    """
    rows = _Rows(name or str(source), list(dict.fromkeys(columns)))
    for table in _tables(source, rows.name):
        rows.add(table)
    return rows.prices()


def select(
    frame: pd.DataFrame, start: datetime.date | None, end: datetime.date | None, rows: int | None
) -> pd.DataFrame:
    """The days from ``start`` to ``end``, both included, and of these the last ``rows``.

    Raises:
        UserError: if nothing is left.
    """
    first = frame.index.searchsorted(pd.Timestamp(start)) if start else 0
    stop = frame.index.searchsorted(pd.Timestamp(end) + pd.Timedelta(days=1)) if end else len(frame)
    chosen = frame.iloc[first:stop]
    if chosen.empty:
        raise UserError(
            f"no row from stock.start={start} to stock.end={end}: "
            f"the data go from {_day(frame.index[0])} to {_day(frame.index[-1])}"
        )
    return chosen if rows is None else chosen.iloc[-rows:]


class _Rows:
    """The rows of a file, taken in table by table, so that the text of few is in memory at a time."""

    def __init__(self, name: str, needed: list[str]) -> None:
        self.name, self.needed = name, needed
        self.date_column = ""
        self.numbers: dict[str, list[NDArray[np.float64]]] = {column: [] for column in needed}
        self.lines: list[NDArray[np.int64]] = []  # of the file, of each row
        self.dropped: list[int] = []  # lines with empty cells
        self.first = ""  # the first date, whose form all have
        self.readings: list[list[NDArray[np.datetime64]]] = []  # the dates, in each way that such a form may mean
        self.failures: list[tuple[int, str] | None] = []  # line and text of the first that a reading can't read

    def add(self, table: pd.DataFrame) -> None:
        self.date_column = self.date_column or self._check_header(table.columns)
        cells = table[[self.date_column, *self.needed]].apply(lambda column: column.str.strip())
        empty = cells.apply(lambda column: column.str.lower().isin(EMPTY)).any(axis=1)
        blank = table[empty].apply(lambda column: column.str.strip() == "").all(axis=1)
        self.dropped += _lines(~blank)
        cells = cells[~empty]
        if cells.empty:
            return
        for column in self.needed:
            self.numbers[column].append(self._to_numbers(cells[column]))
        self.lines.append(cells.index.to_numpy() + 2)
        self._add_dates(cells[self.date_column])

    def prices(self) -> Prices:
        if not self.lines:
            raise UserError(f"{self.name}: no row with a date and {_listed(self.needed)}")
        notices = []
        if self.dropped:
            count = len(self.dropped)
            rows = "row" if count == 1 else "rows"
            notices.append(f"{self.name}: {count} {rows} with empty cells dropped (line {_some(self.dropped)})")
        dates = self._choose_dates()
        # column by column, and each list is let go of: the file may be large
        columns = {column: np.concatenate(self.numbers.pop(column)) for column in self.needed}
        if not (dates[1:] > dates[:-1]).all():
            order = np.argsort(dates, kind="stable")
            dates = dates[order]
            self._check_once(dates, order)
            columns = {column: values[order] for column, values in columns.items()}
            notices.append(f"{self.name}: the dates were not in order; rows sorted by date")
        frame = pd.DataFrame(columns, index=pd.DatetimeIndex(dates, name="Date"), copy=False)
        return Prices(frame, tuple(notices))

    def _check_header(self, found: pd.Index) -> str:
        date_column = next((column for column in found if column.strip().lower() in DATE_NAMES), None)
        if date_column is None and found[0] == "Price":
            raise UserError(f"{self.name}: has yfinance's header of two levels; download with multi_level_index=False")
        if date_column is None:
            raise UserError(f"{self.name}: no date column; found {_listed(found)}, looked for {_listed(DATE_NAMES)}")
        if missing := [column for column in self.needed if column not in found]:
            near = difflib.get_close_matches(missing[0], found, n=1, cutoff=0.6)
            hint = f" (is {missing[0]} perhaps {near[0]}?)" if near else ""
            raise UserError(f"{self.name}: no column {_listed(missing)}; found {_listed(found)}{hint}")
        return str(date_column)

    def _to_numbers(self, cells: pd.Series) -> NDArray[np.float64]:
        numbers = pd.to_numeric(cells, errors="coerce").to_numpy("float64")
        bad = ~np.isfinite(numbers)
        if bad.any():
            line, found = cells.index[bad][0] + 2, cells[bad].iloc[0]
            raise UserError(f"{self.name}: line {line}, column {cells.name}: {found!r} is not a finite number")
        return numbers

    def _add_dates(self, cells: pd.Series) -> None:
        if not self.first:
            self.first = cells.iloc[0]
        readings = _read_dates(cells, self.first)
        self.readings = self.readings or [[] for _ in readings]
        self.failures = self.failures or [None for _ in readings]
        for number, dates in enumerate(readings):
            bad = dates.isna().to_numpy()
            if bad.any() and self.failures[number] is None:
                self.failures[number] = int(cells.index[bad][0]) + 2, cells[bad].iloc[0]
            self.readings[number].append(dates.to_numpy("datetime64[us]"))
        failures = [failure for failure in self.failures if failure is not None]
        if len(failures) == len(readings):
            line, text = max(failures)  # of the reading that got furthest
            raise UserError(
                f"{self.name}: line {line}, column {self.date_column}: {text!r} is not a date "
                "in one form with the first row; YYYY-MM-DD is always read"
            )

    def _choose_dates(self) -> NDArray[np.datetime64]:
        """The dates as the only reading, or the only one that reads them all."""
        whole = [
            np.concatenate(dates)
            for dates, failure in zip(self.readings, self.failures, strict=True)
            if failure is None
        ]
        if len(whole) == 2 and not np.array_equal(whole[0], whole[1]):
            raise UserError(
                f"{self.name}: column {self.date_column}: {self.first!r} may be day-month or month-day, and no row "
                "tells which; write dates as YYYY-MM-DD"
            )
        return whole[0]

    def _check_once(self, dates: NDArray[np.datetime64], order: NDArray[np.int64]) -> None:
        """That no date stands twice; ``dates`` are sorted by ``order``."""
        repeated = np.flatnonzero(dates[1:] == dates[:-1])
        if len(repeated):
            day = dates[repeated[0]]
            lines = sorted(np.concatenate(self.lines)[order[dates == day]].tolist())
            raise UserError(
                f"{self.name}: {_day(pd.Timestamp(day))} stands more than once in column {self.date_column} "
                f"(line {_some(lines)}); one row a date is allowed"
            )


def _tables(source: Path | BinaryIO, name: str) -> Iterator[pd.DataFrame]:
    """A file's rows as text, so that each bad cell can be named as it stands there, some rows at a time."""
    options: Any = {"dtype": str, "keep_default_na": False, "skip_blank_lines": False, "index_col": False}
    try:
        with pd.read_csv(source, encoding="utf-8-sig", chunksize=ROWS_AT_ONCE, **options) as tables:
            while True:
                with warnings.catch_warnings():  # rows longer than the header: cells would be lost
                    warnings.simplefilter("error", pd.errors.ParserWarning)
                    table = next(tables, None)
                if table is None:
                    return
                if len(table.columns) == 1 and (found := re.search(r"[;\t|]", table.columns[0])):
                    raise UserError(f"{name}: columns are separated by {found.group()!r}; only the comma is read")
                if table.empty:
                    raise UserError(f"{name}: holds a header and no row")
                yield table.fillna("")
    except pd.errors.ParserWarning:
        raise UserError(f"{name}: rows hold more cells than the header names; is the separator a comma?") from None
    except FileNotFoundError:
        raise UserError(f"{name}: there is no such file") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{name}: is not UTF-8 text ({error.reason} at byte {error.start})") from None
    except pd.errors.EmptyDataError:
        raise UserError(f"{name}: is empty; a header line and rows are needed") from None
    except (pd.errors.ParserError, OSError) as error:
        raise UserError(f"{name}: can't be read as comma-separated text: {' '.join(str(error).split())}") from None


def _read_dates(cells: pd.Series, first: str) -> list[pd.Series]:
    """Dates of the form of ``first``, NaT where a cell has another; in both ways where day and month may be either."""
    text = cells.str.replace(OFFSET, r"\1", regex=True)  # the exchange's own clock is what counts
    if re.match(r"\d{1,2}[-/. ]\d{1,2}[-/. ]\d{4}", first):
        mark = re.sub(r"\d", "", first)[0]
        day = text.str.split(r"[ T](?=\d{1,2}:)", regex=True).str[0]
        time = pd.to_timedelta(text.str.extract(r"[ T](\d{1,2}:\d\d(?::\d\d)?)$")[0].fillna("00:00:00").map(_clock))
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
    if re.search(r"[A-Za-z]{3}", first):
        # a month in letters in every row, or day and month are a guess
        named = text.where(text.str.contains(r"[A-Za-z]{3}"))
        return [pd.to_datetime(named, format="mixed", errors="coerce")]
    return [pd.Series(pd.NaT, index=text.index, dtype="datetime64[us]")]


def _clock(text: str) -> str:
    return text if text.count(":") == 2 else f"{text}:00"


def _lines(mask: pd.Series) -> list[int]:
    """The file's line numbers of the marked rows: row 0 is line 2."""
    return [int(row) + 2 for row in mask.index[mask]]


def _some(lines: list[int]) -> str:
    more = f" and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    return ", ".join(map(str, lines[:SHOWN])) + more


def _listed(names: Sequence[str] | pd.Index) -> str:
    return ", ".join(map(str, names))


def _day(moment: pd.Timestamp) -> str:
    return str(moment.date() if moment == moment.normalize() else moment)
