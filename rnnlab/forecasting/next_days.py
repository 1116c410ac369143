"""Forecasts of the days after the last day of a series, with their intervals and dates.

Letters: R rows, N windows.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from rnnlab.core.errors import UserError
from rnnlab.data.rhythm import DAY, find_rhythm, next_dates
from rnnlab.evaluation.intervals import LEVELS, WINDOW, radius
from rnnlab.evaluation.metrics import Array
from rnnlab.forecasting.forecast import Forecast, ForecastDay
from rnnlab.networks.predictions import Networks, predict_prices
from rnnlab.windows.scaling import MinMaxScaler
from rnnlab.windows.targets import Target
from rnnlab.windows.windows import Windows

MAX_HORIZON = 20  # days; as of series.window.horizon


def required_columns(config: Mapping[str, Any]) -> list[str]:
    """The columns that the series must have."""
    return list(config["scaler"]["columns"])


def forecast_next_days(
    networks: Networks, config: Mapping[str, Any], frame: pd.DataFrame, horizon: int | None = None
) -> Forecast:
    """Forecast the day ``horizon`` days after the last; with a model that rolls out also each day before it.

    Intervals are conformal, as in ``evaluate``: calibrated on the errors of the last 100 days, of which none is a day
    that the model was trained on.

    Args:
        config: from the weights file's header.
        frame: (R rows) raw prices by date, at least the columns that ``required_columns`` names.
        horizon: days; None: the horizon that the model was trained for.

    Raises:
        UserError: if the series is too short, the model can't forecast so far, or the forecast is no finite number.
    """
    trained_for, length = config["horizon"], config["network"]["length"]
    target = Target(**config["target"])
    wanted = trained_for if horizon is None else horizon
    if target.rollout and not 1 <= wanted <= MAX_HORIZON:
        raise UserError(f"horizon {wanted}: {config['model']} rolls out 1 to {MAX_HORIZON} days")
    if not target.rollout and wanted != trained_for:
        raise UserError(
            f"horizon {wanted}: {config['model']} was trained to forecast {trained_for} "
            f"{'day' if trained_for == 1 else 'days'} ahead; for another horizon train it with "
            f"`dvc exp run -S series.window.horizon={wanted}`, or take a model that rolls out"
        )
    if len(frame) < length:
        raise UserError(f"{len(frame)} rows are too few: {config['model']} reads {length} days")
    steps = range(1, wanted + 1) if target.rollout else [wanted]
    dates = pd.DatetimeIndex(next_dates(frame.index.to_numpy(), wanted))
    days = tuple(_day(networks, config, frame, step, dates[step - 1]) for step in steps)
    unit = "day" if find_rhythm(frame.index.to_numpy()).seconds == DAY else "row"
    if not all(np.isfinite([day.forecast, day.mae or 0.0]).all() for day in days):
        raise UserError(f"the forecast of {config['model']} is no finite number; are the prices too large?")
    notes = tuple(_notes(config, frame, days, unit))
    return Forecast(config["model"], config["scaler"]["target"], frame.index[-1], days, unit, notes)


def _day(
    networks: Networks, config: Mapping[str, Any], frame: pd.DataFrame, step: int, date: pd.Timestamp
) -> ForecastDay:
    scaler, column = MinMaxScaler.from_dict(config["scaler"]), config["scaler"]["target"]
    windows = _recent_windows(frame, scaler, config, step)
    by_seed = predict_prices(networks, Target(**config["target"]), scaler, column, windows)
    mean: Array = np.mean(list(by_seed.values()), axis=0)  # (N,), the last is for the day to come
    final = [float(values[-1]) for values in by_seed.values()]
    y_true = scaler.inverse(np.asarray(windows.y[:, 0]), column)
    persistence = scaler.inverse(np.asarray(windows.last[:, 0]), column)
    known = np.isfinite(y_true) & (windows.target_dates > np.datetime64(config["trained_until"]))
    errors, naive = (np.abs(y_true - values)[known][-WINDOW:] for values in (mean, persistence))
    intervals: dict[str, tuple[float, float] | None] = {}
    for level in LEVELS:
        half = radius(errors, level)
        bounds = float(mean[-1] - half), float(mean[-1] + half)
        intervals[f"{100 * level:.0f}"] = bounds if np.isfinite(half) else None
    return ForecastDay(
        step=step,
        date=date,
        forecast=float(mean[-1]),
        seeds=(min(final), max(final)),
        persistence=float(persistence[-1]),
        intervals=intervals,
        known=len(errors),
        mae=float(errors.mean()) if len(errors) else None,
        persistence_mae=float(naive.mean()) if len(errors) else None,
    )


def _recent_windows(frame: pd.DataFrame, scaler: MinMaxScaler, config: Mapping[str, Any], step: int) -> Windows:
    """The last windows of the series, scaled; the targets of the last ``step`` are not known yet, and are NaN."""
    length = config["network"]["length"]
    recent = frame.iloc[-(length + step + WINDOW) :]
    scaled = {name: scaler.transform(recent[name].to_numpy(), name) for name in scaler.columns}
    features, target = config["scaler"]["features"], scaled[config["scaler"]["target"]]
    inputs = np.stack([scaled[name] for name in features], axis=1)
    return Windows(
        np.concatenate([inputs, np.full((step, len(features)), np.nan)]),
        np.concatenate([target, np.full(step, np.nan)]),
        np.concatenate([recent.index.to_numpy(), np.full(step, np.datetime64("NaT"))]),
        length,
        step,
    )


def _notes(config: Mapping[str, Any], frame: pd.DataFrame, days: tuple[ForecastDay, ...], unit: str) -> Iterator[str]:
    """Sentences about the limits of a forecast."""
    ours = pd.Timedelta(seconds=find_rhythm(frame.index.to_numpy()).seconds)
    trained = pd.Timedelta(hours=config.get("spacing") or 0)
    if trained and not 0.5 < ours / trained < 2:
        yield (
            f"DO NOT BELIEVE IT: the rows are {_duration(ours)} apart, those that the model was trained on "
            f"{_duration(trained)}; train it on rows like these"
        )
    if unit == "day":
        yield "dates are the week's trading days; exchange holidays are not known here"
    else:
        yield "dates are spaced as the last ones; exchange holidays and hours are not known here"
    for level in LEVELS:
        name, needed = f"{100 * level:.0f}", round(level / (1 - level))
        if any(day.intervals[name] is None for day in days):
            yield (
                f"no {name} % interval: it needs the errors of at least {needed} {unit}s after "
                f"{config['trained_until'][:10]}, the last that the model was trained on; there are {days[-1].known}"
            )
    scaler, column = config["scaler"], config["scaler"]["target"]
    place, last = scaler["columns"].index(column), float(frame[column].iloc[-1])
    low, high = scaler["minimum"][place], scaler["maximum"][place]
    if not low - (high - low) <= last <= high + (high - low):
        yield (
            f"DO NOT BELIEVE IT: the last {column}, {last:,.6g}, lies far outside what the model was trained on "
            f"({low:,.6g} to {high:,.6g}); train it on these prices"
        )
    elif not low <= last <= high:
        yield f"the last {column}, {last:,.2f}, lies outside what the scaler was fitted on ({low:,.2f} to {high:,.2f})"


def _duration(spacing: pd.Timedelta) -> str:
    days = spacing / pd.Timedelta(days=1)
    return f"{days:g} day{'s' * (days != 1)}" if days >= 1 else f"{24 * days:g} hour{'s' * (24 * days != 1)}"
