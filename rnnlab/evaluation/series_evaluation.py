"""The figures of forecasts of one series, on steps that nothing was fitted to.

Letters: N windows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnlab.core.csv_writer import Table
from rnnlab.evaluation import intervals, metrics
from rnnlab.evaluation.metrics import Array, Figure
from rnnlab.windows.scaling import MinMaxScaler
from rnnlab.windows.windows import Windows

MAX_SHIFT = 5  # steps


@dataclass(frozen=True)
class Season:
    """What figures need to know of a series beside its values.

    Attributes:
        period: rows of a season; 1: there is none.
        floor: below which the target never goes; None: there is no such value.
    """

    period: int = 1
    floor: float | None = None


@dataclass(frozen=True)
class Forecaster:
    """Forecasts of a series, and what relates its scaled windows to the target's unit."""

    scaler: MinMaxScaler
    column: str  # of the scaler: the target
    forecast: Callable[[Windows], Mapping[int, Array]]  # windows -> seed -> (N,), in the target's unit


@dataclass(frozen=True)
class Days:
    """The target days of a part's windows and what was known before them; (N,), in the target's unit."""

    y_true: Array
    y_last: Array  # on each window's last day
    horizon: int
    naive_mae: Figure  # of the value one season before on the training part, which scales MASE
    to_scaled: Callable[[Array], Array] = lambda values: values  # to the unit in which the tutorial gives its losses
    floor: float | None = None  # below which the target never goes


def days_by_part(
    parts: Mapping[str, Windows], scaler: MinMaxScaler, column: str, season: Season = Season()
) -> dict[str, Days]:
    """The steps of scaled windows by part, ``train`` among them; ``column`` is the scaler's column of the target."""

    def in_units(scaled: Array) -> Array:
        return scaler.inverse(np.asarray(scaled), column)

    naive_mae = metrics.naive_mae(in_units(parts["train"].target), season.period)
    return {
        part: Days(
            in_units(windows.y[:, 0]),
            in_units(windows.last[:, 0]),
            windows.horizon,
            naive_mae,
            lambda values: scaler.transform(values, column),
            season.floor,
        )
        for part, windows in parts.items()
    }


def evaluate_series(
    parts: Mapping[str, Windows], forecaster: Forecaster, season: Season = Season()
) -> tuple[dict[str, Any], list[Table]]:
    """Figures on the test part, and the forecasts of all parts.

    Returns:
        What ``evaluate_forecast`` returns; and a table a part with columns date, part, y_true, persistence, y_pred
        (mean over seeds), the bounds of the intervals (NaN outside the test part) and seed_K.
    """
    days = days_by_part(parts, forecaster.scaler, forecaster.column, season)
    y_pred = {part: forecaster.forecast(windows) for part, windows in parts.items()}
    figures, bounds = evaluate_forecast(days["test"], y_pred["test"], (days["validation"].y_true, y_pred["validation"]))
    tables: list[Table] = [
        {
            "date": windows.target_dates,
            "part": part,
            "y_true": days[part].y_true,
            "persistence": days[part].y_last,
            "y_pred": _mean(y_pred[part]),
            **(bounds if part == "test" else dict.fromkeys(bounds, np.nan)),
            **{f"seed_{seed}": values for seed, values in y_pred[part].items()},
        }
        for part, windows in parts.items()
    ]
    return figures, tables


def series_figures(days: Days, y_pred: Array) -> dict[str, Figure]:
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


def evaluate_forecast(
    days: Days, y_pred: Mapping[int, Array], calibration: tuple[Array, Mapping[int, Array]] | None = None
) -> tuple[dict[str, Any], dict[str, Array]]:
    """Figures on the test part, and the bounds of the mean forecast's intervals by name.

    The figures are of the mean of the seeds' forecasts, which is what is served; beside each, ``std`` and
    ``seeds_mean`` are of the seeds' own.

    Args:
        y_pred: by seed; a baseline has one.
        calibration: true values and forecasts by seed of the validation part, whose days come right before the test
            part; may be empty. No weights were fitted to them (patience may have chosen the epoch by them).
    """
    mean = _mean(y_pred)
    before = None if calibration is None else (calibration[0], _mean(calibration[1]))
    bounds, by_level = intervals.conformal(days.y_true, mean, days.horizon, before, days.floor)
    by_shift = metrics.rmse_by_shift(days.y_true, mean, max(MAX_SHIFT, days.horizon))
    truth = days.to_scaled(days.y_true)

    def figures_of(forecast: Array) -> dict[str, Figure]:
        return series_figures(days, forecast) | {"scaled_mse": metrics.mse(truth, days.to_scaled(forecast))}

    by_seed = {seed: figures_of(forecast) for seed, forecast in y_pred.items()}
    lag: dict[str, Figure] = {
        "shift": int(np.argmin(by_shift)) if by_shift else None,
        "correlation_with_last": metrics.correlation(mean, days.y_last),
        "correlation_with_target": metrics.correlation(mean, days.y_true),
    }
    summary, majority = metrics.summarise_seeds(by_seed), metrics.majority_direction(days.y_true, days.y_last)
    summary["metrics"] = {
        name: {"mean": figure, "std": summary["metrics"][name]["std"], "seeds_mean": summary["metrics"][name]["mean"]}
        for name, figure in figures_of(mean).items()
    }
    undefined = {name: figure["mean"] for name, figure in summary["metrics"].items()}
    return {
        "steps": len(days.y_true),
        "horizon": days.horizon,
        **summary,
        "majority_direction": majority,
        "lag": lag | {"rmse_by_shift": by_shift},
        "intervals": by_level,
        "undefined": metrics.undefined(undefined | {"majority_direction": majority} | lag),
    }, bounds


def _mean(by_seed: Mapping[int, Array]) -> Array:
    mean: Array = np.mean(list(by_seed.values()), axis=0)
    return mean
