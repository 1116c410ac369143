"""A panel's long table, a row a symbol and day: CSV or Parquet, a file or a folder of files, read in batches.

Letters: R rows, C columns, S symbols.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnnlab.core.errors import UserError
from rnnlab.data.prices import (
    EMPTY,
    FIRST_DAY,
    LAST_DAY,
    OFFSET,
    POSITIVE,
    SYMBOL_NAMES,
    Prices,
    find_columns,
    find_symbol_column,
)
from rnnlab.data.series import Array, Dates, Series

if TYPE_CHECKING:
    import pyarrow as pa

Allocate = Callable[[dict[str, tuple[tuple[int, ...], Any]]], dict[str, NDArray[Any]]]

NAMELESS = "(no symbol)"  # what rows without one are counted as
ENDINGS = {".csv": "csv", ".parquet": "parquet", ".pq": "parquet"}
LONGEST_SYMBOL = 64  # characters of a symbol
BLOCK = 2**23  # bytes of a CSV file that are parsed at a time
ROWS_AT_ONCE = 2**17


@dataclass(frozen=True)
class Batch:
    """Some rows of a file, those with empty cells left out."""

    symbols: "pa.Array"  # (R,), strings
    dates: Dates  # (R,)
    values: Array  # (R, C)
    empty: dict[str, int]  # symbol -> rows that were left out


def read_panel(path: Path, columns: Sequence[str], allocate: Allocate) -> tuple[Series, dict[str, int]]:
    """Read a long table twice: to check and count, then to put each symbol's rows together.

    Args:
        path: a CSV or Parquet file, or a folder of files of one of these kinds; each with a column of dates, one of
            symbols (Symbol, Ticker or Code) and ``columns``; rows may stand in any order.
        allocate: makes arrays by name, of shapes and types; they may lie in files.

    Returns:
        The series, and of symbols with rows that have empty cells how many were left out.

    Raises:
        UserError: naming file, row or symbol, and column of what is wrong.
    """
    files, columns = _files(path), list(columns)
    counts: dict[str, int] = {}
    empty: dict[str, int] = {}
    for file in files:
        for batch in _batches(file, columns):
            for symbol, count in _count(batch.symbols).items():
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
    _gather(files, columns, symbols, bounds, arrays["dates"], arrays["values"])
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


def read_symbol(path: Path, symbol: str, columns: Sequence[str]) -> Prices:
    """One symbol's rows of a long table.

    Raises:
        UserError: as ``read_panel``, or if it has no row of the symbol.
    """
    dates, values, empty, last_day = list[Dates](), list[Array](), 0, FIRST_DAY
    for file in _files(path):
        for batch in _batches(file, list(columns)):
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
    dropped = [f"{path}: {empty} row{'s' * (empty > 1)} with empty cells dropped"] if empty else []
    return Prices(to_frame(series, 0, columns), (*dropped, *ended(series.dates[-1], last_day)))


def ended(last: np.datetime64, panel: np.datetime64) -> list[str]:
    """A notice, if a symbol's last day comes before the panel's."""
    return [f"the last price is of {_day(last)}, the panel goes on to {_day(panel)}"] if last < panel else []


def to_frame(series: Series, number: int, columns: Sequence[str]) -> pd.DataFrame:
    """A symbol's columns by date."""
    rows = slice(*series.spans[number].tolist())
    return pd.DataFrame(series.values[rows], pd.DatetimeIndex(series.dates[rows], name="Date"), list(columns))


def describe(series: Series, days: Dates, empty: Mapping[str, int]) -> pd.DataFrame:
    """A row a symbol: how its days differ from the panel's.

    Columns: symbol; rows; first and last, its days; missing, days of the panel between these that it has not;
    longest_gap, the most of these in a row; late and early, days of the panel before its first and after its last;
    empty, rows with empty cells, left out. Symbols of which nothing is left have 0 rows.
    """
    lines = []
    for symbol, dates, _ in series.all():
        own = np.searchsorted(days, dates)
        steps = np.diff(own) - 1
        lines.append(
            {
                "symbol": symbol,
                "rows": len(dates),
                "first": _day(dates[0]),
                "last": _day(dates[-1]),
                "missing": int(steps.sum()),
                "longest_gap": int(steps.max(initial=0)),
                "late": int(own[0]),
                "early": int(len(days) - 1 - own[-1]),
                "empty": empty.get(symbol, 0),
            }
        )
    nothing = dict.fromkeys(("missing", "longest_gap", "late", "early"), 0) | {"first": "", "last": ""}
    for symbol in sorted(set(empty) - set(series.symbols)):
        lines.append({"symbol": symbol, "rows": 0, "empty": empty[symbol]} | nothing)
    return pd.DataFrame(lines)


def summary(table: pd.DataFrame, days: Dates) -> list[str]:
    """Sentences on what ``describe`` found; for a person, with the first symbols of each kind."""
    sentences = [
        f"{len(table)} symbol{'s' * (len(table) != 1)}, {table['rows'].sum():,} rows, {len(days):,} days "
        f"from {_day(days[0])} to {_day(days[-1])}"
    ]
    for column, said in {
        "late": "start late (after the panel's first day)",
        "early": "stop early (before its last day)",
        "missing": "have gaps (days of the panel between their first and last that they lack)",
        "empty": "have rows with empty cells, which are left out",
    }.items():
        found = table.sort_values(column, ascending=False, kind="stable").query(f"{column} > 0")
        if len(found):
            some = [f"{symbol} {count}" for symbol, count in zip(found["symbol"], found[column], strict=True)]
            sentences.append(f"{len(found)} of {len(table)} symbols {said}: {_first(some)}")
    if none := table["symbol"][table["rows"] == 0].tolist():
        sentences.append(f"{len(none)} of {len(table)} symbols have no other rows, and are left out: {_first(none)}")
    return sentences


def _first(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if file.suffix.lower() in ENDINGS)
        kinds = {ENDINGS[file.suffix.lower()] for file in found}
        if len(kinds) != 1:
            raise UserError(
                f"{path}: holds {'both CSV and Parquet files' if kinds else 'no file'}; "
                "a folder of a panel holds files of one kind, .csv or .parquet"
            )
        return found
    if not path.exists():
        raise UserError(f"{path}: there is no such file or folder")
    if path.suffix.lower() not in ENDINGS:
        raise UserError(f"{path}: a panel is a file that ends in .csv or .parquet, or a folder of such files")
    return [path]


def _batches(file: Path, columns: list[str]) -> Iterator[Batch]:
    """A file's rows, checked; cells of CSV files as text first, so that a bad one can be shown as it stands."""
    import pyarrow as pa

    before = 0
    try:
        for table, date, symbol in _tables(file, columns):
            yield _check(file, before, table, date, symbol, columns)
            before += table.num_rows
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowKeyError, OSError) as error:
        why = " ".join(str(error).split())[:300]
        if "invalid UTF8" in why:
            raise UserError(f"{file}: is not UTF-8 text ({why})") from None
        if cut := re.search(r"(?:Row #(\d+): )?Expected (\d+) columns, got (\d+)", why):
            where = _place(file, int(cut[1]) - 1) if cut[1] else "a row"  # it counts the header too
            short = "; is it cut short?" if int(cut[3]) < int(cut[2]) else ""
            raise UserError(f"{file}: {where} has {cut[3]} cells, the header {cut[2]}{short}") from None
        raise UserError(f"{file}: can't be read: {why}") from None


def _place(file: Path, row: int) -> str:
    """What messages call a row: in a CSV file the line that it begins on, found by reading it once more."""
    if ENDINGS[file.suffix.lower()] == "csv":
        with file.open(encoding="utf-8-sig", errors="replace", newline="") as text, suppress(csv.Error):
            reader, begin, rows = csv.reader(text), 1, -1  # the header is none
            for cells in reader:
                rows += bool(cells)  # blank lines are none either
                if rows == row:
                    return f"line {begin}"
                begin = reader.line_num + 1
    return f"row {row}"


def _tables(file: Path, columns: list[str]) -> Iterator[tuple[Any, str, str]]:
    """Pieces of a file with the columns that are needed; the names of its column of dates and of symbols."""
    if ENDINGS[file.suffix.lower()] == "parquet":
        import pyarrow.parquet as pq

        with pq.ParquetFile(file) as parquet:
            date, symbol = _find(parquet.schema_arrow.names, columns, file)
            for batch in parquet.iter_batches(ROWS_AT_ONCE, columns=[date, symbol, *columns]):
                yield batch, date, symbol
        return
    import pyarrow as pa
    from pyarrow import csv as arrow

    with file.open("rb") as start:
        head = start.read(2**12)
    if not head:
        raise UserError(f"{file}: is empty; a header line and rows are needed")
    if b"\0" in head:
        raise UserError(f"{file}: is not UTF-8 text (a NUL byte)")
    reading = arrow.ReadOptions(block_size=BLOCK, use_threads=False)  # with threads it can't tell a bad row's line
    with arrow.open_csv(file, read_options=reading) as reader:
        names = reader.schema.names
    date, symbol = _find(names, columns, file)
    options = arrow.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()),  # symbols such as 005930 are no numbers
        include_columns=[date, symbol, *columns],
        strings_can_be_null=False,
    )
    with arrow.open_csv(file, read_options=reading, convert_options=options) as reader:
        for batch in reader:
            yield batch, date, symbol


def _find(found: Sequence[str], columns: list[str], file: Path) -> tuple[str, str]:
    date = find_columns(pd.Index(found), columns, str(file))
    symbol = find_symbol_column(found)
    if not symbol:
        raise UserError(
            f"{file}: no column of symbols; found {', '.join(found[:20])}, looked for {', '.join(SYMBOL_NAMES)}"
        )
    if twice := [name for name in (date, symbol, *columns) if list(found).count(name) > 1]:
        raise UserError(f"{file}: has more than one column {twice[0]}")
    if symbol in columns:
        raise UserError(f"{file}: column {symbol} holds the symbols; it can't be read as numbers too")
    return date, symbol


def _check(file: Path, before: int, table: Any, date: str, symbol: str, columns: list[str]) -> Batch:
    import pyarrow as pa
    import pyarrow.compute as pc

    cells = {name: _plain(table.column(name)) for name in (date, symbol, *columns)}
    if pa.types.is_floating(cells[symbol].type):
        raise UserError(f"{file}: column {symbol} holds numbers with a point; symbols are text or whole numbers")
    for name in columns:
        if pa.types.is_boolean(cells[name].type):
            raise UserError(f"{file}: column {name} holds true and false, where numbers are needed")
    missing = pa.array(np.zeros(table.num_rows, bool))
    for name, cell in cells.items():
        nothing = pc.is_null(cell)
        if pa.types.is_string(cell.type):
            words = [""] if name == symbol else sorted(EMPTY)  # a symbol may be called NA
            nothing = pc.or_(nothing, pc.is_in(pc.utf8_lower(cell), value_set=pa.array(words)))
        elif pa.types.is_floating(cell.type):
            nothing = pc.or_(nothing, pc.fill_null(pc.is_nan(cell), True))
        missing = pc.or_(missing, nothing)
    kept = pc.invert(missing)
    names = pc.fill_null(cells[symbol].cast(pa.string()).filter(missing), "")
    empty = _count(pc.if_else(pc.equal(names, ""), NAMELESS, names))
    cells = {name: cell.filter(kept) for name, cell in cells.items()}
    numbered = np.flatnonzero(kept.to_numpy(zero_copy_only=False))

    def fault_at(bad: NDArray[np.bool_], column: str, why: str) -> None:
        if bad.any():
            place = int(np.flatnonzero(bad)[0])
            name, shown = (str(cells[key][place].as_py())[:40] for key in (symbol, column))
            where = _place(file, before + int(numbered[place]) + 1)
            raise UserError(f"{file}: {where} ({name}), column {column}: {shown!r} {why}")

    values = np.empty((len(numbered), len(columns)))
    for number, name in enumerate(columns):
        values[:, number] = numbers = _numbers(cells[name])
        fault_at(~np.isfinite(numbers), name, "is not a finite number")
        if name in POSITIVE:
            fault_at(numbers <= 0, name, "is no price: it must be above 0")
    if "High" in columns and "Low" in columns:
        crossed = values[:, columns.index("High")] < values[:, columns.index("Low")]
        fault_at(crossed, "High", "lies below Low")
    dates = _dates(cells[date])
    fault_at(np.isnat(dates), date, "is not a date; YYYY-MM-DD and YYYYMMDD are read")
    fault_at((dates < FIRST_DAY) | (dates >= LAST_DAY + 1), date, f"lies outside {FIRST_DAY} to {LAST_DAY}")
    return Batch(cells[symbol].cast(pa.string()), dates, values, empty)


def _plain(column: Any) -> Any:
    """Without a dictionary, and text without blanks around it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
        column = column.cast(pa.string())
    return pc.utf8_trim_whitespace(column) if pa.types.is_string(column.type) else column


def _numbers(column: Any) -> Array:
    """As float64, NaN where a text is no number."""
    import pyarrow as pa

    if pa.types.is_string(column.type):
        try:
            column = column.cast(pa.float64())
        except pa.ArrowInvalid:
            return np.asarray(pd.to_numeric(column.to_pandas(), errors="coerce"), np.float64)
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), np.float64)


def _dates(column: Any) -> Dates:
    """The days by the exchange's own clock, in microseconds; NaT where a text is no date."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_integer(column.type):  # 20201030
        column = column.cast(pa.string())
    if pa.types.is_timestamp(column.type) and column.type.tz:
        column = pc.local_timestamp(column)
    if pa.types.is_string(column.type):
        column = pc.replace_substring_regex(column, r"^(\d{4})(\d\d)(\d\d)$", r"\1-\2-\3")
        column = pc.replace_substring_regex(column, OFFSET.pattern, r"\1")
    try:
        moments = column.cast(pa.timestamp("us"), safe=False).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        moments = pd.to_datetime(column.to_pandas(), format="ISO8601", errors="coerce")
    return np.asarray(moments, "datetime64[D]").astype("datetime64[us]")


def _count(symbols: Any) -> dict[str, int]:
    return {entry["values"]: entry["counts"] for entry in symbols.value_counts().to_pylist()}


def _gather(
    files: list[Path], columns: list[str], symbols: list[str], bounds: NDArray[np.int64], dates: Dates, values: Array
) -> None:
    """Write each symbol's rows where they belong, in the order in which they come."""
    import pyarrow as pa
    import pyarrow.compute as pc

    known, free = pa.array(symbols), bounds[:-1].copy()
    for file in files:
        for batch in _batches(file, columns):
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
                day = _day(sorted_dates[1:][twice][0])
                raise UserError(f"{path}: symbol {symbol} has more than one row for {day}; one a day is allowed")
            dates[:], values[:] = sorted_dates, values[order]


def _day(moment: np.datetime64) -> str:
    return str(moment)[:10]
