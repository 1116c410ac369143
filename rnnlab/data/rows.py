"""How a table's file is to be read, and the rows that were read."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from rnnlab.core.errors import UserError
from rnnlab.core.series_params import Reading


@dataclass(frozen=True)
class Options:
    """How a file is read, as params.yaml says; None: found in the file.

    Attributes:
        date: the column of dates, or two that are joined; False: there is none.
        date_format: as strptime has it.
        missing: cells that mean no value, beside empty ones.
        check_prices: whether open, high, low and close must be prices.
        missing: words and numbers that mark a missing value.
        start, end, rows: which rows are wanted; their values alone are checked.
        words: parameters that were changed for this file, as they were typed after -S.
    """

    date: str | tuple[str, ...] | bool | None = None
    encoding: str | None = None
    separator: str | None = None
    decimal: str | None = None
    date_format: str | None = None
    missing: tuple[str | int | float, ...] = ()
    check_prices: bool = True
    start: datetime.date | None = None
    end: datetime.date | None = None
    rows: int | None = None
    words: tuple[str, ...] = ()

    @classmethod
    def of(cls, params: Reading) -> "Options":
        names = ("date", "check_prices", "start", "end", "rows")
        chosen = {name: getattr(params, name) for name in names if name in type(params).model_fields}
        return cls(**params.read.model_dump(), **chosen)

    @property
    def empty_cells(self) -> str:
        """What is left out as no value."""
        return " or ".join(["empty cells", *map(str, self.missing)])

    def check_panel(self) -> None:
        """Raises:
        UserError: if something is set that a panel's table is not read by.
        """
        read = {"separator": self.separator, "encoding": self.encoding, "date_format": self.date_format}
        given = {"series.date": self.date} | {f"series.read.{key}": value for key, value in read.items()}
        if unread := [key for key, value in given.items() if value not in (None, ",", "utf-8")]:
            raise UserError(
                f"{unread[0]}: must be null for a panel, which is UTF-8, with commas between the columns, and dates as "
                "YYYY-MM-DD or YYYYMMDD"
            )


GUESS = Options()  # all is found in the file


@dataclass(frozen=True)
class Rows:
    """Rows in order of time, and what a person should know of how they came about."""

    frame: pd.DataFrame  # index: dates, or numbers of rows from 1; columns as asked for, float64
    notices: tuple[str, ...] = ()
    guesses: tuple[str, ...] = ()
    date: str = ""  # the column of dates; empty: there is none
    left_out: int = 0  # rows
    marks: tuple[int | float, ...] = ()  # numbers that seem to mark a missing value, and were read as values


def describe_reading(rows: Rows) -> Iterator[str]:
    """Lines for a person: what was guessed, and what was left out."""
    if rows.guesses:
        yield f"read as: {', '.join(rows.guesses)}"
    yield from rows.notices
