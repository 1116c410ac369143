"""Forecasts by the classical models of statsmodels, fitted once to training rows.

Parameters, and the choice of a model's form, come from the training rows alone; the forecast made at row t then reads
the rows up to t and no later one, with nothing fitted anew: the models' states are filtered over the whole series once.

Letters: R rows of the series, P parameters or lags, K dimensions of a model's state.
"""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnlab.evaluation.metrics import Array

FIT_ROWS = 2000  # the last of the training rows, to which a model is fitted: more take longer and change little
FEWEST_ROWS = 20  # to fit a model to
FEWEST_PERIODS = 3  # to fit a season to
MOST_ROWS = 100_000  # of a series; longer ones are left to the simple rules
SARIMA_PERIOD = 52  # the longest: the state has some two dimensions for each row of a period
SARIMA_WORK = 12_000  # rows times period, at most, to which a seasonal ARIMA is fitted: a few seconds
SARIMA_ORDERS = ((1, 0, 1), (0, 1, 1), (1, 1, 1))  # (p, d, q), each with the seasonal order (0, 1, 1)


class DoesNotApplyError(Exception):
    """Why a model can't forecast a series."""


@dataclass(frozen=True)
class Task:
    """What is to be forecast, and from what."""

    series: Array  # (R,), in the target's unit, without gaps
    train: int  # the first rows, which parameters may be fitted to
    horizon: int  # rows
    period: int = 1  # rows of a season; 1: none

    @property
    def has_season(self) -> bool:
        return self.period > 1 and min(self.train, FIT_ROWS) >= FEWEST_PERIODS * self.period

    def start(self, rows: int = FIT_ROWS) -> int:
        """The first of the last ``rows`` training rows."""
        return max(0, self.train - rows)


def statistical_forecasts(task: Task) -> tuple[dict[str, Array], dict[str, str]]:
    """The forecasts of autoreg, ets, theta and sarima, as far as they apply.

    An optimiser that ends without a converged optimum is no reason to leave a model out: the best parameters that it
    found make a forecast like any other. statsmodels' warnings are silenced for that.

    Returns:
        By model (R,), in the unit of the series: element t is the forecast for row t + horizon, made at row t; NaN at
        the first rows, before those that a model is fitted to or that it needs to start. And, by model that is left
        out, why.
    """
    import statsmodels.tools.sm_exceptions  # noqa: F401 - it turns its warnings on when it is imported: before ours
    from threadpoolctl import threadpool_limits  # matrices as small as these take a hundred times longer on two threads

    forecasts, left_out = dict[str, Array](), dict[str, str]()
    for name, model in MODELS.items():
        try:
            _check(task)
            with warnings.catch_warnings(), np.errstate(all="ignore"), threadpool_limits(1):
                warnings.simplefilter("ignore")
                forecast = model(task)
            if not np.isfinite(forecast[task.train :]).all():
                raise DoesNotApplyError("its forecasts are not finite")
            forecasts[name] = forecast
        except DoesNotApplyError as reason:
            left_out[name] = str(reason)
        except (ValueError, IndexError, ZeroDivisionError, np.linalg.LinAlgError) as error:
            left_out[name] = f"statsmodels can't fit it: {error}"
    return forecasts, left_out


def _check(task: Task) -> None:
    if len(task.series) >= MOST_ROWS:
        raise DoesNotApplyError(f"the series has {MOST_ROWS:,} rows or more")
    if task.train < FEWEST_ROWS:
        raise DoesNotApplyError(f"there are fewer than {FEWEST_ROWS} training rows")
    if np.ptp(task.series[task.start() : task.train]) == 0:
        raise DoesNotApplyError(f"the last {task.train - task.start()} training rows do not vary")


def autoreg(task: Task) -> Array:
    """An autoregression with a constant, by least squares; its order by Akaike's criterion."""
    from statsmodels.tsa.ar_model import ar_select_order

    known, (centre, spread) = task.series[task.start() : task.train], _scale(task)
    most = max(int(10 * np.log10(len(known))), task.period + 1 if task.period <= SARIMA_PERIOD else 0)
    chosen = ar_select_order((known - centre) / spread, min(most, len(known) // 4), ic="aic")
    constant, *weights = np.asarray(chosen.model.fit().params).tolist()
    lags, rows = len(weights), len(task.series)
    forecast = np.full(rows, np.nan)
    if not lags:
        return np.full(rows, constant * spread + centre)
    scaled = (task.series - centre) / spread
    recent = np.lib.stride_tricks.sliding_window_view(scaled, lags)[:, ::-1]  # (R - P + 1, P), the newest first
    for _ in range(task.horizon):
        ahead = constant + recent @ np.array(weights)
        recent = np.column_stack([ahead, recent[:, :-1]])
    forecast[lags - 1 :] = ahead * spread + centre
    return forecast


def ets(task: Task) -> Array:
    """Exponential smoothing (Hyndman et al. 2002), its form by Akaike's criterion; initial states by heuristic.

    Forms: no trend, a trend, a damped one; where there is a season, an additive one, and where all training values are
    positive a multiplicative one, with no trend or a damped one.
    """
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    start, (_, spread) = task.start(), _scale(task)
    scaled = task.series[start:] / spread
    known = scaled[: task.train - start]
    fitted = [
        (model, model.fit(disp=False))
        for form in _ets_forms(task, bool((known > 0).all()))
        for model in [ETSModel(known, initialization_method="heuristic", **form)]
    ]
    model, result = min(fitted, key=lambda each: each[1].aic if np.isfinite(each[1].aic) else np.inf)
    initial = {f"initial_{name}": getattr(model, f"initial_{name}") for name in ("level", "trend", "seasonal")}
    form = {name: getattr(model, name) for name in ("error", "trend", "damped_trend", "seasonal", "seasonal_periods")}
    whole = ETSModel(scaled, initialization_method="known", **form, **initial)
    _, states = whole.smooth(result.params, return_raw=True)  # level, then trend and season where there are
    ahead = states[:, 0].copy()
    if model.has_trend:
        damping = float(result.damping_trend) if model.damped_trend else 1.0
        ahead += states[:, 1] * np.sum(damping ** np.arange(1, task.horizon + 1))
    if model.has_seasonal:
        seasons = states[:, 1 + model.has_trend]
        same = np.arange(len(seasons)) + task.horizon - task.period * -(-task.horizon // task.period)
        season = np.where(same >= 0, seasons[np.maximum(same, 0)], np.nan)
        ahead = ahead * season if model.seasonal == "mul" else ahead + season
    return _after(start, ahead * spread)


def _ets_forms(task: Task, positive: bool) -> Iterator[dict[str, Any]]:
    for trend, damped in ((None, False), ("add", False), ("add", True)):
        yield {"error": "add", "trend": trend, "damped_trend": damped}
    if task.has_season:
        for kind in ("add", "mul") if positive else ("add",):
            for trend, damped in ((None, False), ("add", True)):
                season = {"seasonal": kind, "seasonal_periods": task.period}
                yield {"error": kind, "trend": trend, "damped_trend": damped} | season


def theta(task: Task) -> Array:
    """The Theta method (Assimakopoulos and Nikolopoulos 2000): exponential smoothing, and half of a line's slope.

    Where there is a season it is taken off before and put on again after. The forecast's formula is that of Hyndman and
    Billah (2003).
    """
    from scipy.signal import lfilter
    from statsmodels.tsa.forecasting.theta import ThetaModel

    start, (_, spread) = task.start(), _scale(task)
    scaled = task.series[start:] / spread
    season = {"period": task.period, "use_test": False} if task.has_season else {"deseasonalize": False}
    result = ThetaModel(scaled[: task.train - start], **season).fit()
    rows, number = len(scaled), np.arange(len(scaled))
    multiplied = result.model.method.startswith("mul")
    period = task.period if task.has_season else 1
    cycle = np.roll(  # by the row's place in the period
        result.forecast_components(period)["seasonal"].to_numpy(), (task.train - start) % period
    )
    here, there = cycle[number % period], cycle[(number + task.horizon) % period]
    plain = scaled / here if multiplied else scaled - here
    slope, alpha = (float(value) for value in result.params)
    level, _ = lfilter([alpha], [1.0, alpha - 1.0], plain, zi=[(1 - alpha) * plain[0]])
    steps = (1 - (1 - alpha) ** (number + 1)) / alpha if alpha > 0 else np.zeros(rows)
    ahead = level + slope / 2 * (task.horizon - 1 + steps)
    return _after(start, (ahead * there if multiplied else ahead + there) * spread)


def sarima(task: Task) -> Array:
    """A seasonal ARIMA (p, d, q)(0, 1, 1), of few orders that with the smallest information criterion (Akaike's).

    Likelihoods of models with different d are compared on the same rows, those that all of them forecast.
    """
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    if task.period == 1:
        raise DoesNotApplyError("the series has no period")
    if task.period > SARIMA_PERIOD:
        raise DoesNotApplyError(f"a period of more than {SARIMA_PERIOD} rows would take too long")
    start = task.start(min(FIT_ROWS, SARIMA_WORK // task.period))
    if task.train - start < FEWEST_PERIODS * task.period:
        raise DoesNotApplyError(f"the training rows hold fewer than {FEWEST_PERIODS} periods")
    centre, spread = _scale(task)
    scaled = (task.series[start:] - centre) / spread
    known, seasonal = scaled[: task.train - start], (0, 1, 1, task.period)

    def fit(order: tuple[int, int, int]) -> tuple[float, Array]:
        model = SARIMAX(known, order=order, seasonal_order=seasonal, simple_differencing=True)
        model.ssm.filter_chandrasekhar = True  # the same likelihood, several times faster
        result = model.fit(disp=False, cov_type="none")
        criterion = 2 * len(result.params) - 2 * float(np.sum(result.llf_obs[-(len(known) - task.period - 1) :]))
        return criterion if np.isfinite(criterion) else np.inf, np.asarray(result.params)

    fitted = [(*fit(order), order) for order in SARIMA_ORDERS]
    _, params, order = min(fitted, key=lambda each: each[0])
    model = SARIMAX(scaled, order=order, seasonal_order=seasonal)
    model.ssm.memory_no_predicted_cov = model.ssm.memory_no_filtered_cov = True  # (K, K) for each row
    states = model.filter(params, cov_type="none").filtered_state  # (K, R)
    weights = model.ssm["design"][0] @ np.linalg.matrix_power(model.ssm["transition"], task.horizon)
    ahead = weights @ states * spread + centre
    ahead[: order[1] + task.period] = np.nan  # the differences that the state starts from
    return _after(start, ahead)


MODELS: dict[str, Callable[[Task], Array]] = {"autoreg": autoreg, "ets": ets, "theta": theta, "sarima": sarima}


def _scale(task: Task) -> tuple[float, float]:
    """Mean and standard deviation of the training rows: optimisers want numbers near 1."""
    known = task.series[task.start() : task.train]
    return float(known.mean()), float(known.std())


def _after(start: int, forecast: Array) -> Array:
    """The forecasts made from row ``start`` on, with NaN for the rows before."""
    return np.concatenate([np.full(start, np.nan), forecast])
