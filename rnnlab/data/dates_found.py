"""Which columns of a table hold its dates."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from rnnlab.core.errors import UserError
from rnnlab.core.overrides import argument
from rnnlab.data.columns import CLOCK_NAMES, DATE_NAMES, listed, match, plain, shown
from rnnlab.data.date_forms import CLOCK, OFFSET, is_date, readings, to_24_hours
from rnnlab.data.dialect import Dialect

SAMPLED = 20  # rows that are tried
PARTS = {
    "year": ("year", "yyyy", "년", "연도", "jahr", "año", "ano", "année", "annee", "anno", "rok"),
    "month": ("month", "mm", "월", "monat", "mes", "mois", "mese"),
    "day": ("day", "dd", "일", "tag"),
    "hour": ("hour", "hh", "시", "시간", "stunde"),
}
COUNTED = (  # may be bare numbers
    "time", "timestamp", "day", "week", "weekday", "month", "quarter", "year", "period", "ts", *PARTS["year"],
)  # fmt: skip


@dataclass(frozen=True)
class Dated:
    """Attributes:
    columns: that hold the dates: none, one, or several: of days and of times; or of years, months, days, hours.
    digits: of times without colons, as 9 (an hour), 0930 and 093000; 0: they have colons.
    doubt: where there are none, what may be dates in a form that is not read.
    """

    columns: tuple[str, ...]
    digits: int = 0
    doubt: str = ""

    @property
    def shown(self) -> str:
        """What messages call them."""
        return " and ".join(column or "without a name" for column in self.columns)

    def join(self, cells: pd.DataFrame) -> pd.Series:
        """Their text as one."""
        text, *others = (cells[column] for column in self.columns)
        if [date_part(column) for column in self.columns[:2]] == ["year", "month"]:
            text, others = text.str.removesuffix(".0"), [part.str.removesuffix(".0") for part in others]
            for part in others[:2]:
                text = text + "-" + part.str.zfill(2)
            return text + " " + others[2].str.zfill(2) + ":00" if len(others) > 2 else text
        for clock in others:
            if self.digits:
                clock = clock.str.zfill(self.digits).str.pad(4, "right", "0")
                clock = clock.str.replace(r"^(\d\d)(\d\d)(\d\d)?$", _colons, regex=True)
            text = text + " " + clock
        return text


def _colons(found: re.Match[str]) -> str:
    return ":".join(part for part in found.groups() if part)


def date_part(column: str) -> str:
    """Which part of a date a column is called; empty: none."""
    return next((part for part, names in PARTS.items() if plain(column) in names), "")


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
        chosen = [column for column in found if column is not None]
        if len(set(chosen)) < len(chosen):
            raise UserError(f"{name}: series.date names column {chosen[0]} twice")
        return Dated(tuple(chosen), sum(_digits(dialect, column) for column in chosen[1:]))
    called = sorted(
        (column for column in dialect.names if plain(column) in DATE_NAMES),
        key=lambda column: DATE_NAMES.index(plain(column)),
    )
    for column in called:
        if date_format or _holds_dates(dialect.cells(column), numbers=True):
            parts = _parts(dialect, column)
            if not parts and date_part(column) == "year" and dialect.repeats(column):
                continue  # a year alone is no date of several rows
            return Dated(parts) if parts else _with_clock(dialect, column)
    for column in dialect.names:
        if _holds_dates(dialect.cells(column), numbers=False):
            return _with_clock(dialect, column)
    named = dialect.cells(called[0]) if called else []
    if named and not (plain(called[0]) in COUNTED and _are_numbers(named)):
        return Dated((called[0],))  # whose reading names the first that is no date
    return Dated((), doubt=_doubt(dialect))


def _doubt(dialect: Dialect) -> str:
    """The first column of words with digits that differ from row to row, as `Mrz 15`."""
    for column in dialect.names:
        cells = dialect.numbered(column)
        words = [cell for _, cell in cells if re.search(r"\d", cell) and re.search(r"[^\W\d_]{2}|[-/]", cell)]
        if len(cells) > 1 and len(set(words)) > 0.9 * len(cells) and not _are_numbers(words):
            line, cell = next((entry for entry in cells if not is_date(entry[1])), cells[0])
            form = f", or say its form, as {argument('series.date', column)} -S series.read.date_format='%d.%m.%Y'"
            spoken = any(re.search(r"[^\W\d_]{3}", cell) for cell in words)  # months are read in English alone
            return (
                f"; column {column} (line {line}: {shown(cell)}) is in no form of a date that is read: write "
                f"YYYY-MM-DD{'' if spoken else form}"
            )
    return ""


def _holds_dates(cells: Sequence[str], numbers: bool) -> bool:
    text = pd.Series([OFFSET.sub(r"\1", cell) for cell in cells[:SAMPLED]], dtype="str")
    if text.empty:
        return False
    return any(read(text).notna().all() for read in readings(text.iloc[0], numbers).values())


def _parts(dialect: Dialect, year: str) -> tuple[str, ...]:
    """The columns of years, months, days and hours, as far as there are such; empty: there is one of years alone."""
    if date_part(year) != "year":
        return ()
    by_part = {date_part(column): column for column in reversed(dialect.names)}
    parts = [year]
    for part in ("month", "day", "hour"):
        if part not in by_part or not all(re.fullmatch(r"\d\d?(\.0)?", cell) for cell in dialect.cells(by_part[part])):
            break
        parts.append(by_part[part])
    return tuple(parts) if len(parts) > 1 else ()


def _with_clock(dialect: Dialect, days: str) -> Dated:
    """A column of days, and one of times beside it."""
    for column in dialect.names:
        cells = dialect.cells(column)[:SAMPLED]
        if column == days or plain(column) not in CLOCK_NAMES or not cells:
            continue
        if all(re.search(CLOCK, to_24_hours(f" {cell}")) for cell in cells) or _digits(dialect, column):
            return Dated((days, column), _digits(dialect, column))
    return Dated((days,))


def _digits(dialect: Dialect, column: str) -> int:
    """How many digits times without colons have; 0: they have colons, or are none."""
    cells = dialect.cells(column)
    longest = max(map(len, cells), default=0)
    if not all(re.fullmatch(r"\d{1,6}", cell) for cell in cells) or (longest <= 2 and date_part(column) != "hour"):
        return 0
    return 2 if longest <= 2 else 4 if longest <= 4 else 6


def _are_numbers(cells: Sequence[str]) -> bool:
    return bool(pd.to_numeric(pd.Series(cells), errors="coerce").notna().all())
