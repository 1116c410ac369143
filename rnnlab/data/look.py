"""What would be read of a table's file, and the command that reads it; nothing is written."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rnnlab.core.errors import UserError
from rnnlab.data.columns import find_symbol_column, listed
from rnnlab.data.command import LEAST, TRAINS, columns_of, full, offer, run, window_length
from rnnlab.data.csv_reader import open_table, read_rows
from rnnlab.data.dates_found import find_dates
from rnnlab.data.long_table import is_long_table
from rnnlab.data.long_table_batches import count_rows, find_files, read_batches
from rnnlab.data.number_columns import find_numbers
from rnnlab.data.rhythm import date_format, describe_gaps, find_rhythm
from rnnlab.data.rows import Options


@dataclass(frozen=True)
class Look:
    """Attributes:
    rows: that would be read.
    first, last: their dates, or numbers.
    columns: that hold numbers.
    target: the one that is forecast.
    date: the column of dates; empty: there is none.
    rhythm: what a row is called.
    left_out: rows.
    guesses: what was found out of how the file is written.
    notes: gaps, and what was left out.
    command: that trains on it; empty: there are too few rows.
    offer: lines with this command, and what else should be known of it.
    """

    rows: int
    first: str
    last: str
    columns: list[str]
    target: str
    date: str
    rhythm: str
    left_out: int
    guesses: list[str]
    notes: list[str]
    command: str
    offer: list[str]

    def lines(self) -> Iterator[str]:
        """For a terminal."""
        dates = f"column {self.date}" if self.date else "rows are counted"
        each = "" if self.rhythm == "row" else f", one per {self.rhythm}"
        yield f"{self.rows:,} rows{each}, from {self.first} to {self.last} ({dates})"
        yield f"columns of numbers: {', '.join(self.columns)}; {self.target} is forecast"
        if self.guesses:
            yield f"read as: {', '.join(self.guesses)}"
        yield from self.notes
        if self.command:
            yield from ("", *self.offer)


def look(path: Path, target: str | None, options: Options) -> Look:
    """What would be read of a file.

    Args:
        target: the column to forecast; None: Close of prices, else the first that holds numbers.

    Raises:
        UserError: if it can't be read.
    """
    if path.is_dir():
        return _look_at_panel(path, target, options)
    file = open_table(path, str(path), options)
    if _is_panel(path, options):
        return _look_at_panel(path, target, options)
    dated = find_dates(file.dialect, options.date, options.date_format, str(path))
    numbers = find_numbers(file.dialect, dated)
    target, features = numbers.choose(target, str(path))
    rows = read_rows(path, numbers.numbers, options=options)
    dates = rows.frame.index.to_numpy()
    rhythm = find_rhythm(dates)
    length = window_length(rhythm)
    few = [f"{len(dates)} rows are too few to train on: at least {LEAST + length} are needed"] * (
        len(dates) < LEAST + length
    )
    lines = offer(path, target, features, len(dates), length, options, rows.marks)
    return Look(
        rows=len(rows.frame),
        first=_text(dates, 0),
        last=_text(dates, -1),
        columns=list(numbers.numbers),
        target=target,
        date=rows.date,
        rhythm=rhythm.word,
        left_out=rows.left_out,
        guesses=list(rows.guesses),
        notes=[*rows.notices, *numbers.describe_passed_over([target, *features]), *describe_gaps(dates), *few],
        command="" if few else lines[1],
        offer=[] if few else lines,
    )


def _text(dates: Any, place: int) -> str:
    form = date_format(dates)
    return f"{dates[place].astype('datetime64[s]').item():{form}}" if form else str(dates[place])


def _is_panel(path: Path, options: Options) -> bool:
    """Whether a table has rows of several symbols."""
    if path.suffix.lower() not in (".csv", ".parquet", ".pq") or not is_long_table(path):
        return False
    file = open_table(path, str(path), options)
    symbol = find_symbol_column(file.dialect.names)
    known: set[str] = set()
    for table in file.tables([symbol]) if symbol else ():
        known |= set(table[symbol].str.strip()) - {""}
        if len(known) > 1:
            return True
    return False


def _look_at_panel(path: Path, target: str | None, options: Options) -> Look:
    """Of the columns that the command reads; gaps are those of all symbols' days together."""
    files = find_files(path)
    dialect = open_table(files[0], str(files[0]), options).dialect
    symbol = find_symbol_column(dialect.names)
    dated = find_dates(dialect, options.date, options.date_format, str(files[0]))
    numbers = find_numbers(dialect, dated).without(symbol)
    target, features = numbers.choose(target, str(path))
    columns = list(numbers.numbers)
    counts, days, left_out = Counter[str](), np.array([], "datetime64[us]"), 0
    for file in files:
        for batch in read_batches(file, columns, options):
            counts.update(count_rows(batch.symbols))
            left_out += sum(batch.empty.values())
            days = np.union1d(days, batch.dates)
    if not len(days):
        raise UserError(f"{path}: no row with a date, a symbol and {', '.join(columns)}")
    command = run({"source": "panel", "path": full(path), **columns_of(target, features)}, given=options.words)
    return Look(
        rows=counts.total(),
        first=_text(days, 0),
        last=_text(days, -1),
        columns=columns,
        target=target,
        date=dated.shown,
        rhythm=find_rhythm(days).word,
        left_out=left_out,
        guesses=[f"a panel of {len(counts)} symbols: {listed(sorted(counts)[:5])}{', …' * (len(counts) > 5)}"],
        notes=describe_gaps(days),
        command=command,
        offer=[TRAINS, command],
    )
