"""The rows of a panel's symbols as they were read.

Letters: S symbols, R rows, C columns.
"""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from rnnlab.core.errors import UserError

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
        return reduce(np.union1d, (dates for _, dates, _ in self.all()))

    def select(self, start: datetime.date | None, end: datetime.date | None, rows: int | None) -> "Series":
        """Of each symbol the days from ``start`` to ``end``, both included, and of these the last ``rows``.

        Raises:
            UserError: if nothing is left.
        """
        spans = self.spans.copy()
        for span, (_, dates, _) in zip(spans, self.all(), strict=True):
            first = int(np.searchsorted(dates, np.datetime64(start))) if start else 0
            stop = int(np.searchsorted(dates, np.datetime64(end) + np.timedelta64(1, "D"))) if end else len(dates)
            span[1] = span[0] + stop
            span[0] += first if rows is None else max(first, stop - rows)
        chosen = replace(self, spans=np.minimum(spans, spans[:, 1:]))
        if not (chosen.spans[:, 0] < chosen.spans[:, 1]).any():
            days = self.calendar()
            raise UserError(
                f"no row from series.start={start} to series.end={end}: "
                f"the data go from {str(days[0])[:10]} to {str(days[-1])[:10]}"
            )
        return chosen
