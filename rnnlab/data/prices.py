"""Daily (or other regular) prices from a CSV file: read, checked, sorted."""

import codecs
import csv
import difflib
import io
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnnlab.core.errors import UserError

DATE_NAMES = ("date", "datetime", "timestamp", "time", "날짜", "일자")
SYMBOL_NAMES = ("symbol", "ticker", "code", "종목코드", "종목")
EMPTY = {"", "null", "nan", "na", "n/a", "none", "-"}
OFFSET = re.compile(r"(:\d\d(?:\.\d+)?)\s*(Z|UTC|[+-]\d\d:?\d\d)$")
CLOCK = r"[ T]((?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?)$"
MONTH = r"(?i)jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
POSITIVE = {"Open", "High", "Low", "Close", "Adj Close"}
FIRST_DAY, LAST_DAY = np.datetime64("1900-01-01"), np.datetime64("2100-12-31")
SHOWN = 5  # lines named in a notice
SHOWN_NAMES = 20  # columns named in an error
LONGEST = 2**16  # bytes of a line; a parser's memory grows with it
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
    for table in _tables(source, rows.name, rows.needed):
        rows.add(table)
    return rows.prices()


def find_columns(found: pd.Index, needed: Sequence[str], name: str) -> str:
    """The column of dates; ``name`` is what messages call the file.

    Raises:
        UserError: if there is none, one of those that are needed is missing, or they are not separated by commas.
    """
    if len(found) == 1 and (mark := re.search(r"[;\t|]", found[0])):
        raise UserError(f"{name}: columns are separated by {mark.group()!r}; only the comma is read")
    date_column = next((column for column in found if column.strip().lower() in DATE_NAMES), None)
    if date_column is None and found[0] == "Price":
        raise UserError(f"{name}: has yfinance's header of two levels; download with multi_level_index=False")
    if date_column is None:
        raise UserError(f"{name}: no date column; found {_listed(found)}, looked for {_listed(DATE_NAMES)}")
    if missing := [column for column in needed if column not in found]:
        near = difflib.get_close_matches(missing[0], found, n=1, cutoff=0.6)
        hint = f" (is {missing[0]} perhaps {near[0]}?)" if near else ""
        raise UserError(f"{name}: no column {_listed(missing)}; found {_listed(found)}{hint}")
    if date_column in needed:
        raise UserError(f"{name}: column {date_column} holds the dates; it can't be read as numbers too")
    return str(date_column)


def find_symbol_column(found: Iterable[str]) -> str:
    """The column of symbols; empty: there is none."""
    return next((name for name in found if name.strip().lower() in SYMBOL_NAMES), "")


class _Rows:
    """The rows of a file, taken in table by table, so that the text of few is in memory at a time."""

    def __init__(self, name: str, needed: list[str]) -> None:
        self.name, self.needed = name, needed
        self.date_column = self.symbol_column = ""
        self.numbers: dict[str, list[NDArray[np.float64]]] = {column: [] for column in needed}
        self.lines: list[NDArray[np.int64]] = []  # of the file, of each row
        self.dropped: list[int] = []  # lines with empty cells
        self.first = ""  # the first date, whose form all have
        self.offset: int | None = None  # minutes, of its time zone
        self.readings: list[list[NDArray[np.datetime64]]] = []  # the dates, in each way that such a form may mean
        self.failures: list[tuple[int, str] | None] = []  # line and text of the first that a reading can't read

    def add(self, table: pd.DataFrame) -> None:
        self.date_column = self.date_column or find_columns(table.columns, self.needed, self.name)
        self.symbol_column = find_symbol_column(table.columns)
        cells = table[[self.date_column, *self.needed]].apply(lambda column: column.str.strip())
        empty = cells.apply(lambda column: column.str.lower().isin(EMPTY)).any(axis=1)
        blank = table[empty].apply(lambda column: column.str.strip() == "").all(axis=1)
        self.dropped += _lines(~blank)
        cells = cells[~empty]
        if cells.empty:
            return
        for column in self.needed:
            self.numbers[column].append(self._to_numbers(cells[column]))
        if "High" in self.numbers and "Low" in self.numbers:
            crossed = self.numbers["High"][-1] < self.numbers["Low"][-1]
            if crossed.any():
                high, low = cells.loc[crossed, ["High", "Low"]].iloc[0]
                raise UserError(
                    f"{self.name}: line {cells.index[crossed][0] + 2}: High ({high}) lies below Low ({low})"
                )
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
        odd = (dates < FIRST_DAY) | (dates >= LAST_DAY + 1)
        if odd.any():
            line, day = np.concatenate(self.lines)[odd][0], str(dates[odd][0])[:10]
            raise UserError(
                f"{self.name}: line {line}, column {self.date_column}: {day} lies outside {FIRST_DAY} to {LAST_DAY}"
            )
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

    def _to_numbers(self, cells: pd.Series) -> NDArray[np.float64]:
        numbers = pd.to_numeric(cells, errors="coerce").to_numpy("float64")
        bad = ~np.isfinite(numbers)
        if bad.any():
            line, found = cells.index[bad][0] + 2, _shown(cells[bad].iloc[0])
            raise UserError(f"{self.name}: line {line}, column {cells.name}: {found} is not a finite number")
        if cells.name in POSITIVE and (low := numbers <= 0).any():
            line, found = cells.index[low][0] + 2, _shown(cells[low].iloc[0])
            raise UserError(f"{self.name}: line {line}, column {cells.name}: {found} is no price: it must be above 0")
        return numbers

    def _add_dates(self, cells: pd.Series) -> None:
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
                f"{self.name}: line {line}, column {self.date_column}: {_shown(found)} is not a date "
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
            line, found = cells.index[bad][0] + 2, _shown(cells[bad].iloc[0])
            raise UserError(
                f"{self.name}: line {line}, column {self.date_column}: {found} is of another time zone than "
                f"the first row's {_shown(self.first)}"
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
                + (f" (column {self.symbol_column}: is it a panel? stock.source: panel)" if self.symbol_column else "")
            )


class _Text(io.TextIOBase):
    """A file's text, piece by piece, refused before a parser chokes on it."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.file, self.name, self.line = file, name, 1
        self.decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self.start = self._piece()
        self.header = next(csv.reader(io.StringIO(self.start, newline="")), [])

    def read(self, size: int | None = -1, /) -> str:
        text, self.start = self.start or self._piece(), ""
        return text

    def _piece(self) -> str:
        piece = self.file.read(LONGEST)
        if b"\0" in piece:
            raise UserError(f"{self.name}: line {self._line(piece, piece.index(0))} is not UTF-8 text (a NUL byte)")
        if len(piece) == LONGEST and not re.search(rb"[\r\n]", piece):
            raise UserError(f"{self.name}: line {self.line} is too long: up to {LONGEST:,} bytes are read")
        try:
            text = self.decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            line = self._line(piece, error.start)
            raise UserError(f"{self.name}: line {line} is not UTF-8 text ({error.reason})") from None
        self.line = self._line(piece, len(piece))
        return text or (self._piece() if piece else "")  # no more than half a character came

    def _line(self, piece: bytes, stop: int) -> int:
        return self.line + (piece.count(b"\n", 0, stop) or piece.count(b"\r", 0, stop))


def _tables(source: Path | BinaryIO, name: str, once: Sequence[str]) -> Iterator[pd.DataFrame]:
    """A file's rows as text, so that each bad cell can be named as it stands there, some rows at a time.

    The columns of ``once``, and the date's, may stand there once only.
    """
    options: Any = {"dtype": str, "keep_default_na": False, "skip_blank_lines": False, "index_col": False}
    try:
        with source.open("rb") if isinstance(source, Path) else nullcontext(source) as file:
            text = _Text(file, name)
            if not any(cell.strip() for cell in text.header) and text.start.strip():
                raise UserError(f"{name}: line 1 is blank; the names of the columns should stand there")
            names = [column for column in text.header if column in once or column.strip().lower() in DATE_NAMES]
            if twice := [column for column in dict.fromkeys(names) if names.count(column) > 1]:
                raise UserError(f"{name}: has more than one column {_listed(twice)}")
            open_ended = False  # does a row end with an empty cell, or before it?
            with pd.read_csv(text, chunksize=ROWS_AT_ONCE, **options) as tables:
                while True:
                    with warnings.catch_warnings():  # rows longer than the header: cells would be lost
                        warnings.simplefilter("error", pd.errors.ParserWarning)
                        table = next(tables, None)
                    if table is None:
                        if open_ended:
                            _check_lengths(file, name)
                        return
                    if table.empty:
                        raise UserError(f"{name}: holds a header and no row")
                    open_ended |= bool((table.iloc[:, -1] == "").any())
                    yield table
    except pd.errors.ParserWarning:
        raise UserError(
            f"{name}: line 2: rows hold more cells than the header names; is the separator a comma?"
        ) from None
    except FileNotFoundError:
        raise UserError(f"{name}: there is no such file") from None
    except IsADirectoryError:
        raise UserError(f"{name}: can't be read: it is a folder, and a single series is a CSV file") from None
    except pd.errors.EmptyDataError:
        raise UserError(f"{name}: is empty; a header line and rows are needed") from None
    except (pd.errors.ParserError, csv.Error, OSError) as error:
        raise UserError(f"{name}: can't be read as comma-separated text: {' '.join(str(error).split())}") from None


def _check_lengths(file: BinaryIO, name: str) -> None:
    """That no row is cut short; blank lines aside. pandas does not tell cells that are missing from empty ones."""
    file.seek(0)
    rows = csv.reader(text := io.TextIOWrapper(file, "utf-8-sig", newline=""))
    header = len(next(rows))
    for line, row in enumerate(rows, 2):
        if len(row) < header and any(cell.strip() for cell in row):
            raise UserError(f"{name}: line {line}: the row has {len(row)} cells, the header {header}: is it cut short?")
    text.detach()  # which would close the file


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


def _lines(mask: pd.Series) -> list[int]:
    """The file's line numbers of the marked rows: row 0 is line 2."""
    return [int(row) + 2 for row in mask.index[mask]]


def _some(lines: list[int]) -> str:
    more = f" and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    return ", ".join(map(str, lines[:SHOWN])) + more


def _listed(names: Sequence[str] | pd.Index) -> str:
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return ", ".join(name if len(name) <= 40 else f"{name[:40]}…" for name in map(str, names[:SHOWN_NAMES])) + more


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")


def _day(moment: pd.Timestamp) -> str:
    return str(moment.date() if moment == moment.normalize() else moment)
