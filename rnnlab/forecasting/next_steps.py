"""Forecasts of the steps after the last row of a series, with their intervals and dates.

Letters: R rows, N windows, F features.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnnlab.core.errors import UserError
from rnnlab.data.rhythm import DAY, Rhythm, find_rhythm, next_dates
from rnnlab.evaluation.intervals import LEVELS, WINDOW, radius
from rnnlab.evaluation.metrics import Array
from rnnlab.forecasting.forecast import Forecast, ForecastStep
from rnnlab.networks.predictions import Networks, predict_values
from rnnlab.windows.calendar import WAVES, from_calendar, with_calendar
from rnnlab.windows.scaling import MinMaxScaler
from rnnlab.windows.targets import Target
from rnnlab.windows.windows import Windows

MAX_HORIZON = 20  # steps; as of series.window.horizon


def required_columns(config: Mapping[str, Any]) -> list[str]:
    """The columns that the series must have."""
    return [name for name in config["scaler"]["columns"] if name not in WAVES]


def forecast_next_steps(
    networks: Networks, config: Mapping[str, Any], frame: pd.DataFrame, horizon: int | None = None
) -> Forecast:
    """Forecast the value ``horizon`` steps after the last; also each before it, if the model says or rolls out these.

    Intervals are conformal, as in ``evaluate``: calibrated on the errors of the last 100 steps, of which none is one
    that the model was trained on. They do not go below zero where the series never did.

    Args:
        config: from the weights file's header.
        frame: (R rows) raw values by date, at least the columns that ``required_columns`` names.
        horizon: steps; None: the horizon that the model was trained for.

    Raises:
        UserError: if the series is too short, the model can't forecast so far, or the forecast is no finite number.
    """
    target, length = Target(**config["target"]), config["network"]["length"]
    dates, rhythm = frame.index.to_numpy(), find_rhythm(frame.index.to_numpy())
    wanted = _check_horizon(config, target, horizon)
    if len(frame) < length:
        raise UserError(f"{len(frame)} rows are too few: {config['model']} reads {length}")
    following = next_dates(dates, wanted)
    frame = with_calendar(frame, config["scaler"]["columns"])
    said = range(1, wanted + 1) if target.rollout or target.every_step else [wanted]
    steps = tuple(_step(networks, config, frame, following[:step]) for step in said)
    if not all(np.isfinite([step.forecast, step.mae or 0.0]).all() for step in steps):
        raise UserError(f"the forecast of {config['model']} is no finite number; are the values too large?")
    notes = tuple(_notes(config, frame, steps, rhythm))
    last = frame.index[-1]
    return Forecast(config["model"], config["scaler"]["target"], last, steps, rhythm.word, notes)


def _check_horizon(config: Mapping[str, Any], target: Target, horizon: int | None) -> int:
    """The horizon that is wanted, if the model can forecast so far."""
    trained_for = int(config["horizon"])
    wanted = trained_for if horizon is None else horizon
    most = MAX_HORIZON if target.rollout else trained_for
    if (target.rollout or target.every_step) and not 1 <= wanted <= most:
        how = "rolls out" if target.rollout else "was trained for"
        raise UserError(f"horizon {wanted}: {config['model']} {how} 1 to {most} steps")
    if not (target.rollout or target.every_step) and wanted != trained_for:
        raise UserError(
            f"horizon {wanted}: {config['model']} was trained to forecast {trained_for} "
            f"{'step' if trained_for == 1 else 'steps'} ahead; for each of {wanted} train it with "
            f"`dvc exp run -S series.window.horizon={wanted} -S models.NAME.output=horizon`"
        )
    return wanted


def _step(networks: Networks, config: Mapping[str, Any], frame: pd.DataFrame, following: NDArray[Any]) -> ForecastStep:
    """The forecast for the last of the dates that follow."""
    scaler, column = MinMaxScaler.from_dict(config["scaler"]), config["scaler"]["target"]
    windows = _recent_windows(frame, scaler, config, following)
    by_seed = predict_values(networks, Target(**config["target"]), scaler, column, windows)
    mean: Array = np.mean(list(by_seed.values()), axis=0)  # (N,), the last is for the step to come
    final = [float(values[-1]) for values in by_seed.values()]
    y_true = scaler.inverse(np.asarray(windows.y[:, 0]), column)
    persistence = scaler.inverse(np.asarray(windows.last[:, 0]), column)
    known = np.isfinite(y_true) & (windows.target_dates > _trained_until(config, following))
    errors, naive = (np.abs(y_true - values)[known][-WINDOW:] for values in (mean, persistence))
    floor = 0.0 if (frame[column] >= 0).all() else -np.inf
    intervals: dict[str, tuple[float, float] | None] = {}
    for level in LEVELS:
        half = radius(errors, level)
        bounds = max(floor, float(mean[-1] - half)), max(floor, float(mean[-1] + half))
        intervals[f"{100 * level:.0f}"] = bounds if np.isfinite(half) else None
    return ForecastStep(
        step=len(following),
        date=pd.Timestamp(following[-1]) if following.dtype.kind == "M" else int(following[-1]),
        forecast=float(mean[-1]),
        seeds_range=(min(final), max(final)),
        persistence=float(persistence[-1]),
        intervals=intervals,
        known=len(errors),
        mae=float(errors.mean()) if len(errors) else None,
        persistence_mae=float(naive.mean()) if len(errors) else None,
    )


def _trained_until(config: Mapping[str, Any], dates: NDArray[Any]) -> Any:
    text = config["trained_until"]
    if text.isdecimal() != (dates.dtype.kind != "M"):
        raise UserError(
            f"{config['model']} was trained on rows {'without' if text.isdecimal() else 'with'} dates, "
            f"and these have {'some' if text.isdecimal() else 'none'}"
        )
    return int(text) if text.isdecimal() else np.datetime64(text)


def _recent_windows(
    frame: pd.DataFrame, scaler: MinMaxScaler, config: Mapping[str, Any], following: NDArray[Any]
) -> Windows:
    """The last windows of the series, scaled; the targets of the dates that follow are not known yet, and are NaN."""
    length, step, features = config["network"]["length"], len(following), config["scaler"]["features"]
    recent = frame.iloc[-(length + step + WINDOW) :]
    scaled = {name: scaler.transform(recent[name].to_numpy(), name) for name in scaler.columns}
    to_come = {
        name: scaler.transform(from_calendar(following, name), name) if name in WAVES else np.full(step, np.nan)
        for name in scaler.columns
    }
    whole = {name: np.concatenate([scaled[name], to_come[name]]) for name in scaler.columns}
    return Windows(
        np.stack([whole[name] for name in features], axis=1),
        whole[config["scaler"]["target"]],
        np.concatenate([recent.index.to_numpy(), following]),
        length,
        step,
    )


def _notes(
    config: Mapping[str, Any], frame: pd.DataFrame, steps: tuple[ForecastStep, ...], rhythm: Rhythm
) -> Iterator[str]:
    """Sentences about the limits of a forecast."""
    trained = 3600 * (config.get("spacing") or 0)
    if trained and rhythm.seconds and not 0.5 < rhythm.seconds / trained < 2:
        yield (
            f"WARNING: unreliable forecast: the rows are {_duration(rhythm.seconds)} apart, those that the model "
            f"was trained on {_duration(trained)}; train it on rows like these"
        )
    if rhythm.word == "trading day":
        yield "dates are the week's trading days; exchange holidays are not known here"
    elif rhythm.seconds and rhythm.word.endswith(("row", "step")):
        yield "dates are spaced as the last ones; gaps, such as a closed night, are not known here"
    for level in LEVELS:
        name, needed = f"{100 * level:.0f}", round(level / (1 - level))
        if any(step.intervals[name] is None for step in steps):
            yield (
                f"no {name} % interval: it needs the errors of at least {needed} {rhythm.word}s after "
                f"{config['trained_until'][:10]}, the last that the model was trained on; there are {steps[-1].known}"
            )
    scaler, column = config["scaler"], config["scaler"]["target"]
    place, last = scaler["columns"].index(column), float(frame[column].iloc[-1])
    low, high = scaler["minimum"][place], scaler["maximum"][place]
    if not low - (high - low) <= last <= high + (high - low):
        yield (
            f"WARNING: unreliable forecast: the last {column}, {last:,.6g}, lies far outside what the model was "
            f"trained on ({low:,.6g} to {high:,.6g}); train it on these values"
        )
    elif not low <= last <= high:
        yield f"the last {column}, {last:,.6g}, lies outside what the scaler was fitted on ({low:,.6g} to {high:,.6g})"


def _duration(seconds: float) -> str:
    days = seconds / DAY
    return f"{days:g} day{'s' * (days != 1)}" if days >= 1 else f"{24 * days:g} hour{'s' * (24 * days != 1)}"
