"""Scaling a panel, each symbol by its own past; a single series is a panel of one symbol.

Letters: R rows, C columns.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.core.errors import UserError
from rnnlab.windows.calendar import WAVES, from_calendar
from rnnlab.windows.panel import Array, Dates, SplitDates
from rnnlab.windows.scaling import MinMaxScaler

Rows = Callable[[], Iterator[tuple[str, Dates, Array]]]  # of each symbol its days, and its values (R, C)


@dataclass(frozen=True)
class Scalers:
    """The scalers of the symbols that take part.

    Attributes:
        left_out: why a symbol takes no part, or is trained on and not tested.
        seen: rows that each scaler was fitted on.
    """

    columns: tuple[str, ...]
    by_symbol: dict[str, MinMaxScaler]
    left_out: dict[str, str]
    seen: dict[str, int]

    def spans(self, rows: Rows) -> NDArray[np.int64]:
        """(S, 2): where each symbol's scaled rows begin and end."""
        counts = [len(days) for symbol, days, _ in rows() if symbol in self.by_symbol]
        stops = np.cumsum(counts)
        return np.stack([stops - counts, stops], 1)

    def to_dict(self) -> dict[str, Any]:
        """For the scaler's file."""
        limits = [(scaler.minimum, scaler.maximum) for scaler in self.by_symbol.values()]
        minimum, maximum = zip(*limits, strict=True)
        return {"columns": self.columns, "symbols": list(self.by_symbol), "minimum": minimum, "maximum": maximum}

    def scale_into(self, arrays: Mapping[str, NDArray[Any]], rows: Rows, features: Sequence[str], target: str) -> None:
        """Fill ``inputs``, ``target`` and ``dates``, column by column: they may be larger than the memory."""
        taking_part = (own for own in rows() if own[0] in self.by_symbol)
        for (symbol, days, values), (start, stop) in zip(taking_part, self.spans(rows).tolist(), strict=True):
            scaler = self.by_symbol[symbol]
            for number, feature in enumerate(features):
                column = _column(feature, self.columns, days, values)
                arrays["inputs"][start:stop, number] = scaler.transform(column, feature)
            arrays["target"][start:stop] = scaler.transform(values[:, self.columns.index(target)], target)
            arrays["dates"][start:stop] = days


def fit_scalers(rows: Rows, columns: tuple[str, ...], split: SplitDates, fit_on: str, least: int) -> Scalers:
    """A scaler for each symbol that has enough to train on.

    Args:
        columns: of the values; and after these any of the calendar's.
        fit_on: ``train``: the rows up to the last training target; ``all``: all rows.
        least: training windows that a symbol needs.

    Raises:
        UserError: if no symbol can be tested, with the reasons.
    """
    scalers = Scalers(columns, {}, {}, {})
    for symbol, days, values in rows():
        seen = len(days) if fit_on == "all" else int(np.searchsorted(days, split.train, side="right"))
        parts = split.parts(days)
        try:
            start, stop = parts["train"]
            if stop - start < least:
                raise UserError(f"{stop - start} training windows, at least {least} are needed")
            scalers.by_symbol[symbol] = MinMaxScaler.fit(
                {name: _column(name, columns, days[:seen], values[:seen]) for name in columns}
            )
            scalers.seen[symbol] = seen
        except UserError as error:
            scalers.left_out[symbol] = str(error)
            continue
        start, stop = parts["test"]
        if stop <= start:
            scalers.left_out[symbol] = "trained on, but not tested: it has no day in the test part"
    if not scalers.by_symbol.keys() - scalers.left_out.keys():
        if len(scalers.left_out) == 1:
            raise UserError(*scalers.left_out.values())
        raise UserError(f"no symbol can be tested; {'; '.join(map(': '.join, scalers.left_out.items()))}"[:1000])
    return scalers


def _column(name: str, columns: Sequence[str], days: Dates, values: Array) -> Array:
    """A column of the values, or one that the calendar gives."""
    return from_calendar(days, name) if name in WAVES else values[:, columns.index(name)]
