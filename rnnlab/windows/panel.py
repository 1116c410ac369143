"""Series of many symbols in shared rows, and how they are parted, scaled and made into windows.

A symbol's window looks back over its own days, and its target is ``horizon`` of its own days ahead. Parts are bounded
by dates which all symbols share, so that no network has seen a day on which any symbol is tested.

Letters: S symbols, R rows, C columns, F features.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.windows.splitting import in_time_order
from rnnlab.windows.windows import Windows, count_windows

Array = NDArray[np.float64]
Dates = NDArray[np.datetime64]
LEAST = 20  # training windows: with fewer there is nothing to learn from


@dataclass(frozen=True)
class Panel:
    """The rows of the symbols that take part, scaled; a single series is a panel of one symbol.

    Attributes:
        kind: ``per_symbol`` or ``global``, as networks are to be trained; None: of a single series.
    """

    symbols: tuple[str, ...]
    spans: NDArray[np.int64]  # (S, 2), as of Series
    inputs: Array  # (R, F)
    target: Array  # (R,)
    dates: Dates  # (R,)
    length: int
    horizon: int
    kind: str | None = None

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
class SplitDates:
    """Two days on which all symbols are parted.

    Attributes:
        train: of the last training target, and of the first forecast of the validation part.
        test: of the last target of the validation part, and of the first forecast of the test part.
    """

    train: np.datetime64
    test: np.datetime64
    length: int
    horizon: int

    @classmethod
    def at(cls, days: Dates, length: int, horizon: int, train: int | float, validation: int | float) -> "SplitDates":
        """Part the panel's days as a series that has a row on each of them would be parted.

        Raises:
            UserError: if they are too few.
        """
        parts = in_time_order(count_windows(len(days), length, horizon), train, validation, horizon)
        first, second = (days[parts[part][0] + length - 1] for part in ("validation", "test"))
        return cls(first, second, length, horizon)

    def parts(self, dates: Dates) -> dict[str, tuple[int, int]]:
        """Of a symbol with these days the first window of each part, and the one after its last.

        No forecast is made before the last target that the networks have learned from, of whichever symbol.
        """
        targets = dates[self.length + self.horizon - 1 :]
        made = dates[self.length - 1 :][: len(targets)]  # on these days the forecasts are made
        validation, test = (int(np.searchsorted(made, day, side="left")) for day in (self.train, self.test))
        train_stop, stop = (int(np.searchsorted(targets, day, side="right")) for day in (self.train, self.test))
        return {
            "train": (0, train_stop),
            "validation": (validation, max(validation, stop)),
            "test": (test, len(targets)),
        }


@dataclass(frozen=True)
class PanelPart:
    """Of each symbol the windows that train, validate or test, as views of the panel's rows."""

    windows: tuple[Windows, ...]

    @classmethod
    def of(cls, panel: Panel, dates: SplitDates, name: str) -> "PanelPart":
        return cls(tuple(windows.part(*dates.parts(windows.dates)[name]) for _, windows in panel.all()))

    @property
    def count(self) -> int:
        return sum(len(windows) for windows in self.windows)

    @property
    def spans(self) -> NDArray[np.int64]:
        """(S, 2), of the rows side by side, as of Series."""
        rows = [len(windows.target) for windows in self.windows]
        stops = np.cumsum(rows)
        return np.stack([stops - rows, stops], 1)

    @property
    def shapes(self) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
        """Shape and type of each array of the rows side by side."""
        first, rows = self.windows[0], int(self.spans[-1, 1])
        names = ("inputs", "target", "dates")
        return {name: ((rows, *getattr(first, name).shape[1:]), getattr(first, name).dtype) for name in names}

    def copy_to(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Fill arrays of ``shapes``, symbol by symbol: they may be larger than the memory."""
        for windows, (start, stop) in zip(self.windows, self.spans.tolist(), strict=True):
            for name, array in arrays.items():
                array[start:stop] = getattr(windows, name)
