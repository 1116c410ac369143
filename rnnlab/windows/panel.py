"""Series of many symbols in shared rows, and how they are parted, scaled and made into windows.

A symbol's window looks back over its own days, and its target is ``horizon`` of its own days ahead. Parts are bounded
by dates which all symbols share, so that no network has seen a day on which any symbol is tested.

Letters: S symbols, R rows, C columns, F features.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnnlab.windows.splitting import in_time_order
from rnnlab.windows.windows import Windows, count_windows

Array = NDArray[np.float64]
Dates = NDArray[np.datetime64]
LEAST = 20  # training windows: with fewer there is nothing to learn from


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
    """Two days on which all symbols are parted.

    Attributes:
        train: of the last training target, and of the first forecast of the validation part.
        test: of the last target of the validation part, and of the first forecast of the test part.
    """

    train: np.datetime64
    test: np.datetime64

    @classmethod
    def at(cls, days: Dates, length: int, horizon: int, train: int | float, validation: int | float) -> "Cuts":
        """Part the panel's days as a series that has a row on each of them would be parted.

        Raises:
            UserError: if they are too few.
        """
        parts = in_time_order(count_windows(len(days), length, horizon), train, validation, horizon)
        return cls(*(days[parts[part][0] + length - 1] for part in ("validation", "test")))

    def parts(self, dates: Dates, length: int, horizon: int) -> dict[str, tuple[int, int]]:
        """Of a symbol with these days the first window of each part, and the one after its last.

        No forecast is made before the last target that the networks have learned from, of whichever symbol.
        """
        targets = dates[length + horizon - 1 :]
        made = dates[length - 1 :][: len(targets)]  # on these days the forecasts are made
        validation, test = (int(np.searchsorted(made, day, side="left")) for day in (self.train, self.test))
        train_stop, stop = (int(np.searchsorted(targets, day, side="right")) for day in (self.train, self.test))
        return {
            "train": (0, train_stop),
            "validation": (validation, max(validation, stop)),
            "test": (test, len(targets)),
        }


def why_left_out(parts: Mapping[str, tuple[int, int]]) -> str:
    """Why networks can't be trained on a symbol with these windows; empty: they can."""
    start, stop = parts["train"]
    return f"{stop - start} training windows, at least {LEAST} are needed" if stop - start < LEAST else ""
