"""Classical models: against statsmodels' own forecasts from the rows that were known, and by hand."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.tsa.ar_model import AutoReg, ar_select_order
from statsmodels.tsa.statespace.exponential_smoothing import ExponentialSmoothing
from statsmodels.tsa.statespace.sarimax import SARIMAX

from rnnlab.evaluation import statistical_models as models
from rnnlab.evaluation.statistical_models import Series, statistical_forecasts

GENERATOR = np.random.default_rng(0)
ROWS, TRAINED, PERIOD = 90, 60, 6
SEASON = 3 * np.sin(2 * np.pi * np.arange(ROWS) / PERIOD)
VALUES = 20 + SEASON + 0.05 * np.arange(ROWS) + GENERATOR.normal(0, 0.5, ROWS)
LAST = np.array([62, 75, 86])
SERIES = Series(VALUES, TRAINED, PERIOD)


def known(fit, row, horizon):
    """statsmodels' forecast, with a fitted model's parameters, from the rows up to ``row``."""
    return fit.model.clone(VALUES[: row + 1]).filter(fit.params).forecast(horizon)[-1]


@pytest.fixture(autouse=True)
def _quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of fits that stop early
        yield


@pytest.mark.parametrize("horizon", [1, 4])
def test_an_autoregression_forecasts_as_statsmodels_does(horizon):
    values = GENERATOR.standard_normal(ROWS)
    for t in range(2, ROWS):
        values[t] += 0.6 * values[t - 1] - 0.3 * values[t - 2]
    forecast = models.autoregression(Series(values, TRAINED, 1), LAST, horizon)
    lags = ar_select_order(values[:TRAINED], 10, ic="aic").ar_lags
    constant, *weights = AutoReg(values[:TRAINED], lags).fit().params
    for row, found in zip(LAST, forecast, strict=True):
        path = values[: row + 1].tolist()
        for _ in range(horizon):
            path.append(constant + sum(weight * path[-lag] for lag, weight in zip(lags, weights, strict=True)))
        assert found == pytest.approx(path[-1], rel=1e-9)


@pytest.mark.parametrize("horizon", [1, 4])
def test_exponential_smoothing_forecasts_as_statsmodels_does(horizon):
    forecast = models.exponential_smoothing(SERIES, LAST, horizon)
    fits = [
        ExponentialSmoothing(
            VALUES[:TRAINED], trend=trend, damped_trend=trend, seasonal=PERIOD, initialization_method="heuristic"
        ).fit(**models.SEARCH)
        for trend in (False, True)
    ]
    fit = min(fits, key=lambda each: each.aic)
    whole = fit.model.clone(VALUES).filter(fit.params)
    for row, found in zip(LAST, forecast, strict=True):
        expected = whole.predict(row + 1, row + horizon, dynamic=0)[-1] if horizon > 1 else whole.forecasts[0, row + 1]
        assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("horizon", [1, 4])
def test_a_seasonal_arima_forecasts_as_statsmodels_does(horizon):
    forecast = models.seasonal_arima(SERIES, LAST, horizon)
    fits = [
        SARIMAX(VALUES[:TRAINED], order=order, seasonal_order=(0, 1, 1, PERIOD)).fit(**models.SEARCH)
        for order in models.ORDERS
    ]
    expected = [[known(fit, row, horizon) for row in LAST] for fit in fits]
    assert any(np.allclose(forecast, each, rtol=1e-6) for each in expected)


def test_theta_goes_on_with_half_the_slope():
    line = Series(2.0 * np.arange(40.0), 30, 1)  # a line without noise: all of it is trend
    (forecast,) = models.theta(line, np.array([35]), 1)
    assert forecast == pytest.approx(72.0, abs=1.1)  # between the last value, 70, and a step and a half on


def test_a_season_is_seen():
    forecasts, left_out = statistical_forecasts(SERIES, np.arange(TRAINED, ROWS - 1), 1)
    truth = VALUES[TRAINED + 1 :]
    naive = np.sqrt(np.mean((VALUES[TRAINED:-1] - truth) ** 2))
    assert left_out == {}
    for name in ("ets", "theta", "sarima"):
        assert np.sqrt(np.mean((forecasts[name] - truth) ** 2)) < 0.6 * naive


@settings(max_examples=5, deadline=None)
@given(st.integers(TRAINED, ROWS - 2), st.floats(-100, 100))
def test_no_forecast_knows_what_comes_after_its_last_row(row, value):
    changed = VALUES.copy()
    changed[row + 1 :] = value
    last = np.array([TRAINED - 1, row])
    before, _ = statistical_forecasts(SERIES, last, 2)
    after, _ = statistical_forecasts(Series(changed, TRAINED, PERIOD), last, 2)
    assert set(before) == {"autoregression", "ets", "theta", "sarima"}
    for name, forecast in before.items():
        np.testing.assert_array_equal(forecast, after[name])


@pytest.mark.parametrize(
    ("series", "name", "why"),
    [
        (Series(VALUES, TRAINED, 1), "sarima", "there is no season"),
        (Series(VALUES, TRAINED, 20), "sarima", ""),
        (Series(np.ones(ROWS), TRAINED, 1), "ets", "rows that do not vary"),
        (Series(VALUES, 10, 1), "autoregression", "too few rows to learn from"),
        (Series(np.arange(models.MOST_ROWS + 1.0), TRAINED, 1), "theta", "50,001 rows are more than 50,000"),
        (Series(np.tile(VALUES, 3), 200, 48), "sarima", "a season of 48 rows is longer than 24"),
    ],
)
def test_a_model_that_does_not_apply_is_left_out_with_a_reason(series, name, why):
    forecasts, left_out = statistical_forecasts(series, np.array([80]), 1)
    assert (name in forecasts) == (why == "")
    assert why in left_out.get(name, "")
