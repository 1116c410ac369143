"""A model's figures over its seeds, beside the baseline's on the same data."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnlab import metrics
from rnnlab.metrics import Array, Figure, Labels

STOCK_BASELINE = "persistence"  # tomorrow = today
DIGITS_BASELINE = "majority_class"


def stock_figures(y_true: Array, y_pred: Array, y_last: Array) -> dict[str, Figure]:
    """Figures of one forecast, in the target's unit where they have one; all arguments (N,)."""
    reference = metrics.rmse(y_true, y_last)
    return {
        "rmse": metrics.rmse(y_true, y_pred),
        "mae": metrics.mae(y_true, y_pred),
        "mape": metrics.mape(y_true, y_pred),
        "r2": metrics.r2(y_true, y_pred),
        "directional_accuracy": metrics.directional_accuracy(y_true, y_pred, y_last),
        "relative_rmse": metrics.rmse(y_true, y_pred) / reference if reference else None,
    }


def digits_figures(y_true: Labels, y_pred: Labels, classes: int) -> dict[str, Figure]:
    confusion = metrics.confusion_matrix(y_true, y_pred, classes)
    return {"test_accuracy": metrics.accuracy(y_true, y_pred), "macro_f1": metrics.macro_f1(confusion)}


def evaluate_stock(
    y_true: Array, y_last: Array, y_pred: Mapping[int, Array], to_scaled: Callable[[Array], Array]
) -> dict[str, Any]:
    """Figures on the test part.

    Args:
        y_true: (N,), in the target's unit; ``y_last`` the same on each window's last day.
        y_pred: by seed, (N,), in the target's unit.
        to_scaled: the target's unit -> the networks' scaled unit, in which the tutorial gives its losses.
    """
    by_seed = {
        seed: stock_figures(y_true, forecast, y_last)
        | {"scaled_mse": metrics.mse(to_scaled(y_true), to_scaled(forecast))}
        for seed, forecast in y_pred.items()
    }
    baseline = stock_figures(y_true, y_last, y_last) | {"scaled_mse": metrics.mse(to_scaled(y_true), to_scaled(y_last))}
    return {"days": len(y_true), **_summary(by_seed, STOCK_BASELINE, baseline)}


def evaluate_digits(
    train_true: Labels,
    train_pred: Mapping[int, Labels],
    test_true: Labels,
    test_pred: Mapping[int, Labels],
    classes: int,
) -> dict[str, Any]:
    """Figures on the training and test images; labels (N,), predictions by seed (N,)."""
    by_seed = {
        seed: {
            **digits_figures(test_true, predicted, classes),
            "train_accuracy": metrics.accuracy(train_true, train_pred[seed]),
        }
        for seed, predicted in test_pred.items()
    }
    commonest = np.bincount(train_true, minlength=classes).argmax()
    baseline = digits_figures(test_true, np.full_like(test_true, commonest), classes) | {
        "train_accuracy": float(np.mean(train_true == commonest))
    }
    confusion: NDArray[np.int64] = np.sum(
        [metrics.confusion_matrix(test_true, predicted, classes) for predicted in test_pred.values()], axis=0
    )
    return {
        "images": len(test_true),
        **_summary(by_seed, DIGITS_BASELINE, baseline),
        "class_accuracy": dict(zip(map(str, range(classes)), metrics.recall_by_class(confusion), strict=True)),
        "confusion": confusion.tolist(),
    }


def _summary(
    by_seed: Mapping[int, dict[str, Figure]], baseline_name: str, baseline: dict[str, Figure]
) -> dict[str, Any]:
    names = next(iter(by_seed.values()))
    return {
        "seeds": len(by_seed),
        "metrics": {name: metrics.mean_and_std([figures[name] for figures in by_seed.values()]) for name in names},
        "by_seed": {str(seed): figures for seed, figures in by_seed.items()},
        "baseline": {"name": baseline_name, "metrics": {name: baseline[name] for name in names}},
    }
