"""Figures of merit: pure functions of numpy arrays. y_true, y_pred and y_last have one shape, (N,)."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Labels = NDArray[np.integer]
Figure = float | None  # None: not defined for these data
UNDEFINED = {  # why
    "mape": "a true value is 0",
    "smape": "a true value and its forecast are both 0",
    "mase": "the training part does not vary, or is no longer than a season",
    "r2": "the true values do not vary",
    "relative_rmse": "persistence makes no error",
    "beaten": "persistence makes no error",
    "directional_accuracy": "at no step did both the value and the forecast move",
    "majority_direction": "the value moved at no step",
    "shift": "there are too few forecasts to move them back",
    "correlation_with_last": "the last values or the forecasts do not vary",
    "correlation_with_target": "the true values or the forecasts do not vary",
    "ece": "it gives no probabilities",
}


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


def smape(y_true: Array, y_pred: Array) -> Figure:
    """Symmetric mean absolute percentage error, mean of 200 |y - f| / (|y| + |f|) (Makridakis 1993, as in the M4
    competition), in % from 0 to 200; None where both are 0.
    """
    sizes = np.abs(y_true) + np.abs(y_pred)
    return None if np.any(sizes == 0) else float(np.mean(200 * np.abs(y_true - y_pred) / sizes))


def naive_mae(series: Array, period: int = 1) -> Figure:
    """MAE of the value one season before within a series, in its unit: what MASE is scaled by (Hyndman and Koehler
    2006). A period of 1: of the last value. None where the series is no longer than a season.
    """
    return float(np.mean(np.abs(series[period:] - series[:-period]))) if len(series) > period else None


def mase(y_true: Array, y_pred: Array, scale: Figure) -> Figure:
    """Mean absolute scaled error, MAE / ``naive_mae`` of the training part (Hyndman and Koehler 2006).

    Below 1 is better than the naive forecast was there; None where that part did not move.
    """
    return mae(y_true, y_pred) / scale if scale else None


def r2(y_true: Array, y_pred: Array) -> Figure:
    """Coefficient of determination, 1 - SS_res / SS_tot; None where the truth does not vary."""
    spread = float(np.var(y_true))
    return None if spread == 0 else 1 - mse(y_true, y_pred) / spread


def directional_accuracy(y_true: Array, y_pred: Array, y_last: Array) -> Figure:
    """Share of the days that moved from ``y_last``, and for which a move was forecast, whose direction was foreseen.

    None where there is no such day, as for persistence.
    """
    moved = (y_true != y_last) & (y_pred != y_last)
    if not moved.any():
        return None
    return float(np.mean(np.sign(y_pred - y_last)[moved] == np.sign(y_true - y_last)[moved]))


def majority_direction(y_true: Array, y_last: Array) -> Figure:
    """Share of the commoner direction among the days that moved: that of always forecasting the same direction."""
    moved = np.sign(y_true - y_last)[y_true != y_last]
    return float(max(np.mean(moved > 0), np.mean(moved < 0))) if len(moved) else None


def correlation(a: Array, b: Array) -> Figure:
    """Pearson's; None where either does not vary."""
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(np.corrcoef(a, b)[0, 1])


def rmse_by_shift(y_true: Array, y_pred: Array, most: int) -> list[float]:
    """RMSE of the forecast for a day against the true value k days before it, for k = 0 .. ``most``, on the same days.

    The smallest stands at 0 for a forecast, at the horizon for an echo of the last known value. Empty where there are
    not more than ``most`` days.
    """
    days = len(y_true)
    if days <= most:
        return []
    return [rmse(y_true[most - k : days - k], y_pred[most:]) for k in range(most + 1)]


def accuracy(y_true: Labels, y_pred: Labels) -> float:
    """Share of right answers."""
    return float(np.mean(y_true == y_pred))


def wilson(right: int, count: int) -> tuple[float, float]:
    """Wilson's (1927) 95 % interval of a proportion, as Newcombe (1998, method 3) writes it."""
    z = 1.959963984540054  # 97.5 % quantile of the standard normal distribution
    share = right / count
    denominator = 2 * (count + z**2)
    centre = (2 * count * share + z**2) / denominator
    half = z / denominator * math.sqrt(4 * count * share * (1 - share) + z**2)
    return (0.0 if right == 0 else centre - half), (1.0 if right == count else centre + half)


def reliability(right: NDArray[np.bool_], confidence: Array, bins: int = 15) -> list[dict[str, float]]:
    """By bin of confidence, of equal width: answers in it, their mean confidence, their accuracy; no empty bins."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        {
            "count": int(np.sum(place == number)),
            "confidence": float(np.mean(confidence[place == number])),
            "accuracy": float(np.mean(right[place == number])),
        }
        for number in np.unique(place)
    ]


def expected_calibration_error(right: NDArray[np.bool_], confidence: Array) -> float:
    """Mean over the answers of the distance of their bin's accuracy from its confidence (Guo et al. 2017, eq. 3)."""
    bins = reliability(right, confidence)
    return float(sum(b["count"] * abs(b["accuracy"] - b["confidence"]) for b in bins) / len(right))


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


def undefined(figures: Mapping[str, Figure]) -> dict[str, str]:
    """Why some of the figures are None."""
    return {name: UNDEFINED[name] for name, figure in figures.items() if figure is None}


def mean_and_std(figures: Sequence[Figure]) -> dict[str, Figure]:
    """Mean and sample standard deviation (n - 1) over seeds; None where a figure is not defined, or of one seed."""
    if any(figure is None for figure in figures):
        return {"mean": None, "std": None}
    values = np.array(figures, dtype=float)
    return {"mean": float(values.mean()), "std": float(values.std(ddof=1)) if len(values) > 1 else None}


def summarise_seeds(by_seed: Mapping[int, Mapping[str, Figure]]) -> dict[str, Any]:
    """Means and standard deviations over seeds, the figures by seed, and why some are not defined."""
    names = next(iter(by_seed.values()))
    means = {name: mean_and_std([figures[name] for figures in by_seed.values()]) for name in names}
    return {
        "seeds": len(by_seed),
        "metrics": means,
        "by_seed": {str(seed): figures for seed, figures in by_seed.items()},
        "undefined": undefined({name: figure["mean"] for name, figure in means.items()}),
    }
