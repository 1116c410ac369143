"""Series of many symbols in shared rows, and how they are parted, scaled and made into windows.

A symbol's window looks back over its own days, and its target is ``horizon`` of its own days ahead. Parts are bounded
by dates which all symbols share, so that no network has seen a day on which any symbol is tested.

Letters: S symbols, R rows, C columns, F features.
"""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rnnlab.splitting import in_time_order
from rnnlab.windows import Windows, count_windows

Array = NDArray[np.float64]
Dates = NDArray[np.datetime64]
LEAST = 20  # training windows: with fewer there is nothing to learn from


@dataclass(frozen=True)
class Series:
    """The rows of all symbols as they were read, each symbol's together, in order of time."""

    symbols: tuple[str, ...]
    spans: NDArray[np.int64]  # (S, 2): of each symbol the first row, and the one after its last
    dates: Dates  # (R,)
    values: Array  # (R, C)

    def all(self) -> Iterator[tuple[str, Dates, Array]]:
        """Of each symbol its days and values, as views."""
        for symbol, (start, stop) in zip(self.symbols, self.spans.tolist(), strict=True):
            yield symbol, self.dates[start:stop], self.values[start:stop]

    def calendar(self) -> Dates:
        """All days on which any symbol has a row, in order."""
        days: Dates = np.empty(0, self.dates.dtype)
        for _, dates, _ in self.all():
            days = np.union1d(days, dates)
        return days

    def select(self, start: datetime.date | None, end: datetime.date | None, rows: int | None) -> "Series":
        """Of each symbol the days from ``start`` to ``end``, both included, and of these the last ``rows``."""
        spans = self.spans.copy()
        for span, (_, dates, _) in zip(spans, self.all(), strict=True):
            first = int(np.searchsorted(dates, np.datetime64(start))) if start else 0
            stop = int(np.searchsorted(dates, np.datetime64(end) + np.timedelta64(1, "D"))) if end else len(dates)
            span[1] = span[0] + stop
            span[0] += first if rows is None else max(first, stop - rows)
        return replace(self, spans=np.minimum(spans, spans[:, 1:]))


@dataclass(frozen=True)
class Panel:
    """The rows of the symbols that take part, scaled."""

    symbols: tuple[str, ...]
    spans: NDArray[np.int64]  # (S, 2), as of Series
    inputs: Array  # (R, F)
    target: Array  # (R,)
    dates: Dates  # (R,)
    length: int
    horizon: int

    def __len__(self) -> int:
        return len(self.symbols)

    def windows(self, number: int) -> Windows:
        """A symbol's windows, as views."""
        rows = slice(*self.spans[number].tolist())
        return Windows(self.inputs[rows], self.target[rows], self.dates[rows], self.length, self.horizon)

    def all(self) -> Iterator[tuple[str, Windows]]:
        for number, symbol in enumerate(self.symbols):
            yield symbol, self.windows(number)


@dataclass(frozen=True)
class Cuts:
    """The last day of the targets of each part; those of the test part have no last."""

    train: np.datetime64
    before_validation: np.datetime64  # targets of the validation part come later
    validation: np.datetime64
    before_test: np.datetime64

    @classmethod
    def at(cls, days: Dates, length: int, horizon: int, train: int | float, validation: int | float) -> "Cuts":
        """Part the panel's days as a series that has a row on each of them would be parted.

        Raises:
            UserError: if they are too few.
        """
        parts = in_time_order(count_windows(len(days), length, horizon), train, validation, horizon)
        lost = length + horizon - 1  # a window's target lies so many rows after its first
        ends = {part: days[max(stop, 1) - 1 + lost] for part, (_, stop) in parts.items()}
        begins = {part: days[start - 1 + lost] for part, (start, _) in parts.items()}
        return cls(ends["train"], begins["validation"], ends["validation"], begins["test"])

    def parts(self, dates: Dates, length: int, horizon: int) -> dict[str, tuple[int, int]]:
        """Of a symbol with these days the first window of each part, and the one after its last."""
        targets = dates[length + horizon - 1 :]
        train, before_validation, validation, before_test = (
            int(np.searchsorted(targets, day, side="right"))
            for day in (self.train, self.before_validation, self.validation, self.before_test)
        )
        return {
            "train": (0, train),
            "validation": (before_validation, max(validation, before_validation)),
            "test": (before_test, max(0, len(targets))),
        }


def why_left_out(parts: Mapping[str, tuple[int, int]]) -> str:
    """Why a symbol with these windows can't take part; empty: it can."""
    sizes = {part: stop - start for part, (start, stop) in parts.items()}
    if sizes["train"] < LEAST:
        return f"{max(sizes['train'], 0)} training windows, at least {LEAST} are needed"
    return "" if sizes["test"] > 0 else "no day in the test part"
