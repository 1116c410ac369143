"""The rows of a panel's symbols as they were read.

Letters: S symbols, R rows, C columns.
"""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.core.files import read_arrays, read_json

Array = NDArray[np.float64]
Dates = NDArray[np.datetime64]


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


def read_raw_panel() -> tuple[Series, dict[str, Any]]:
    """All symbols as they were read, and what is written of them: columns and summary."""
    about = read_json(Path("data/raw/stock/panel.json"))
    dates, values = read_arrays(Path("data/raw/stock"), "dates", "values")
    return Series(tuple(about["symbols"]), np.array(about["spans"]), dates, values), about
