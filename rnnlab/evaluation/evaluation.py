"""The figures of a model or a baseline on data that it never saw; means over seeds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnnlab.evaluation import intervals, metrics
from rnnlab.evaluation.metrics import Array, Figure, Labels
from rnnlab.windows.scaling import MinMaxScaler
from rnnlab.windows.windows import Windows

MOST_SHIFT = 5  # days


@dataclass(frozen=True)
class Days:
    """The days of a part, and what is known of them; (N,), in the target's unit."""

    y_true: Array
    y_last: Array  # on each window's last day
    horizon: int
    naive_mae: float  # of "tomorrow = today" on the training part, which scales MASE
    to_scaled: Callable[[Array], Array] = lambda values: values  # to the unit in which the tutorial gives its losses


def days_by_part(parts: Mapping[str, Windows], scaler: MinMaxScaler, target: str) -> dict[str, Days]:
    """The days of scaled windows by part, ``train`` among them; ``target`` is the scaler's column."""

    def in_units(scaled: Array) -> Array:
        return scaler.inverse(np.asarray(scaled), target)

    naive_mae = metrics.naive_mae(in_units(parts["train"].target))
    return {
        part: Days(
            in_units(windows.y[:, 0]),
            in_units(windows.last[:, 0]),
            windows.horizon,
            naive_mae,
            lambda values: scaler.transform(values, target),
        )
        for part, windows in parts.items()
    }


def stock_figures(days: Days, y_pred: Array) -> dict[str, Figure]:
    """Figures of one forecast (N,)."""
    y_true, y_last = days.y_true, days.y_last
    persistence = metrics.rmse(y_true, y_last)
    return {
        "rmse": metrics.rmse(y_true, y_pred),
        "mae": metrics.mae(y_true, y_pred),
        "mape": metrics.mape(y_true, y_pred),
        "smape": metrics.smape(y_true, y_pred),
        "mase": metrics.mase(y_true, y_pred, days.naive_mae),
        "r2": metrics.r2(y_true, y_pred),
        "relative_rmse": metrics.rmse(y_true, y_pred) / persistence if persistence else None,
        "directional_accuracy": metrics.directional_accuracy(y_true, y_pred, y_last),
    }


def evaluate_stock(
    days: Days, y_pred: Mapping[int, Array], calibration: tuple[Array, Mapping[int, Array]] | None = None
) -> tuple[dict[str, Any], dict[str, Array]]:
    """Figures on the test part, and the bounds of the mean forecast's intervals by name.

    Args:
        y_pred: by seed; of a baseline the only one.
        calibration: truth and forecasts by seed of the days right before the test part, the validation part's; may
            be none. No weights were fitted to them (patience may have chosen the epoch by them).
    """
    mean = _mean(y_pred)
    before = None if calibration is None else (calibration[0], _mean(calibration[1]))
    bounds, by_level = intervals.conformal(days.y_true, mean, days.horizon, before)
    by_shift = metrics.rmse_by_shift(days.y_true, mean, max(MOST_SHIFT, days.horizon))
    truth = days.to_scaled(days.y_true)
    by_seed = {
        seed: stock_figures(days, forecast) | {"scaled_mse": metrics.mse(truth, days.to_scaled(forecast))}
        for seed, forecast in y_pred.items()
    }
    lag: dict[str, Figure] = {
        "shift": int(np.argmin(by_shift)) if by_shift else None,
        "correlation_with_last": metrics.correlation(mean, days.y_last),
        "correlation_with_target": metrics.correlation(mean, days.y_true),
    }
    summary, majority = _summary(by_seed), metrics.majority_direction(days.y_true, days.y_last)
    return {
        "days": len(days.y_true),
        "horizon": days.horizon,
        **summary,
        "majority_direction": majority,
        "lag": lag | {"rmse_by_shift": by_shift},
        "intervals": by_level,
        "undefined": summary["undefined"] | metrics.undefined({"majority_direction": majority} | lag),
    }, bounds


def evaluate_backtest(table: pd.DataFrame, horizon: int) -> dict[str, Any]:
    """Figures of each fold, as a mean over its seeds, beside persistence's; and their means over folds.

    Args:
        table: what ``backtest.to_table`` made.
    """
    folds: list[dict[str, Any]] = []
    for _, rows in table.groupby("fold"):
        y_true, y_last = rows["y_true"].to_numpy(), rows["y_last"].to_numpy()
        days = Days(y_true, y_last, horizon, float(rows["naive_mae"].iloc[0]))
        figures = [stock_figures(days, rows[seed].to_numpy()) for seed in rows.filter(regex=r"^seed_\d+$")]
        folds.append(
            {
                "first": str(rows["date"].iloc[0])[:10],
                "last": str(rows["date"].iloc[-1])[:10],
                "days": len(rows),
                "metrics": {name: metrics.mean_and_std([each[name] for each in figures]) for name in figures[0]},
                "persistence": stock_figures(days, y_last),
            }
        )
    names = folds[0]["persistence"]
    return {
        "folds": folds,
        "metrics": {name: metrics.mean_and_std([fold["metrics"][name]["mean"] for fold in folds]) for name in names},
        "persistence": {name: metrics.mean_and_std([fold["persistence"][name] for fold in folds]) for name in names},
        "folds_better": sum(fold["metrics"]["rmse"]["mean"] < fold["persistence"]["rmse"] for fold in folds),
    }


def digits_figures(y_true: Labels, y_pred: Labels, classes: int) -> dict[str, Figure]:
    confusion = metrics.confusion_matrix(y_true, y_pred, classes)
    return {"test_accuracy": metrics.accuracy(y_true, y_pred), "macro_f1": metrics.macro_f1(confusion)}


def evaluate_digits(
    train_true: Labels,
    train_pred: Mapping[int, Labels],
    test_true: Labels,
    test_pred: Mapping[int, Labels],
    confidence: Mapping[int, Array],
    classes: int,
) -> dict[str, Any]:
    """Figures on the training and test images; labels (N,), predictions and their probabilities by seed (N,)."""
    by_seed = {
        seed: {
            **digits_figures(test_true, predicted, classes),
            "train_accuracy": metrics.accuracy(train_true, train_pred[seed]),
            "ece": metrics.expected_calibration_error(test_true == predicted, confidence[seed]),
        }
        for seed, predicted in test_pred.items()
    }
    confusion: NDArray[np.int64] = np.sum(
        [metrics.confusion_matrix(test_true, predicted, classes) for predicted in test_pred.values()], axis=0
    )
    first = min(test_pred)
    return {
        "images": len(test_true),
        **_summary(by_seed),
        "wilson_95": metrics.wilson(int(np.sum(test_pred[first] == test_true)), len(test_true)),
        "class_accuracy": dict(zip(map(str, range(classes)), metrics.recall_by_class(confusion), strict=True)),
        "confusion": confusion.tolist(),
        "reliability": metrics.reliability(test_true == test_pred[first], confidence[first]),
    }


def evaluate_majority_class(train_true: Labels, test_true: Labels, classes: int) -> dict[str, Any]:
    """Always the training part's commonest class: the baseline of the digits."""
    commonest = np.bincount(train_true, minlength=classes).argmax()
    figures = digits_figures(test_true, np.full_like(test_true, commonest), classes)
    figures |= {"train_accuracy": float(np.mean(train_true == commonest)), "ece": None}
    return {"images": len(test_true), **_summary({0: figures})}


def _summary(by_seed: Mapping[int, dict[str, Figure]]) -> dict[str, Any]:
    names = next(iter(by_seed.values()))
    means = {name: metrics.mean_and_std([figures[name] for figures in by_seed.values()]) for name in names}
    return {
        "seeds": len(by_seed),
        "metrics": means,
        "by_seed": {str(seed): figures for seed, figures in by_seed.items()},
        "undefined": metrics.undefined({name: figure["mean"] for name, figure in means.items()}),  # and why
    }


def _mean(by_seed: Mapping[int, Array]) -> Array:
    mean: Array = np.mean(list(by_seed.values()), axis=0)
    return mean
