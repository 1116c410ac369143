"""A panel's long table, a row a symbol and day: CSV or Parquet, a file or a folder of files, read in batches.

Letters: R rows, C columns, S symbols.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnnlab.core.errors import UserError
from rnnlab.core.files import Allocate
from rnnlab.data.columns import FIRST_DAY, find_symbol_column
from rnnlab.data.long_table_batches import Batch, count_rows, find_files, read_batches
from rnnlab.data.panel_summary import day_of, ended
from rnnlab.data.rows import GUESS, Options, Rows
from rnnlab.data.series import Array, Dates, Series

LONGEST_SYMBOL = 64  # characters of a symbol


def read_panel(
    path: Path, columns: Sequence[str], allocate: Allocate, options: Options = GUESS
) -> tuple[Series, dict[str, int]]:
    """Read a long table twice: to check and count, then to put each symbol's rows together.

    Args:
        path: a CSV or Parquet file, or a folder of files of one of these kinds; each with a column of dates, one of
            symbols (Symbol, Ticker or Code) and ``columns``; rows may stand in any order.
        allocate: makes arrays by name, of shapes and types; they may lie in files.
        options: as ``read_batches`` has it.

    Returns:
        The series, and of symbols with rows that have empty cells, or of a trading halt, how many were left out.

    Raises:
        UserError: naming file, row or symbol, and column of what is wrong.
    """
    files, columns = find_files(path), list(columns)
    read = partial(read_batches, columns=columns, options=options)
    counts: dict[str, int] = {}
    empty: dict[str, int] = {}
    for file in files:
        for batch in read(file):
            for symbol, count in count_rows(batch.symbols).items():
                counts[symbol] = counts.get(symbol, 0) + count
            for symbol, count in batch.empty.items():
                empty[symbol] = empty.get(symbol, 0) + count
    if not counts:
        raise UserError(f"{path}: no row with a date, a symbol and {', '.join(columns)}")
    symbols = sorted(counts)
    for symbol in symbols:
        if len(symbol) > LONGEST_SYMBOL or not symbol.isprintable():
            raise UserError(
                f"{path}: symbol {symbol[:LONGEST_SYMBOL]!r}: up to {LONGEST_SYMBOL} characters that can be printed"
            )
    bounds = np.concatenate([[0], np.cumsum([counts[symbol] for symbol in symbols])])
    rows = int(bounds[-1])
    arrays = allocate({"dates": ((rows,), "datetime64[us]"), "values": ((rows, len(columns)), np.float64)})
    _gather(files, read, symbols, bounds, arrays["dates"], arrays["values"])
    series = Series(tuple(symbols), np.stack([bounds[:-1], bounds[1:]], 1), arrays["dates"], arrays["values"])
    _sort(series, path)
    return series, empty


def is_long_table(path: Path) -> bool:
    """Whether a path is a panel's table: a folder, a Parquet file, or a CSV file with a column of symbols."""
    if path.is_dir() or path.suffix.lower() in (".parquet", ".pq"):
        return True
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file), [])
    except (OSError, UnicodeDecodeError, csv.Error):  # who reads it says so
        return False
    return bool(find_symbol_column(header))


def read_symbol(path: Path, symbol: str, columns: Sequence[str], options: Options = GUESS) -> Rows:
    """One symbol's rows of a long table.

    Raises:
        UserError: as ``read_panel``, or if it has no row of the symbol.
    """
    dates, values, empty, last_day = list[Dates](), list[Array](), 0, FIRST_DAY
    for file in find_files(path):
        for batch in read_batches(file, list(columns), options):
            own = batch.symbols.to_numpy(zero_copy_only=False) == symbol
            dates.append(batch.dates[own])
            values.append(batch.values[own])
            empty += batch.empty.get(symbol, 0)
            last_day = np.append(batch.dates, last_day).max()
    count = sum(map(len, dates))
    if not count:
        raise UserError(f"{path}: no row of symbol {symbol} with a date and {', '.join(columns)}")
    series = Series((symbol,), np.array([[0, count]]), np.concatenate(dates), np.concatenate(values))
    _sort(series, path)
    dropped = (
        [f"{path}: {empty} row{'s' * (empty > 1)} with {options.empty_cells} or of a halt dropped"] if empty else []
    )
    return Rows(to_frame(series, 0, columns), (*dropped, *ended(series.dates[-1], last_day)), left_out=empty)


def to_frame(series: Series, number: int, columns: Sequence[str]) -> pd.DataFrame:
    """A symbol's columns by date."""
    rows = slice(*series.spans[number].tolist())
    return pd.DataFrame(series.values[rows], pd.DatetimeIndex(series.dates[rows], name="Date"), list(columns))


def _gather(
    files: list[Path],
    read: Callable[[Path], Iterator[Batch]],
    symbols: list[str],
    bounds: NDArray[np.int64],
    dates: Dates,
    values: Array,
) -> None:
    """Write each symbol's rows where they belong, in the order in which they come."""
    import pyarrow as pa
    import pyarrow.compute as pc

    known, free = pa.array(symbols), bounds[:-1].copy()
    for file in files:
        for batch in read(file):
            codes = pc.index_in(batch.symbols, value_set=known).to_numpy(zero_copy_only=False).astype(np.intp)
            order = np.argsort(codes, kind="stable")
            present, first, count = np.unique(codes[order], return_index=True, return_counts=True)
            places = free[codes[order]] + np.arange(len(order)) - np.repeat(first, count)
            if (places >= bounds[codes[order] + 1]).any():
                raise UserError(f"{file}: was changed while it was read; read it again")
            dates[places], values[places] = batch.dates[order], batch.values[order]
            free[present] += count
    if (free != bounds[1:]).any():
        raise UserError(f"{files[0].parent}: was changed while it was read; read it again")


def _sort(series: Series, path: Path) -> None:
    for symbol, dates, values in series.all():
        if not (dates[1:] > dates[:-1]).all():
            order = np.argsort(dates, kind="stable")
            sorted_dates = dates[order]
            if (twice := sorted_dates[1:] == sorted_dates[:-1]).any():
                day = day_of(sorted_dates[1:][twice][0])
                raise UserError(f"{path}: symbol {symbol} has more than one row for {day}; one a day is allowed")
            dates[:], values[:] = sorted_dates, values[order]
