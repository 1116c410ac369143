"""The files of a panel's long table in batches of rows: found, read and checked.

Letters: R rows, C columns.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnnlab.core.errors import UserError
from rnnlab.data.columns import (
    DATE_NAMES,
    EMPTY,
    FIRST_DAY,
    LAST_DAY,
    SYMBOL_NAMES,
    find_columns,
    find_symbol_column,
    listed,
    plain,
    price_of,
)
from rnnlab.data.date_forms import OFFSET
from rnnlab.data.series import Array, Dates

if TYPE_CHECKING:
    import pyarrow as pa

NAMELESS = "(no symbol)"  # what rows without one are counted as
ENDINGS = {".csv": "csv", ".parquet": "parquet", ".pq": "parquet"}
BLOCK = 2**23  # bytes of a CSV file that are parsed at a time
ROWS_AT_ONCE = 2**17


@dataclass(frozen=True)
class Batch:
    """Some rows of a file, those with empty cells left out."""

    symbols: "pa.Array"  # (R,), strings
    dates: Dates  # (R,)
    values: Array  # (R, C)
    empty: dict[str, int]  # symbol -> rows that were left out


@dataclass(frozen=True)
class _Names:
    """The columns of a table that are needed.

    Attributes:
        own: by the names that were asked for, as the file calls them.
        prices: of those asked for that are prices, which ones.
    """

    date: str
    symbol: str
    own: dict[str, str]
    prices: dict[str, str]

    @property
    def all(self) -> list[str]:
        return [self.date, self.symbol, *self.own.values()]


def find_files(path: Path) -> list[Path]:
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


def read_batches(file: Path, columns: list[str]) -> Iterator[Batch]:
    """A file's rows, checked; cells of CSV files as text first, so that a bad one can be shown as it stands."""
    import pyarrow as pa

    before = 0
    try:
        for table, names in _tables(file, columns):
            yield _check(file, before, table, names)
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


def _tables(file: Path, columns: list[str]) -> Iterator[tuple[Any, _Names]]:
    """Pieces of a file with the columns that are needed, and their names."""
    if ENDINGS[file.suffix.lower()] == "parquet":
        import pyarrow.parquet as pq

        with pq.ParquetFile(file) as parquet:
            found = _find(parquet.schema_arrow.names, columns, file)
            for batch in parquet.iter_batches(ROWS_AT_ONCE, columns=found.all):
                yield batch, found
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
    found = _find(names, columns, file)
    options = arrow.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()),  # symbols such as 005930 are no numbers
        include_columns=found.all,
        strings_can_be_null=False,
    )
    with arrow.open_csv(file, read_options=reading, convert_options=options) as reader:
        for batch in reader:
            yield batch, found


def _find(found: Sequence[str], columns: list[str], file: Path) -> _Names:
    if len(found) == 1 and (mark := re.search(r"[;\t|]", found[0])):
        raise UserError(f"{file}: columns are separated by {mark.group()!r}; of a panel only the comma is read")
    date = next((name for known in DATE_NAMES for name in found if plain(name) == known), None)
    if date is None:
        raise UserError(f"{file}: no date column; found {listed(found)}, looked for {listed(DATE_NAMES)}")
    symbol = find_symbol_column(found)
    if not symbol:
        raise UserError(
            f"{file}: no column of symbols; found {', '.join(found[:20])}, looked for {', '.join(SYMBOL_NAMES)}"
        )
    if taken := next((column for column in columns if column in (date, symbol)), ""):
        holds = "symbols" if taken == symbol else "dates"
        raise UserError(f"{file}: column {taken} holds the {holds}; it can't be read as numbers too")
    own = find_columns([name for name in found if name not in (date, symbol)], columns, str(file))
    names = _Names(
        date, symbol, own, {name: price for name, column in own.items() if (price := price_of(column, found))}
    )
    if twice := [name for name in names.all if list(found).count(name) > 1]:
        raise UserError(f"{file}: has more than one column {twice[0]}")
    return names


def _check(file: Path, before: int, table: Any, names: _Names) -> Batch:
    import pyarrow as pa
    import pyarrow.compute as pc

    date, symbol, columns = names.date, names.symbol, list(names.own.values())
    cells = {name: _plain(table.column(name)) for name in names.all}
    if pa.types.is_floating(cells[symbol].type):
        raise UserError(f"{file}: column {symbol} holds numbers with a point; symbols are text or whole numbers")
    for name in columns:
        if pa.types.is_boolean(cells[name].type):
            raise UserError(f"{file}: column {name} holds true and false, where numbers are needed")
    missing = pa.array(np.zeros(table.num_rows, bool))
    for name, cell in cells.items():
        # a symbol may be called NA
        missing = pc.or_(missing, _is_empty(cell, {""} if name == symbol else EMPTY))
    kept = pc.invert(missing)
    nameless = pc.fill_null(cells[symbol].cast(pa.string()).filter(missing), "")
    empty = count_rows(pc.if_else(pc.equal(nameless, ""), NAMELESS, nameless))
    cells = {name: cell.filter(kept) for name, cell in cells.items()}
    numbered = np.flatnonzero(kept.to_numpy(zero_copy_only=False))

    def fault_at(bad: NDArray[np.bool_], column: str, why: str) -> None:
        if bad.any():
            place = int(np.flatnonzero(bad)[0])
            name, shown = (str(cells[key][place].as_py())[:40] for key in (symbol, column))
            where = _place(file, before + int(numbered[place]) + 1)
            raise UserError(f"{file}: {where} ({name}), column {column}: {shown!r} {why}")

    priced = {theirs for asked, theirs in names.own.items() if asked in names.prices}
    places = {price: list(names.own).index(asked) for asked, price in names.prices.items()}
    values = np.empty((len(numbered), len(columns)))
    for number, name in enumerate(columns):
        values[:, number] = numbers = _numbers(cells[name])
        fault_at(~np.isfinite(numbers), name, "is not a finite number")
        if name in priced:
            fault_at(numbers <= 0, name, "is no price: it must be above 0")
    if "high" in places and "low" in places:
        crossed = values[:, places["high"]] < values[:, places["low"]]
        fault_at(crossed, columns[places["high"]], "lies below Low")
    dates = _dates(cells[date])
    fault_at(np.isnat(dates), date, "is not a date; YYYY-MM-DD and YYYYMMDD are read")
    fault_at((dates < FIRST_DAY) | (dates >= LAST_DAY + 1), date, f"lies outside {FIRST_DAY} to {LAST_DAY}")
    return Batch(cells[symbol].cast(pa.string()), dates, values, empty)


def _is_empty(column: Any, words: set[str]) -> Any:
    """Of each cell whether it is null, no number, or one of the words."""
    import pyarrow as pa
    import pyarrow.compute as pc

    nothing = pc.is_null(column)
    if pa.types.is_string(column.type):
        return pc.or_(nothing, pc.is_in(pc.utf8_lower(column), value_set=pa.array(sorted(words))))
    if pa.types.is_floating(column.type):
        return pc.or_(nothing, pc.fill_null(pc.is_nan(column), True))
    return nothing


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


def count_rows(symbols: Any) -> dict[str, int]:
    return {entry["values"]: entry["counts"] for entry in symbols.value_counts().to_pylist()}
