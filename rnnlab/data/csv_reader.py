"""A regular series from a table's file, as people have it: read, checked, sorted."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from rnnlab.core.errors import UserError
from rnnlab.data.columns import DATE_NAMES, find_columns, find_symbol_column, match, plain, price_of
from rnnlab.data.command import command_for
from rnnlab.data.csv_text import CsvFile
from rnnlab.data.dates_found import find_dates
from rnnlab.data.dialect import find_decimal
from rnnlab.data.missing import empty_words
from rnnlab.data.number_columns import find_numbers
from rnnlab.data.parquet_file import ENDINGS, ParquetFile
from rnnlab.data.row_collector import RowCollector
from rnnlab.data.rows import GUESS, Options, Rows

MOST_COLUMNS = 4000  # each takes a millisecond or two to look at


def open_table(source: Path | BinaryIO, name: str, options: Options) -> CsvFile | ParquetFile:
    """A table's file, its beginning read."""
    file: CsvFile | ParquetFile
    if isinstance(source, Path) and source.suffix.lower() in ENDINGS:
        file = ParquetFile(source, name)
    else:
        file = CsvFile(source, name, options.encoding, options.separator)
    if (count := len(file.dialect.names)) > MOST_COLUMNS:
        raise UserError(f"{name}: has {count:,} columns; up to {MOST_COLUMNS:,} are read: leave out what is not needed")
    if not file.dialect.sample:
        next(file.tables([]), None)  # says where a line is too long
        raise UserError(f"{name}: holds no row below the names of its columns")
    file.dialect = replace(file.dialect, empty=empty_words(options.missing))
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
    dialect, columns = file.dialect, list(dict.fromkeys(columns))
    names = dialect.names
    for column, count in Counter(map(str.strip, names)).items():
        if count > 1 and (column in columns or plain(column) in DATE_NAMES):
            raise UserError(f"{name}: has more than one column {column}")
    dated = find_dates(dialect, options.date, options.date_format, name)
    if taken := next((column for column in columns if match(column, dated.columns)), ""):
        raise UserError(f"{name}: column {taken} holds the dates; it can't be read as numbers too")
    numbers, command = find_numbers(dialect, dated), ""
    if isinstance(source, Path):
        with suppress(UserError):
            command = command_for(source, *numbers.choose(None, name))
    asked = find_columns(names, columns, name, command)
    others = [column for column in names if column not in dated.columns]
    found = (options.decimal, []) if options.decimal else find_decimal(dialect, asked.values(), others, name)
    decimal, guesses = found
    rows = RowCollector(name, asked, dated, decimal, options)
    if options.check_prices:
        rows.prices = {column: price for column, own in asked.items() if (price := price_of(own, names))}
    free = [column for column in others if column not in asked.values() and names.count(column) == 1]
    rows.symbol = find_symbol_column(free)
    rows.group = rows.symbol or dialect.find_group(others, dated.columns)
    for table in file.tables([*dated.columns, *asked.values(), *([rows.symbol] if rows.symbol else [])]):
        rows.add(table)
    return rows.finish([*dialect.guesses, *guesses], numbers.describe_unread(asked.values()))
