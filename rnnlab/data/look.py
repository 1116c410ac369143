"""What would be read of a table's file, and the command that reads it; nothing is written."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnlab.core.errors import UserError
from rnnlab.data.columns import find_symbol_column
from rnnlab.data.command import command_for, number_columns, run
from rnnlab.data.csv_reader import open_table, read_rows
from rnnlab.data.dates_found import find_dates
from rnnlab.data.long_table import is_long_table
from rnnlab.data.long_table_batches import count_rows, find_files, read_batches
from rnnlab.data.rhythm import date_format, describe_gaps, find_rhythm
from rnnlab.data.rows import Options


@dataclass(frozen=True)
class Look:
    """Attributes:
    rows: that would be read.
    first, last: their dates, or numbers.
    columns: that hold numbers.
    date: the column of dates; empty: there is none.
    rhythm: what a row is called.
    left_out: rows.
    guesses: what was found out of how the file is written.
    notes: gaps, and what was left out.
    command: that reads it.
    """

    rows: int
    first: str
    last: str
    columns: list[str]
    date: str
    rhythm: str
    left_out: int
    guesses: list[str]
    notes: list[str]
    command: str

    def lines(self) -> Iterator[str]:
        """For a terminal."""
        dates = f"column {self.date}" if self.date else "rows are counted"
        yield f"{self.rows:,} rows, a {self.rhythm} each, from {self.first} to {self.last} ({dates})"
        yield f"columns of numbers: {', '.join(self.columns)}"
        if self.guesses:
            yield f"read as: {', '.join(self.guesses)}"
        yield from self.notes
        yield ""
        yield self.command


def look(path: Path, target: str | None, options: Options) -> Look:
    """What would be read of a file.

    Args:
        target: the column to forecast; None: Close of prices, else the first that holds numbers.

    Raises:
        UserError: if it can't be read.
    """
    if path.is_dir() or (path.is_file() and _is_panel(path, options)):
        return _look_at_panel(path)
    file = open_table(path, str(path), options)
    dated = find_dates(file.dialect, options.date, options.date_format, str(path))
    columns = number_columns(file.dialect, dated)
    if not columns:
        raise UserError(f"{path}: no column holds numbers; found {', '.join(file.dialect.names)[:300]}")
    rows = read_rows(path, columns, options=options)
    dates = rows.frame.index.to_numpy()
    return Look(
        rows=len(rows.frame),
        first=_text(dates, 0),
        last=_text(dates, -1),
        columns=columns,
        date=rows.date,
        rhythm=find_rhythm(dates).word,
        left_out=rows.left_out,
        guesses=list(rows.guesses),
        notes=[*rows.notices, *describe_gaps(dates)],
        command=command_for(path, file.dialect, dated, target),
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


def _look_at_panel(path: Path) -> Look:
    files, columns = find_files(path), ["Close"]
    counts: dict[str, int] = {}
    first, last, left_out = None, None, 0
    for file in files:
        for batch in read_batches(file, columns):
            for name, count in count_rows(batch.symbols).items():
                counts[name] = counts.get(name, 0) + count
            left_out += sum(batch.empty.values())
            if len(batch.dates):
                first = batch.dates.min() if first is None else min(first, batch.dates.min())
                last = batch.dates.max() if last is None else max(last, batch.dates.max())
    return Look(
        rows=sum(counts.values()),
        first=str(first)[:10],
        last=str(last)[:10],
        columns=columns,
        date="",
        rhythm="row",
        left_out=left_out,
        guesses=[f"a panel of {len(counts)} symbols: {', '.join(sorted(counts)[:5])}"],
        notes=[],
        command=run({"source": "panel", "path": str(path.absolute())}),
    )
