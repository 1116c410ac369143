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
from numpy.typing import NDArray

from rnnlab.core.errors import UserError
from rnnlab.data.arrow_columns import TYPES, is_empty, plainly, to_dates, to_numbers
from rnnlab.data.columns import (
    DATE_NAMES,
    FIRST_DAY,
    LAST_DAY,
    SYMBOL_NAMES,
    find_columns,
    find_symbol_column,
    listed,
    plain,
    price_of,
)
from rnnlab.data.missing import empty_words
from rnnlab.data.rows import GUESS, Options
from rnnlab.data.series import Array, Dates

if TYPE_CHECKING:
    import pyarrow as pa

NAMELESS = "(no symbol)"  # what rows without one are counted as
ENDINGS = {".csv": "csv", ".parquet": "parquet", ".pq": "parquet"}
BLOCK = 2**23  # bytes of a CSV file that are parsed at a time
ROWS_AT_ONCE = 2**17


@dataclass(frozen=True)
class Batch:
    """Some rows of a file, without those that have empty cells or are of a trading halt."""

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


def read_batches(file: Path, columns: list[str], options: Options = GUESS) -> Iterator[Batch]:
    """A file's rows, checked; cells of CSV files as text first, so that a bad one can be shown as it stands.

    Args:
        options: of which ``decimal``, ``missing`` and ``check_prices`` count; where open, high, low and close must be
            prices, a row in which one is 0 is of a trading halt.
    """
    import pyarrow as pa

    options.check_panel()
    before = 0
    try:
        for table, names in _tables(file, columns):
            yield _check(file, before, table, names, options)
            before += table.num_rows
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        why = " ".join(str(error).split())[:300]
        if "UTF8" in why or isinstance(error, UnicodeDecodeError):
            raise UserError(f"{file}: is not UTF-8 text ({why})") from None
        if "straddling" in why:
            raise UserError(f"{file}: a row is too long: up to {BLOCK:,} bytes are read") from None
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


def _cells(file: Path, table: Any, names: _Names, words: frozenset[str]) -> tuple[dict[str, Any], Any]:
    """The columns that are needed, and of each row whether a cell of these is empty."""
    import pyarrow as pa
    import pyarrow.compute as pc

    cells = {name: plainly(table.column(name)) for name in names.all}
    if pa.types.is_floating(cells[names.symbol].type):
        raise UserError(f"{file}: column {names.symbol} holds numbers with a point; symbols are text or whole numbers")
    for name, what in {names.date: "dates", **dict.fromkeys(names.own.values(), "numbers")}.items():
        if not re.match(TYPES[what], str(cells[name].type)):
            raise UserError(f"{file}: column {name} holds {cells[name].type}, where {what} are needed")
    missing = pa.array(np.zeros(table.num_rows, bool))
    for name, cell in cells.items():
        # a symbol may be called NA
        missing = pc.or_(missing, is_empty(cell, {""} if name == names.symbol else words))
    return cells, missing


def _check(file: Path, before: int, table: Any, names: _Names, options: Options) -> Batch:
    import pyarrow as pa
    import pyarrow.compute as pc

    date, symbol = names.date, names.symbol
    cells, missing = _cells(file, table, names, empty_words(options.missing))
    kept = pc.invert(missing)
    nameless = pc.fill_null(cells[symbol].cast(pa.string()).filter(missing), "")
    empty = count_rows(pc.if_else(pc.equal(nameless, ""), NAMELESS, nameless))
    cells = {name: cell.filter(kept) for name, cell in cells.items()}
    numbered = np.flatnonzero(kept.to_numpy(zero_copy_only=False))
    columns = list(names.own.values())
    values = np.empty((len(numbered), len(columns)))
    for number, name in enumerate(columns):
        values[:, number] = to_numbers(cells[name], options.decimal)
    places = {price: list(names.own).index(asked) for asked, price in names.prices.items() if options.check_prices}
    halted = (values[:, list(places.values())] == 0).any(axis=1)
    if halted.any():
        for name, count in count_rows(cells[symbol].cast(pa.string()).filter(pa.array(halted))).items():
            empty[name] = empty.get(name, 0) + count
        cells = {name: cell.filter(pa.array(~halted)) for name, cell in cells.items()}
        numbered, values = numbered[~halted], values[~halted]

    def fault_at(bad: NDArray[np.bool_], column: str, why: str) -> None:
        if bad.any():
            place = int(np.flatnonzero(bad)[0])
            name, shown = (str(cells[key].slice(place, 1).cast(pa.string())[0])[:40] for key in (symbol, column))
            where = _place(file, before + int(numbered[place]) + 1)
            raise UserError(f"{file}: {where} ({name}), column {column}: {shown!r} {why}")

    for number, name in enumerate(columns):
        fault_at(~np.isfinite(values[:, number]), name, "is not a finite number")
        if number in places.values():
            low = values[:, number] < 0
            fault_at(low, name, "is no price: it must be above 0; -S series.check_prices=false reads it")
    if "high" in places and "low" in places:
        crossed = values[:, places["high"]] < values[:, places["low"]]
        fault_at(crossed, columns[places["high"]], "lies below Low; -S series.check_prices=false reads it")
    dates = to_dates(cells[date])
    fault_at(np.isnat(dates), date, "is not a date; YYYY-MM-DD and YYYYMMDD are read")
    fault_at((dates < FIRST_DAY) | (dates >= LAST_DAY + 1), date, f"lies outside {FIRST_DAY} to {LAST_DAY}")
    return Batch(cells[symbol].cast(pa.string()), dates, values, empty)


def count_rows(symbols: Any) -> dict[str, int]:
    return {entry["values"]: entry["counts"] for entry in symbols.value_counts().to_pylist()}
