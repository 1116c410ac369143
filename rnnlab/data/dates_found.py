"""Which columns of a table hold its dates."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from rnnlab.core.errors import UserError
from rnnlab.data.columns import CLOCK_NAMES, DATE_NAMES, EMPTY, listed, match, plain
from rnnlab.data.date_forms import CLOCK, OFFSET, readings
from rnnlab.data.dialect import Dialect

SAMPLED = 20  # rows that are tried


@dataclass(frozen=True)
class Dated:
    """Attributes:
    columns: that hold the dates: none, one, or two, of days and of times.
    """

    columns: tuple[str, ...]

    @property
    def shown(self) -> str:
        """What messages call them."""
        return " and ".join(column or "without a name" for column in self.columns)

    def join(self, cells: pd.DataFrame) -> pd.Series:
        """Their text as one."""
        text = cells[self.columns[0]]
        for column in self.columns[1:]:
            text = text + " " + cells[column]
        return text


def find_dates(
    dialect: Dialect, wanted: str | tuple[str, ...] | bool | None, date_format: str | None, name: str
) -> Dated:
    """The columns of dates: those that are named, else one that is called so, else the first that holds dates.

    Raises:
        UserError: if a column that is named is not there, or one that is called so holds none.
    """
    if wanted is False:
        return Dated(())
    if wanted:
        given = wanted if isinstance(wanted, tuple) else (str(wanted),)
        found = [match(column, dialect.names) for column in given]
        if None in found:
            raise UserError(f"{name}: no column {listed(given)} (series.date); found {listed(dialect.names)}")
        return Dated(tuple(column for column in found if column is not None))
    called = sorted(
        (column for column in dialect.names if plain(column) in DATE_NAMES),
        key=lambda column: DATE_NAMES.index(plain(column)),
    )
    for column in called:
        if date_format or _holds_dates(dialect.cells(column), numbers=True):
            return Dated((column, *_clock(dialect, column)))
    for column in dialect.names:
        if _holds_dates(dialect.cells(column), numbers=False):
            return Dated((column, *_clock(dialect, column)))
    named = [cell for cell in dialect.cells(called[0]) if cell.lower() not in EMPTY] if called else []
    if named and not _are_numbers(named):
        return Dated((called[0],))  # whose reading names the first that is no date
    return Dated(())


def _holds_dates(cells: Sequence[str], numbers: bool) -> bool:
    text = pd.Series([OFFSET.sub(r"\1", cell) for cell in cells if cell.lower() not in EMPTY][:SAMPLED], dtype="str")
    if text.empty:
        return False
    return any(read(text).notna().all() for read in readings(text.iloc[0], numbers).values())


def _clock(dialect: Dialect, days: str) -> tuple[str, ...]:
    """The column of times beside one of days."""
    for column in dialect.names:
        cells = dialect.cells(column)[:SAMPLED]
        named = column != days and plain(column) in CLOCK_NAMES
        if named and cells and all(re.search(CLOCK, f" {cell}") for cell in cells):
            return (column,)
    return ()


def _are_numbers(cells: Sequence[str]) -> bool:
    return bool(pd.to_numeric(pd.Series(cells), errors="coerce").notna().all())
