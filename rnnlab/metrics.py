"""Figures of merit: pure functions of numpy arrays. y_true, y_pred and y_last have one shape, (N,)."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Labels = NDArray[np.integer]
Figure = float | None  # None: not defined for these data


def mse(y_true: Array, y_pred: Array) -> float:
    """Mean squared error, in the square of the target's unit."""
    return float(np.mean((y_true - y_pred) ** 2))


def rmse(y_true: Array, y_pred: Array) -> float:
    """Root mean squared error, in the target's unit."""
    return math.sqrt(mse(y_true, y_pred))


def mae(y_true: Array, y_pred: Array) -> float:
    """Mean absolute error, in the target's unit."""
    return float(np.mean(np.abs(y_true - y_pred)))


def mape(y_true: Array, y_pred: Array) -> Figure:
    """Mean absolute percentage error, in %; None where a true value is 0."""
    return None if np.any(y_true == 0) else float(100 * np.mean(np.abs((y_true - y_pred) / y_true)))


def r2(y_true: Array, y_pred: Array) -> Figure:
    """Coefficient of determination, 1 - SS_res / SS_tot; None where the truth does not vary."""
    spread = float(np.var(y_true))
    return None if spread == 0 else 1 - mse(y_true, y_pred) / spread


def directional_accuracy(y_true: Array, y_pred: Array, y_last: Array) -> Figure:
    """Share of the days that moved from ``y_last`` whose direction was foreseen.

    None where no day moved, or where no direction was predicted at all (persistence).
    """
    moved = y_true != y_last
    if not moved.any() or np.array_equal(y_pred, y_last):
        return None
    return float(np.mean(np.sign(y_pred - y_last)[moved] == np.sign(y_true - y_last)[moved]))


def accuracy(y_true: Labels, y_pred: Labels) -> float:
    """Share of right answers."""
    return float(np.mean(y_true == y_pred))


def confusion_matrix(y_true: Labels, y_pred: Labels, classes: int) -> NDArray[np.int64]:
    """(C, C): how often the row's class was taken for the column's."""
    return np.bincount(y_true.astype(np.int64) * classes + y_pred, minlength=classes**2).reshape(classes, classes)


def recall_by_class(confusion: NDArray[np.int64]) -> list[Figure]:
    """Share of each class that was recognised; None for a class that does not occur."""
    return [float(row[i] / row.sum()) if row.sum() else None for i, row in enumerate(confusion)]


def macro_f1(confusion: NDArray[np.int64]) -> float:
    """Mean over the classes of F1 = 2 TP / (2 TP + FP + FN); a class neither there nor predicted is left out."""
    hits = np.diag(confusion)
    involved = confusion.sum(axis=0) + confusion.sum(axis=1)
    return float(np.mean(2 * hits[involved > 0] / involved[involved > 0]))


def mean_and_std(figures: Sequence[Figure]) -> dict[str, Figure]:
    """Mean and sample standard deviation (n - 1) over seeds; None where a figure is not defined, or of one seed."""
    if any(figure is None for figure in figures):
        return {"mean": None, "std": None}
    values = np.array(figures, dtype=float)
    return {"mean": float(values.mean()), "std": float(values.std(ddof=1)) if len(values) > 1 else None}
