"""Folds of walking forward, and the scaling that each learns from its own past.

Letters: N windows of a series.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnnlab.core.errors import UserError
from rnnlab.windows.scaling import MinMaxScaler
from rnnlab.windows.splitting import size
from rnnlab.windows.windows import Windows


@dataclass(frozen=True)
class Fold:
    """Windows ``train_start`` .. ``train_stop - 1`` train, ``test_start`` .. ``test_stop - 1`` test."""

    train_start: int
    train_stop: int
    test_start: int
    test_stop: int


def make_folds(count: int, train: int | float, folds: int, origin: str, horizon: int) -> list[Fold]:
    """Cut the windows after the first ``train`` into ``folds`` test blocks of equal size, the last with the remainder.

    A window trains a fold only if its target is known when the fold's first forecast is made: the last horizon - 1
    windows before a test block do not.

    Args:
        train: windows of the first fold's training part: a number, or a share of ``count``.
        origin: ``rolling``: each fold trains on as many windows; ``expanding``: on all before it.

    Raises:
        UserError: if there are too few windows.
    """
    first = size(train, count)
    usable, block = first - (horizon - 1), (count - first) // folds
    if usable < 1 or block < 1:
        raise UserError(
            f"backtest: {count} windows are too few for backtest.train={train} and backtest.folds={folds} "
            f"at a horizon of {horizon}: they leave {max(usable, 0)} to train and {max(block, 0)} to test a fold on"
        )
    made = []
    for number in range(folds):
        start = first + number * block
        stop = count if number == folds - 1 else start + block
        made.append(Fold(start - first if origin == "rolling" else 0, start - (horizon - 1), start, stop))
    return made


def rescale(windows: Windows, seen: Windows, names: Sequence[str]) -> tuple[Windows, MinMaxScaler]:
    """Scale the windows by the rows of ``seen``; the scaler returned is the target's, column ``target``."""
    columns = {name: seen.inputs[:, i] for i, name in enumerate(names)}
    try:
        features, scaler = MinMaxScaler.fit(columns), MinMaxScaler.fit({"target": seen.target})
    except UserError as error:
        first, last = (str(date)[:10] for date in (seen.dates[0], seen.dates[-1]))
        raise UserError(f"what trains on {first} to {last} can't be scaled: {error}") from None
    inputs = np.stack([features.transform(windows.inputs[:, i], name) for i, name in enumerate(names)], axis=1)
    target = scaler.transform(np.asarray(windows.target), "target")
    return Windows(inputs, target, windows.dates, windows.length, windows.horizon), scaler
