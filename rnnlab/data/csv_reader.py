"""A regular series from a table's file, as people have it: read, checked, sorted."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnnlab.core.errors import UserError
from rnnlab.data.columns import (
    DATE_NAMES,
    EMPTY,
    FIRST_DAY,
    LAST_DAY,
    find_columns,
    find_symbol_column,
    listed,
    match,
    plain,
    price_of,
    shown,
    shown_day,
    some,
)
from rnnlab.data.command import command_for
from rnnlab.data.csv_text import CsvFile, is_footer
from rnnlab.data.date_column import DateColumn
from rnnlab.data.dates_found import Dated, find_dates
from rnnlab.data.dialect import find_decimal
from rnnlab.data.numbers import to_numbers
from rnnlab.data.parquet_file import ENDINGS, ParquetFile
from rnnlab.data.rows import GUESS, Options, Rows

SENTINELS = {-99.0, -99.9, -99.99, -999.0, -999.9, -999.99, -9999.0, -99999.0}  # often written for no value
MOST_FAULTS = 1000  # that wait for the rows to be chosen


def open_table(source: Path | BinaryIO, name: str, options: Options) -> CsvFile | ParquetFile:
    """A table's file, its beginning read."""
    file: CsvFile | ParquetFile
    if isinstance(source, Path) and source.suffix.lower() in ENDINGS:
        file = ParquetFile(source, name)
    else:
        file = CsvFile(source, name, options.encoding, options.separator)
    if options.missing:
        file.dialect = replace(file.dialect, empty=file.dialect.empty | {mark.lower() for mark in options.missing})
    return file


def read_rows(source: Path | BinaryIO, columns: Sequence[str], name: str = "", options: Options = GUESS) -> Rows:
    """Read the dates and ``columns`` of a table's file; other columns are ignored.

    Args:
        source: CSV in any dialect, also packed with gzip; or Parquet.
        columns: the columns that must be there, by any of their names.
        name: what messages call the file, where that is not its path.

    Raises:
        UserError: naming file, line and column of what is wrong, and the parameter that helps.
    """
    name = name or str(source)
    file = open_table(source, name, options)
    names, columns = file.dialect.names, list(dict.fromkeys(columns))
    if twice := [
        found for found in names if names.count(found) > 1 and (found in columns or plain(found) in DATE_NAMES)
    ]:
        raise UserError(f"{name}: has more than one column {twice[0]}")
    dated = find_dates(file.dialect, options.date, options.date_format, name)
    if taken := next((column for column in columns if match(column, dated.columns)), ""):
        raise UserError(f"{name}: column {taken} holds the dates; it can't be read as numbers too")
    asked = find_columns(names, columns, name, command_for(source, file.dialect, dated))
    others = [column for column in names if column not in dated.columns]
    found = (options.decimal, []) if options.decimal else find_decimal(file.dialect, asked.values(), others, name)
    decimal, guesses = found
    rows = _Rows(name, asked, dated, decimal, options)
    rows.empty = file.dialect.empty
    if options.check_prices:
        rows.prices = {column: price for column, own in asked.items() if (price := price_of(own, names))}
    rows.symbol = find_symbol_column(name for name in file.dialect.names if name not in asked.values())
    for table in file.tables([*dated.columns, *asked.values()]):
        rows.add(table)
    return rows.finish([*file.dialect.guesses, *guesses])


class _Rows:
    """The rows of a file, taken in table by table, so that the text of few is in memory at a time."""

    def __init__(self, name: str, asked: Mapping[str, str], dated: Dated, decimal: str, options: Options) -> None:
        self.name, self.asked, self.dated, self.decimal, self.options = name, asked, dated, decimal, options
        self.prices: Mapping[str, str] = {}  # of the columns that are prices, which ones
        self.symbol = ""
        self.empty: frozenset[str] = frozenset(EMPTY)
        self.dates = DateColumn(name, dated.shown, options.date_format) if dated.columns else None
        self.numbers: dict[str, list[NDArray[np.float64]]] = {column: [] for column in asked}
        self.lines: list[NDArray[np.int64]] = []  # of the file, of each row
        self.dropped: list[int] = []  # lines with empty cells
        self.faults: list[tuple[int, str]] = []  # lines, and what is wrong with their values

    def add(self, table: pd.DataFrame) -> None:
        needed = table[[*self.dated.columns, *self.asked.values()]].apply(lambda column: column.str.strip())
        empty = needed.apply(lambda column: column.str.lower().isin(self.empty)).any(axis=1)
        if empty.any():
            left = table[empty]
            said = left.apply(lambda column: column.str.strip() != "").sum(axis=1)
            notes = [
                count == 1 and is_footer(row) for count, row in zip(said, left.itertuples(index=False), strict=True)
            ]
            self.dropped += left.index[(said > 0).to_numpy() & ~np.array(notes)].tolist()
        cells = needed[~empty]
        if cells.empty:
            return
        for column, own in self.asked.items():
            self.numbers[column].append(self._to_numbers(cells[own]))
        self.lines.append(cells.index.to_numpy())
        if self.dates is not None:
            self.dates.add(self.dated.join(cells))

    def finish(self, guesses: Sequence[str]) -> Rows:
        if not self.lines:
            raise UserError(f"{self.name}: no row with {'a date and ' if self.dates else ''}{listed(list(self.asked))}")
        lines = np.concatenate(self.lines)
        # column by column, and each list is let go of: the file may be large
        values = {column: np.concatenate(self.numbers.pop(column)) for column in self.asked}
        index, notices = self._index(lines)
        if self.dates and not bool((np.diff(index) > np.timedelta64(0)).all()):
            order = np.argsort(index, kind="stable")
            self._check_once(index[order], lines[order])
            notices.append(f"{self.name}: the dates were not in order; rows sorted by date")
            index, lines = index[order], lines[order]
            values = {column: of[order] for column, of in values.items()}
        notices += [note for column, of in values.items() if (note := self._sentinel(column, of))]
        in_range, zeros = self._in_range(index), self._halted(values)
        if zeros.all():
            raise UserError(f"{self.name}: a price is 0 in every row; -S series.check_prices=false reads them")
        chosen = in_range & ~zeros
        if self.options.rows:  # counted without the halts, as they are when rows are chosen from what was read
            chosen[np.flatnonzero(chosen)[: -self.options.rows]] = False
        self._check(values, lines, chosen)
        halted = zeros & in_range
        if self.options.rows:
            halted[: int(chosen.argmax())] = False
        if self.dropped:
            notices.append(f"{self._rows(len(self.dropped))} with empty cells dropped (line {some(self.dropped)})")
        if halted.any():
            notices.append(
                f"{self._rows(int(halted.sum()))} of a trading halt left out, whose prices are 0 "
                f"(line {some(lines[halted].tolist())}; -S series.check_prices=false reads them)"
            )
        unread = [~np.isfinite(of) for of in values.values()] if self.faults else []  # of rows that were not chosen
        gone = np.logical_or.reduce([zeros, *unread])
        kept = ~gone if gone.any() else slice(None)
        frame = pd.DataFrame({column: of[kept] for column, of in values.items()}, copy=False)
        frame.index = pd.DatetimeIndex(index[kept], name="Date") if self.dates else pd.Index(index[kept], name="row")
        called = [self.dates.called] if self.dates and self.dates.called else []
        called += [] if self.dates else ["no dates: rows are counted"]
        left_out = len(self.dropped) + int(halted.sum())
        return Rows(frame, tuple(notices), (*guesses, *called), self.dated.shown, left_out)

    def _rows(self, count: int) -> str:
        return f"{self.name}: {count} row{'s' * (count > 1)}"

    def _sentinel(self, column: str, values: NDArray[np.float64]) -> str:
        """A note, where the smallest value looks like a mark for none: -999 among temperatures."""
        least = np.min(values) if len(values) else 0.0
        rest = values[values > least]
        if least not in SENTINELS or len(rest) in (0, len(values) - 1) or rest.min() < least / 2:
            return ""
        return (
            f"{self.name}: column {column} is {least:g} in {len(values) - len(rest)} rows: if it means that there "
            f"is no value, -S 'series.read.missing=[{least:g}]' leaves them out"
        )

    def _index(self, lines: NDArray[np.int64]) -> tuple[NDArray[np.generic], list[str]]:
        """The dates, or the rows' numbers."""
        if self.dates is None:
            if self.options.start or self.options.end:
                raise UserError(f"{self.name}: its rows have no dates: series.start and series.end must be null")
            return np.arange(1, len(lines) + 1), []
        dates = self.dates.choose()
        odd = (dates < FIRST_DAY) | (dates >= LAST_DAY + 1)
        if odd.any():
            line, day = lines[odd][0], str(dates[odd][0])[:10]
            raise UserError(
                f"{self.name}: line {line}, column {self.dates.column}: {day} lies outside {FIRST_DAY} to {LAST_DAY}"
            )
        return dates, []

    def _in_range(self, index: NDArray[np.generic]) -> NDArray[np.bool_]:
        """The rows from ``start`` to ``end``."""
        chosen = np.ones(len(index), bool)
        if self.options.start:
            chosen &= index >= np.datetime64(self.options.start)
        if self.options.end:
            chosen &= index < np.datetime64(self.options.end) + np.timedelta64(1, "D")
        return chosen

    def _halted(self, values: Mapping[str, NDArray[np.float64]]) -> NDArray[np.bool_]:
        """The rows in which a price is 0: of a day without trading."""
        zeros = [values[column] == 0 for column in self.prices]
        return np.logical_or.reduce(zeros) if zeros else np.zeros(len(next(iter(values.values()))), bool)

    def _check(
        self, values: Mapping[str, NDArray[np.float64]], lines: NDArray[np.int64], chosen: NDArray[np.bool_]
    ) -> None:
        """That the values of these rows are what their columns say."""

        def first(bad: NDArray[np.bool_]) -> int:
            """The place of the first in the file."""
            places = np.flatnonzero(bad)
            return int(places[np.argmin(lines[places])])

        wanted = set(lines[chosen].tolist()) if self.faults else set()
        for line, fault in sorted(self.faults):
            if line in wanted:
                raise UserError(fault)
        for column in self.prices:
            if (low := chosen & (values[column] < 0)).any():
                place = first(low)
                raise UserError(
                    f"{self.name}: line {lines[place]}, column {column}: {values[column][place]:g} is no price: it "
                    "must be above 0; -S series.check_prices=false reads it, series.start or rows may leave it out"
                )
        by_price = {price: column for column, price in self.prices.items()}
        if "high" in by_price and "low" in by_price:
            high, low_values = values[by_price["high"]], values[by_price["low"]]
            if (crossed := chosen & (high < low_values)).any():
                place = first(crossed)
                raise UserError(
                    f"{self.name}: line {lines[place]}: High ({high[place]:g}) lies below Low "
                    f"({low_values[place]:g}); -S series.check_prices=false reads it"
                )

    def _to_numbers(self, cells: pd.Series) -> NDArray[np.float64]:
        numbers = to_numbers(cells, self.decimal)
        bad = ~np.isfinite(numbers)
        for line, found in zip(cells.index[bad][:MOST_FAULTS].tolist(), cells[bad].iloc[:MOST_FAULTS], strict=True):
            self.faults.append(
                (line, f"{self.name}: line {line}, column {cells.name}: {shown(found)} is not a finite number")
            )
        if len(self.faults) > MOST_FAULTS:
            raise UserError(min(self.faults)[1])
        return numbers

    def _check_once(self, dates: NDArray[np.generic], lines: NDArray[np.int64]) -> None:
        """That no date stands twice; ``dates`` are in order."""
        repeated = np.flatnonzero(dates[1:] == dates[:-1])
        if len(repeated):
            day = dates[repeated[0]]
            where = sorted(lines[dates == day].tolist())
            raise UserError(
                f"{self.name}: {shown_day(pd.Timestamp(day))} is in more than one row of column {self.dated.shown} "
                f"(line {some(where)}); one row a date is allowed"
                + (f" (column {self.symbol}: is it a panel? -S series.source=panel)" if self.symbol else "")
            )
