"""Which columns of a table hold numbers, which of these are worth a forecast, and why others are not read."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from rnnlab.core.errors import UserError
from rnnlab.data.columns import SYMBOL_NAMES, find_columns, hold_prices, listed, match, plain, shown
from rnnlab.data.dates_found import COUNTED, Dated, date_part
from rnnlab.data.dialect import Dialect
from rnnlab.data.numbers import to_numbers

NEARLY = 0.9  # share of a column's cells that are numbers, where no column has numbers alone
NO_VALUES = {*COUNTED, *SYMBOL_NAMES, "id", "index", "row", "no", "nr"}  # names of columns that are seldom forecast
MONTHS = re.compile(r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*|0?[1-9]|1[0-2]")


@dataclass(frozen=True)
class NumberColumns:
    """Attributes:
    names: of all columns.
    numbers: the columns that hold numbers, and vary.
    passed_over: those among them that count rows, name something or are parts of a date.
    unread: the other columns, and the first cell that is no number.
    wide: of a table with a column for each month, the command that makes it long, {} for its path; empty: it is none.
    """

    names: tuple[str, ...]
    numbers: tuple[str, ...]
    passed_over: tuple[str, ...]
    unread: Mapping[str, str]
    wide: str = ""

    def choose(self, target: str | None, name: str) -> tuple[str, tuple[str, ...]]:
        """The column to forecast, and those that networks may read.

        Args:
            target: None: Close of prices, else the first that holds numbers.
            name: what messages call the file.

        Raises:
            UserError: if there is no such column, or it holds no numbers; naming the first cell that is none.
        """
        if not self.numbers:
            raise UserError(f"{name}: no column holds numbers; found {self.describe_unread() or listed(self.names)}")
        if target is None and hold_prices(self.names):
            kept = tuple(column for column in ("Open", "High", "Low", "Volume") if match(column, self.numbers))
            self._find("Close", name)
            return "Close", kept
        if target is None and self.wide:
            raise UserError(
                f"{name}: is a wide table: a row for each year, a column for each month. Make it long, a row for each "
                f"month, or name a --target to forecast one month from year to year:\n  {self.wide.format(name)}"
            )
        useful = [column for column in self.numbers if column not in self.passed_over] or list(self.numbers)
        target = self._find(target, name) if target else useful[0]
        return target, (target, *(column for column in useful if column != target))

    def describe_unread(self, read: Iterable[str] = ()) -> str:
        """The columns that hold no numbers, each with the first cell that is none, without those that are ``read``."""
        read = set(read)
        return ", ".join(f"{column} ({why})" for column, why in list(self.unread.items())[:20] if column not in read)

    def without(self, column: str) -> "NumberColumns":
        """Without one of them, as that of symbols which are numbers."""
        numbers = tuple(found for found in self.numbers if found != column.strip())
        return replace(self, numbers=numbers, passed_over=tuple(set(self.passed_over) & set(numbers)))

    def describe_passed_over(self, read: Iterable[str]) -> list[str]:
        """A sentence on the columns of numbers that are not among those that are read."""
        left = [column for column in self.passed_over if column not in read]
        said = f"not used: {listed(left)} (counts rows, or is a name or part of a date); series.features may name it"
        return [said] if left else []

    def _find(self, target: str, name: str) -> str:
        if found := match(target, self.numbers):
            return found
        if unread := match(target, list(self.unread)):
            raise UserError(
                f"{name}: column {unread} is not read as numbers: {self.unread[unread]}; mend that cell, or say which "
                "words mark a missing value, as -S 'series.read.missing=[closed]'"
            )
        find_columns(self.names, [target], name)
        raise UserError(f"{name}: column {target} holds the dates, or has no name")


def find_numbers(dialect: Dialect, dated: Dated) -> NumberColumns:
    """The columns of a table, by its first rows; where none has numbers alone those that nearly do."""
    values: dict[str, tuple[float, bool]] = {}  # share of numbers, and whether the column counts rows
    unread: dict[str, str] = {}
    for column in dict.fromkeys(dialect.names):
        cells = dialect.numbered(column, dated.columns)
        if column in dated.columns or not column.strip():
            continue
        text = pd.Series([cell for _, cell in cells], dtype="str")
        if text.nunique() < 2:
            unread[column.strip()] = f"always {shown(text[0])}" if len(text) else "no cell has a value"
            continue
        found = max((to_numbers(text, decimal) for decimal in ".,"), key=lambda numbers: np.isfinite(numbers).sum())
        bad = np.flatnonzero(~np.isfinite(found))
        if len(bad):
            line, cell = cells[bad[0]]
            unread[column.strip()] = f"line {line}: {shown(cell)}"
        values[column.strip()] = 1 - len(bad) / len(found), _counts(found)
    least = 1.0 if any(share == 1 for share, _ in values.values()) else NEARLY
    numbers = tuple(column for column, (share, _) in values.items() if share >= least)
    passed_over = tuple(
        column for column in numbers if values[column][1] or date_part(column) or plain(column) in NO_VALUES
    )
    unread = {column: why for column, why in unread.items() if column not in numbers}
    names = tuple(column.strip() for column in dialect.names)
    return NumberColumns(names, numbers, passed_over, unread, _melt(dialect))


def _melt(dialect: Dialect) -> str:
    """The command that makes a table long that has a column of years and twelve of months, some of these in English."""
    year = next((column for column in dialect.names if date_part(column) == "year"), "")
    found = [place for place, column in enumerate(dialect.names) if MONTHS.fullmatch(plain(column))]
    months = dialect.names[found[0] : found[0] + 12] if found else ()
    if not year or len(found) < 6 or len(months) < 12:
        return ""
    comma = dialect.separator != "," and any("," in cell for cell in dialect.cells(months[0]))
    decimal = ", decimal=','" if comma else ""
    return (
        'python -c "import pandas as pd; '
        f"t = pd.read_csv('{{}}', sep={dialect.separator!r}{decimal})[{[year, *months]!r}]; "
        "t.columns = ['year', *range(1, 13)]; t = t.melt('year', var_name='month'); "
        "t['date'] = pd.to_datetime(t[['year', 'month']].assign(day=1)); "
        "t.sort_values('date')[['date', 'value']].to_csv('long.csv', index=False)\""
    )


def _counts(values: np.ndarray) -> bool:
    """Whether numbers rise or fall by the same whole step from row to row."""
    with np.errstate(over="ignore", invalid="ignore"):
        steps = np.unique(np.diff(values))
    return len(values) > 3 and len(steps) == 1 and bool(steps[0] % 1 == 0)
