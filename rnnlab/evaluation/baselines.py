"""Simple rules: forecasts that need no network. Each knows, of a window, the series up to its last row and no more.

Letters: R rows of the series, N windows, T time steps, F features. A window's forecast is for ``horizon`` rows after
its last row; ``last`` (N,) are the numbers of these rows.
"""

import numpy as np
from numpy.typing import NDArray

from rnnlab.evaluation.metrics import Array

Rows = NDArray[np.intp]


def persistence(series: Array, last: Rows) -> Array:
    """The last value."""
    forecast: Array = series[last]
    return forecast


def drift(series: Array, last: Rows, horizon: int) -> Array:
    """The line through the first and the last known value, drawn on (Hyndman and Athanasopoulos 2021, 5.2)."""
    forecast: Array = series[last] + horizon * _slope(series, last)
    return forecast


def moving_average(series: Array, last: Rows, length: int) -> Array:
    """The mean of the last ``length`` values."""
    sums = np.concatenate([[0.0], np.cumsum(series)])
    first = np.maximum(last + 1 - length, 0)
    forecast: Array = (sums[last + 1] - sums[first]) / (last + 1 - first)
    return forecast


def seasonal_naive(series: Array, last: Rows, horizon: int, period: int) -> Array:
    """The last known value of the season (Hyndman and Athanasopoulos 2021, 5.2); persistence where none is known."""
    same = last + horizon - period * _seasons(horizon, period)
    forecast: Array = series[np.where(same >= 0, same, last)]
    return forecast


def seasonal_naive_drift(series: Array, last: Rows, horizon: int, period: int) -> Array:
    """As ``seasonal_naive``, moved on by the slope of ``drift``."""
    passed = period * _seasons(horizon, period)
    return seasonal_naive(series, last, horizon, period) + passed * _slope(series, last)


def naive_forecasts(series: Array, last: Rows, length: int, horizon: int, period: int) -> dict[str, Array]:
    """All of the above by name; the seasonal ones where there is a season."""
    forecasts = {
        "persistence": persistence(series, last),
        "drift": drift(series, last, horizon),
        "moving_average": moving_average(series, last, length),
    }
    if period > 1:
        forecasts["seasonal_naive"] = seasonal_naive(series, last, horizon, period)
        forecasts["seasonal_naive_drift"] = seasonal_naive_drift(series, last, horizon, period)
    return forecasts


def ridge(x_train: Array, y_train: Array, x: Array) -> Array:
    """Ridge regression on the flattened window; its penalty by leave-one-out on the training windows.

    Args:
        x_train: (N, T, F), with ``y_train`` (N,); x: (M, T, F), to forecast for.
    """
    from sklearn.linear_model import RidgeCV  # a second to import

    if len(x) == 0:
        return np.empty(0)
    model = RidgeCV(alphas=np.logspace(-9, 4, 27)).fit(x_train.reshape(len(x_train), -1), y_train)
    forecast: Array = model.predict(x.reshape(len(x), -1))
    return forecast


def _slope(series: Array, last: Rows) -> Array:
    """A row's mean step from the first value to the last known."""
    slope: Array = (series[last] - series[0]) / np.maximum(last, 1)
    return slope


def _seasons(horizon: int, period: int) -> int:
    """How many seasons before the forecast its season was last seen."""
    return -(-horizon // period)
