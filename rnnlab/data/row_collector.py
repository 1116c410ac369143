"""The rows of a single series, taken in table by table, then checked and put in order."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnnlab.core.errors import UserError
from rnnlab.core.overrides import argument
from rnnlab.data.columns import FIRST_DAY, LAST_DAY, listed, shown, shown_day, some
from rnnlab.data.csv_text import is_footer
from rnnlab.data.date_column import DateColumn
from rnnlab.data.dates_found import Dated
from rnnlab.data.missing import empty_words, find_marks
from rnnlab.data.numbers import to_numbers
from rnnlab.data.rows import Options, Rows

MOST_FAULTS = 1000  # that wait for the rows to be chosen
MOST_TOTALS = 3  # rows below the table, as a total and a mean


class RowCollector:
    """The rows of a file, taken in table by table, so that the text of few is in memory at a time."""

    def __init__(self, name: str, asked: Mapping[str, str], dated: Dated, decimal: str, options: Options) -> None:
        self.name, self.asked, self.dated, self.decimal, self.options = name, asked, dated, decimal, options
        self.prices: Mapping[str, str] = {}  # of the columns that are prices, which ones
        self.symbol, self.group = "", ""  # the columns of symbols, and of what else rows may belong to
        self.symbols: set[str] = set()
        self.empty = empty_words(options.missing)
        self.headers: list[int] = []  # lines that repeat the names of the columns
        self.last = pd.DataFrame()  # rows without a digit in their date: a total, where no others follow
        self.dates = DateColumn(name, dated.shown, options.date_format) if dated.columns else None
        self.numbers: dict[str, list[NDArray[np.float64]]] = {column: [] for column in asked}
        self.lines: list[NDArray[np.int64]] = []  # of the file, of each row
        self.dropped: list[int] = []  # lines with empty cells
        self.faults: list[tuple[int, str]] = []  # lines, and what is wrong with their values

    def add(self, table: pd.DataFrame) -> None:
        if len(self.last):
            table = pd.concat([self.last, table])
        needed = table[[*self.dated.columns, *self.asked.values()]].apply(lambda column: column.str.strip())
        empty = needed.apply(lambda column: column.str.lower().isin(self.empty)).any(axis=1)
        if empty.any():
            left = table[empty]
            said = left.apply(lambda column: column.str.strip() != "").sum(axis=1)
            notes = [
                count == 1 and is_footer(row) for count, row in zip(said, left.itertuples(index=False), strict=True)
            ]
            self.dropped += left.index[(said > 0).to_numpy() & ~np.array(notes)].tolist()
        cells = self._without_headers_and_total(table, needed[~empty])
        if cells.empty:
            return
        if self.symbol:
            self.symbols |= set(table.loc[cells.index, self.symbol].str.strip())
        for column, own in self.asked.items():
            self.numbers[column].append(self._to_numbers(cells[own]))
        self.lines.append(cells.index.to_numpy())
        if self.dates is not None:
            self.dates.add(self.dated.join(cells))

    def _without_headers_and_total(self, table: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
        """Rows that repeat the header are left out, and words in place of a last date wait for what follows."""
        first = cells.columns[0]
        if (again := cells[first] == first.strip()).any():
            self.headers += cells.index[again].tolist()
            cells = cells[~again]
        count = len(cells) if self.dates else 0
        while count and not any(map(str.isdigit, cells[first].iloc[count - 1])):
            count -= 1
        kept = cells[:count] if self.dates else cells
        self.last = table.loc[cells.index[len(kept) :]]
        return kept

    def finish(self, guesses: Sequence[str], unread: str = "") -> Rows:
        if self.dates and len(self.last) > (MOST_TOTALS if self.lines else 0):
            self.dates.add(self.dated.join(self.last))  # which names the first that is no date
        if not self.lines:
            raise UserError(f"{self.name}: no row with {'a date and ' if self.dates else ''}{listed(list(self.asked))}")
        lines = np.concatenate(self.lines)
        # column by column, and each list is let go of: the file may be large
        values = {column: np.concatenate(self.numbers.pop(column)) for column in self.asked}
        index, notices = self._index(lines)
        if self.dates and not bool((np.diff(index) > np.timedelta64(0)).all()):
            order = np.argsort(index, kind="stable")
            self._check_once(index[order], lines[order])
            notices.append(f"{self.name}: the dates were not in order; rows sorted by date")
            index, lines = index[order], lines[order]
            values = {column: of[order] for column, of in values.items()}
        in_range, zeros = self._in_range(index), self._halted(values)
        if zeros.all():
            raise UserError(f"{self.name}: a price is 0 in every row; -S series.check_prices=false reads them")
        chosen = in_range & ~zeros
        if self.options.rows:  # counted without the halts, as they are when rows are chosen from what was read
            chosen[np.flatnonzero(chosen)[: -self.options.rows]] = False
        self._check(values, lines, chosen)
        halted = zeros & in_range
        if self.options.rows:
            halted[: int(chosen.argmax())] = False
        marks = list(find_marks(values, self.name))
        notices += [*self._describe_left_out(lines[halted]), *(said for _, said in marks)]
        faulty = [~np.isfinite(of) for of in values.values()] if self.faults else []  # in rows that were not chosen
        gone = np.logical_or.reduce([zeros, *faulty])
        kept = ~gone if gone.any() else slice(None)
        frame = pd.DataFrame({column: of[kept] for column, of in values.items()}, copy=False)
        frame.index = pd.DatetimeIndex(index[kept], name="Date") if self.dates else pd.Index(index[kept], name="row")
        called = [self.dates.called] if self.dates and self.dates.called else []
        called += [] if self.dates else [f"no dates: rows are counted{self.dated.doubt}"]
        left_out = len(self.dropped) + len(self.headers) + len(self.last) + int(halted.sum())
        notices = [f"{self.name}: columns not read: {unread}"] * bool(unread) + notices
        return Rows(frame, tuple(notices), (*guesses, *called), self.dated.shown, left_out, tuple(dict(marks)))

    def _describe_left_out(self, halted: NDArray[np.int64]) -> list[str]:
        """Sentences that name the lines which were left out, and what the rows seem to be.

        Args:
            halted: lines of a trading halt.
        """
        halt = "of a trading halt left out, whose prices are 0"
        kinds: list[tuple[list[int], str, str]] = [
            (self.dropped, f"with {self.options.empty_cells} dropped", ""),
            (self.headers, "repeating the header left out", ""),
            (self.last.index.tolist(), "below the last date left out, as a total", ""),
            (halted.tolist(), halt, "; -S series.check_prices=false reads them"),
        ]
        notices = [
            f"{self.name}: {len(lines)} row{'s' * (len(lines) > 1)} {what} (line {some(lines)}{cure})"
            for lines, what, cure in kinds
            if lines
        ]
        if len(self.symbols) > 1:
            notices.append(
                f"{self.name}: column {self.symbol} holds {len(self.symbols)} values, as "
                f"{listed(sorted(self.symbols)[:3])}, and their rows are read as one series; is it a panel? "
                "-S series.source=panel"
            )
        return notices

    def _index(self, lines: NDArray[np.int64]) -> tuple[NDArray[np.generic], list[str]]:
        """The dates, or the rows' numbers."""
        if self.dates is None:
            if self.options.start or self.options.end:
                raise UserError(f"{self.name}: its rows have no dates: series.start and series.end must be null")
            return np.arange(1, len(lines) + 1), []
        dates = self.dates.choose()
        odd = (dates < FIRST_DAY) | (dates >= LAST_DAY + 1)
        if odd.any():
            line, day = lines[odd][0], str(dates[odd][0])[:10]
            raise UserError(
                f"{self.name}: line {line}, column {self.dates.column}: {day} lies outside {FIRST_DAY} to {LAST_DAY}"
            )
        return dates, []

    def _in_range(self, index: NDArray[np.generic]) -> NDArray[np.bool_]:
        """The rows from ``start`` to ``end``."""
        chosen = np.ones(len(index), bool)
        if self.options.start:
            chosen &= index >= np.datetime64(self.options.start)
        if self.options.end:
            chosen &= index < np.datetime64(self.options.end) + np.timedelta64(1, "D")
        return chosen

    def _halted(self, values: Mapping[str, NDArray[np.float64]]) -> NDArray[np.bool_]:
        """The rows in which a price is 0: of a day without trading."""
        zeros = [values[column] == 0 for column in self.prices]
        return np.logical_or.reduce(zeros) if zeros else np.zeros(len(next(iter(values.values()))), bool)

    def _check(
        self, values: Mapping[str, NDArray[np.float64]], lines: NDArray[np.int64], chosen: NDArray[np.bool_]
    ) -> None:
        """That the values of these rows are what their columns say."""

        def first(bad: NDArray[np.bool_]) -> int:
            """The place of the first in the file."""
            places = np.flatnonzero(bad)
            return int(places[np.argmin(lines[places])])

        wanted = set(lines[chosen].tolist()) if self.faults else set()
        for line, fault in sorted(self.faults):
            if line in wanted:
                raise UserError(fault)
        for column in self.prices:
            if (low := chosen & (values[column] < 0)).any():
                place = first(low)
                raise UserError(
                    f"{self.name}: line {lines[place]}, column {column}: {values[column][place]:g} is no price: it "
                    "must be above 0; -S series.check_prices=false reads it, series.start or rows may leave it out"
                )
        by_price = {price: column for column, price in self.prices.items()}
        if "high" in by_price and "low" in by_price:
            high, low_values = values[by_price["high"]], values[by_price["low"]]
            if (crossed := chosen & (high < low_values)).any():
                place = first(crossed)
                raise UserError(
                    f"{self.name}: line {lines[place]}: High ({high[place]:g}) lies below Low "
                    f"({low_values[place]:g}); -S series.check_prices=false reads it"
                )

    def _to_numbers(self, cells: pd.Series) -> NDArray[np.float64]:
        numbers = to_numbers(cells, self.decimal)
        bad = ~np.isfinite(numbers)
        for line, found in zip(cells.index[bad][:MOST_FAULTS].tolist(), cells[bad].iloc[:MOST_FAULTS], strict=True):
            cure = f"if it marks a missing value: {argument('series.read.missing', [found])}"
            where = f"{self.name}: line {line}, column {cells.name}"
            self.faults.append((line, f"{where}: {shown(found)} is not a finite number; {cure}"))
        if len(self.faults) > MOST_FAULTS:
            raise UserError(min(self.faults)[1])
        return numbers

    def _check_once(self, dates: NDArray[np.generic], lines: NDArray[np.int64]) -> None:
        """That no date stands twice; ``dates`` are in order."""
        repeated = np.flatnonzero(dates[1:] == dates[:-1])
        if len(repeated):
            day = dates[repeated[0]]
            where = sorted(lines[dates == day].tolist())
            raise UserError(
                f"{self.name}: {shown_day(pd.Timestamp(day))} is in more than one row of column {self.dated.shown} "
                f"(line {some(where)}); one row a date is allowed" + self._panel()
            )

    def _panel(self) -> str:
        """What is to be done where rows of several symbols stand in one table."""
        if not self.group:
            return ""
        renamed = "" if self.symbol else f", with column {self.group} called Symbol"
        return f" (column {self.group}: is it a panel? -S series.source=panel{renamed})"
