"""Forecasts that need no network. Each knows, of a window, the series up to the window's last day and no more.

Letters: R rows of the series, N windows, T time steps, F features. A window's forecast is for ``horizon`` rows after
its last row; ``last`` (N,) are the numbers of these rows.
"""

import numpy as np
from numpy.typing import NDArray

from rnnlab.evaluation.metrics import Array

Rows = NDArray[np.intp]
WEEK = 7


def persistence(series: Array, last: Rows) -> Array:
    """Tomorrow = today: the value of the last day."""
    forecast: Array = series[last]
    return forecast


def drift(series: Array, last: Rows, horizon: int) -> Array:
    """The line through the first and the last known value, drawn on (Hyndman and Athanasopoulos 2021, 5.2)."""
    forecast: Array = series[last] + horizon * (series[last] - series[0]) / np.maximum(last, 1)
    return forecast


def moving_average(series: Array, last: Rows, length: int) -> Array:
    """The mean of the last ``length`` values."""
    sums = np.concatenate([[0.0], np.cumsum(series)])
    first = np.maximum(last + 1 - length, 0)
    forecast: Array = (sums[last + 1] - sums[first]) / (last + 1 - first)
    return forecast


def same_weekday(series: Array, dates: NDArray[np.datetime64], last: Rows, horizon: int) -> Array | None:
    """The last known value of the target's weekday (a seasonal naive forecast); persistence where none is known yet.

    None where weekdays mean nothing: several rows a day, or fewer than half of the weeks with two rows or more.
    """
    days = dates.astype("datetime64[D]").astype(int)
    weeks = (days + 3) // WEEK  # 1970-01-01 was a Thursday
    _, rows_a_week = np.unique(weeks, return_counts=True)
    if len(np.unique(days)) < len(days) or np.mean(rows_a_week >= 2) < 0.5:
        return None
    weekdays = (days + 3) % WEEK
    forecast = series[last].copy()
    rows = np.arange(len(series))
    for weekday in np.unique(weekdays):
        known = np.maximum.accumulate(np.where(weekdays == weekday, rows, -1))[last]  # at or before the last day
        chosen = (weekdays[np.minimum(last + horizon, len(series) - 1)] == weekday) & (known >= 0)
        forecast[chosen] = series[known[chosen]]
    return forecast


def naive_forecasts(
    series: Array, dates: NDArray[np.datetime64], last: Rows, length: int, horizon: int
) -> dict[str, Array]:
    """All of the above by name, except for one that makes no sense here."""
    forecasts = {
        "persistence": persistence(series, last),
        "drift": drift(series, last, horizon),
        "moving_average": moving_average(series, last, length),
        "same_weekday": same_weekday(series, dates, last, horizon),
    }
    return {name: forecast for name, forecast in forecasts.items() if forecast is not None}


def ridge(x_train: Array, y_train: Array, x: Array) -> Array:
    """Ridge regression on the flattened window; its penalty by leave-one-out on the training windows.

    Args:
        x_train: (N, T, F), with ``y_train`` (N,); x: (M, T, F), to forecast for.
    """
    from sklearn.linear_model import RidgeCV  # a second to import

    if len(x) == 0:
        return np.empty(0)
    model = RidgeCV(alphas=np.logspace(-4, 2, 13)).fit(x_train.reshape(len(x_train), -1), y_train)
    forecast: Array = model.predict(x.reshape(len(x), -1))
    return forecast
