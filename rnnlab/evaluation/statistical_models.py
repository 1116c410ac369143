"""Forecasts of classical models: their parameters from the training rows alone, their states from all rows so far.

Letters: R rows of the series, N windows. A window's forecast is for ``horizon`` rows after its last row; ``last`` (N,)
are the numbers of these rows. statsmodels is imported where it is used: it takes a second.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.evaluation.metrics import Array

Rows = NDArray[np.intp]
MOST_ROWS = 50_000  # of a series
FITTED = 480  # the last rows of the training part, from which the slower models take their parameters
SEARCH: Any = {"disp": False, "maxiter": 25, "cov_type": "none"}
LONGEST_SEASON = 24  # of a seasonal ARIMA, whose state is as large
ORDERS = ((1, 0, 0), (0, 1, 1))  # of seasonal ARIMAs that are tried, each with (0, 1, 1) of the season


class NotApplicableError(Exception):
    """Why a model is left out."""


@dataclass(frozen=True)
class Series:
    """Attributes:
    values: (R,).
    trained: rows that parameters may be taken from, the first.
    period: rows of a season; 1: there is none.
    """

    values: Array
    trained: int
    period: int

    @property
    def train(self) -> Array:
        return self.values[: self.trained]

    @property
    def recent(self) -> Array:
        return self.train[-FITTED:]


def statistical_forecasts(series: Series, last: Rows, horizon: int) -> tuple[dict[str, Array], dict[str, str]]:
    """Forecasts (N,) by name, and of models that do not apply why."""
    forecasts, left_out = dict[str, Array](), dict[str, str]()
    for name, model in MODELS.items():
        try:
            if len(series.values) > MOST_ROWS:
                raise NotApplicableError(f"{len(series.values):,} rows are more than {MOST_ROWS:,}")
            if series.trained < 3 * max(series.period, 5) or np.ptp(series.train) == 0:
                raise NotApplicableError("too few rows to learn from, or rows that do not vary")
            with _quiet():
                forecast = model(series, last, horizon)
            if not np.isfinite(forecast).all():
                raise NotApplicableError("its forecasts are not finite")
            forecasts[name] = forecast
        except NotApplicableError as error:
            left_out[name] = str(error)
        except (np.linalg.LinAlgError, ValueError) as error:
            left_out[name] = f"it can't be fitted ({' '.join(str(error).split())[:80]})"
    return forecasts, left_out


@contextmanager
def _quiet() -> Iterator[None]:
    """Without statsmodels' warnings: where a search for parameters stops early, the best ones found are taken."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def autoregression(series: Series, last: Rows, horizon: int) -> Array:
    """y_t = c + a_1 y_(t-1) + ... + a_p y_(t-p), p by Akaike's criterion (statsmodels' ``ar_select_order``)."""
    from statsmodels.tsa.ar_model import AutoReg, ar_select_order

    count = series.trained
    most = min(count // 4, max(series.period + 1, int(12 * (count / 100) ** 0.25)))
    lags = ar_select_order(series.train, most, ic="aic").ar_lags or [1]
    constant, *weights = AutoReg(series.train, lags).fit().params.tolist()
    depth = len(weights)
    # a window of fewer rows than lags knows no more: its first value stands for those before
    known: Array = series.values[np.maximum(last[:, None] - np.arange(depth), 0)]  # (N, p), the last first
    for _ in range(horizon):
        ahead = constant + known @ np.array(weights)
        known = np.concatenate([ahead[:, None], known[:, :-1]], axis=1)
    return known[:, 0]


def exponential_smoothing(series: Series, last: Rows, horizon: int) -> Array:
    """Additive ETS models (Hyndman et al. 2008) without a trend or with a damped one, by Akaike's criterion."""
    from statsmodels.tsa.statespace.exponential_smoothing import ExponentialSmoothing

    seasonal = series.period if 1 < series.period <= LONGEST_SEASON else None
    fits = [
        ExponentialSmoothing(
            series.recent, trend=trend, damped_trend=trend, seasonal=seasonal, initialization_method="heuristic"
        ).fit(**SEARCH)
        for trend in (False, True)
    ]
    return _filtered(min(fits, key=lambda fit: fit.aic), series, last, horizon)


def seasonal_arima(series: Series, last: Rows, horizon: int) -> Array:
    """ARIMA models with a seasonal difference and moving average (Box and Jenkins 1970), the best one step ahead in the
    training part.
    """
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    if series.period == 1:
        raise NotApplicableError("there is no season")
    if series.period > LONGEST_SEASON:
        raise NotApplicableError(f"a season of {series.period} rows is longer than {LONGEST_SEASON}")
    fits = [
        SARIMAX(series.recent, order=order, seasonal_order=(0, 1, 1, series.period)).fit(**SEARCH) for order in ORDERS
    ]
    learned = 2 * series.period + 1  # rows after which a filter knows its state
    return _filtered(min(fits, key=lambda fit: np.mean(fit.resid[learned:] ** 2)), series, last, horizon)


def _filtered(fit: Any, series: Series, last: Rows, horizon: int) -> Array:
    """Forecasts of a linear state-space model with these parameters, filtered once over the series (Durbin and Koopman
    2012, 4.2): Z T^(h-1) a_(t+1|t).
    """
    found = fit.model.clone(series.values).filter(fit.params, cov_type="none").filter_results
    ahead = np.linalg.matrix_power(found.transition[:, :, 0], horizon - 1) @ found.predicted_state[:, last + 1]
    forecast: Array = found.obs_intercept[0, 0] + found.design[0, :, 0] @ ahead
    return forecast


def theta(series: Series, last: Rows, horizon: int) -> Array:
    """The theta method (Assimakopoulos and Nikolopoulos 2000) as simple exponential smoothing with half the trend's
    slope as drift (Hyndman and Billah 2003), on values without their season's means.
    """
    from scipy.optimize import minimize_scalar

    phase = np.arange(len(series.values)) % series.period
    season = np.zeros(series.period)
    slope = float(np.polyfit(np.arange(series.trained), series.train, 1)[0])
    if series.period > 1:
        level = series.train - slope * np.arange(series.trained)
        season = np.array([level[phase[: series.trained] == p].mean() for p in range(series.period)])
    values = series.values - season[phase]

    def loss(alpha: float) -> float:
        levels = _levels(values[: series.trained], alpha)
        return float(np.mean((values[1 : series.trained] - levels[:-1]) ** 2))

    alpha = float(minimize_scalar(loss, bounds=(0.01, 1.0), method="bounded").x)
    drift = slope / 2 * (horizon - 1 + (1 - (1 - alpha) ** (last + 1)) / alpha)
    forecast: Array = _levels(values, alpha)[last] + drift + season[(last + horizon) % series.period]
    return forecast


def _levels(values: Array, alpha: float) -> Array:
    """l_t = alpha y_t + (1 - alpha) l_(t-1), l_0 = y_0."""
    from scipy.signal import lfilter

    start = np.array([(1 - alpha) * values[0]])
    levels: Array = lfilter([alpha], [1, alpha - 1], values, zi=start)[0]
    return levels


Model = Callable[[Series, Rows, int], Array]
MODELS: dict[str, Model] = {
    "autoregression": autoregression,
    "ets": exponential_smoothing,
    "theta": theta,
    "sarima": seasonal_arima,
}
