"""Daily (or other regular) prices from a CSV file: read, checked, sorted."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnnlab.core.errors import UserError
from rnnlab.data.columns import (
    EMPTY,
    FIRST_DAY,
    LAST_DAY,
    POSITIVE,
    find_columns,
    find_symbol_column,
    listed,
    shown,
    shown_day,
    some,
)
from rnnlab.data.csv_text import read_tables
from rnnlab.data.date_column import DateColumn


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
    for table in read_tables(source, rows.name, rows.needed):
        rows.add(table)
    return rows.prices()


class _Rows:
    """The rows of a file, taken in table by table, so that the text of few is in memory at a time."""

    def __init__(self, name: str, needed: list[str]) -> None:
        self.name, self.needed = name, needed
        self.dates, self.symbol_column = DateColumn(name, ""), ""
        self.numbers: dict[str, list[NDArray[np.float64]]] = {column: [] for column in needed}
        self.lines: list[NDArray[np.int64]] = []  # of the file, of each row
        self.dropped: list[int] = []  # lines with empty cells

    def add(self, table: pd.DataFrame) -> None:
        if not self.dates.column:
            self.dates.column = find_columns(table.columns, self.needed, self.name)
        self.symbol_column = find_symbol_column(table.columns)
        cells = table[[self.dates.column, *self.needed]].apply(lambda column: column.str.strip())
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
        self.dates.add(cells[self.dates.column])

    def prices(self) -> Prices:
        if not self.lines:
            raise UserError(f"{self.name}: no row with a date and {listed(self.needed)}")
        notices = []
        if self.dropped:
            count = len(self.dropped)
            rows = "row" if count == 1 else "rows"
            notices.append(f"{self.name}: {count} {rows} with empty cells dropped (line {some(self.dropped)})")
        dates = self.dates.choose()
        odd = (dates < FIRST_DAY) | (dates >= LAST_DAY + 1)
        if odd.any():
            line, day = np.concatenate(self.lines)[odd][0], str(dates[odd][0])[:10]
            raise UserError(
                f"{self.name}: line {line}, column {self.dates.column}: {day} lies outside {FIRST_DAY} to {LAST_DAY}"
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
            line, found = cells.index[bad][0] + 2, shown(cells[bad].iloc[0])
            raise UserError(f"{self.name}: line {line}, column {cells.name}: {found} is not a finite number")
        if cells.name in POSITIVE and (low := numbers <= 0).any():
            line, found = cells.index[low][0] + 2, shown(cells[low].iloc[0])
            raise UserError(f"{self.name}: line {line}, column {cells.name}: {found} is no price: it must be above 0")
        return numbers

    def _check_once(self, dates: NDArray[np.datetime64], order: NDArray[np.int64]) -> None:
        """That no date stands twice; ``dates`` are sorted by ``order``."""
        repeated = np.flatnonzero(dates[1:] == dates[:-1])
        if len(repeated):
            day = dates[repeated[0]]
            lines = sorted(np.concatenate(self.lines)[order[dates == day]].tolist())
            raise UserError(
                f"{self.name}: {shown_day(pd.Timestamp(day))} stands more than once in column {self.dates.column} "
                f"(line {some(lines)}); one row a date is allowed"
                + (f" (column {self.symbol_column}: is it a panel? series.source: panel)" if self.symbol_column else "")
            )


def _lines(mask: pd.Series) -> list[int]:
    """The file's line numbers of the marked rows: row 0 is line 2."""
    return [int(row) + 2 for row in mask.index[mask]]
