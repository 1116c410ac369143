"""The forecasts of the classical models against statsmodels' own at single rows, and against textbook recursions."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.tsa.ar_model import AutoReg, ar_select_order
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.forecasting.theta import ThetaModel
from statsmodels.tsa.statespace.sarimax import SARIMAX

from rnnlab.evaluation import statistical_models
from rnnlab.evaluation.statistical_models import SARIMA_ORDERS, Task, statistical_forecasts

TRAIN, ROWS, PERIOD = 90, 130, 4
ORIGINS = [TRAIN - 1, TRAIN, TRAIN + 7, ROWS - 1]


def made(seed=0, season=5.0, level=50.0):
    random, rows = np.random.default_rng(seed), np.arange(ROWS)
    return level + random.standard_normal(ROWS).cumsum() + season * np.sin(2 * np.pi * rows / PERIOD)


def quietly(make):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make()


@pytest.fixture(scope="module", params=[1, 3], ids=["1 ahead", "3 ahead"])
def horizon(request):
    return request.param


@pytest.fixture(scope="module")
def found(horizon):
    forecasts, left_out = statistical_forecasts(Task(made(), TRAIN, horizon, PERIOD))
    assert left_out == {}
    assert all(forecast.shape == (ROWS,) for forecast in forecasts.values())
    return forecasts


def test_autoreg_is_statsmodels_from_a_series_cut_there(found, horizon):
    series = made()
    lags = ar_select_order(series[:TRAIN], int(10 * np.log10(TRAIN)), ic="aic").ar_lags
    params = AutoReg(series[:TRAIN], lags).fit().params
    for origin in ORIGINS:
        expected = AutoReg(series[: origin + 1], lags).predict(params, start=origin + 1, end=origin + horizon)
        assert found["autoreg"][origin] == pytest.approx(expected[-1], rel=1e-8)


def holt_winters(series, fit, horizon):
    """The forecast after the last value, by the recursions of Hyndman and Athanasopoulos (2021), 8.3."""
    model, season = fit.model, list(np.atleast_1d(fit.model.initial_seasonal))
    level, trend, damping = model.initial_level, model.initial_trend, fit.phi if model.damped_trend else 1.0
    multiplied = model.seasonal == "mul"
    for row, value in enumerate(series):
        before, slope = level, damping * trend
        old = season[row] if model.has_seasonal else 0.0
        level = fit.alpha * (value / old if multiplied else value - old) + (1 - fit.alpha) * (before + slope)
        if model.has_trend:
            trend = fit.beta / fit.alpha * (level - before) + (1 - fit.beta / fit.alpha) * slope
        if model.has_seasonal:
            # The multiplied season reads the level of this row, as Holt and Winters had it, and its gamma is divided so
            # that for an added one it would be the same.
            gamma = fit.gamma / (1 - fit.alpha) if multiplied else fit.gamma
            rest = value / level if multiplied else value - before - slope
            season.append(gamma * rest + (1 - gamma) * old)
    ahead = level + trend * sum(damping**step for step in range(1, horizon + 1))
    if not model.has_seasonal:
        return ahead
    last = season[len(series) + (horizon - 1) % PERIOD]
    return ahead * last if multiplied else ahead + last


@pytest.mark.parametrize("seasonal", [None, "add", "mul"])
@pytest.mark.parametrize("damped", [None, False, True])
def test_ets_is_the_textbooks(monkeypatch, horizon, seasonal, damped):
    form = {"error": "mul" if seasonal == "mul" else "add", "trend": None if damped is None else "add"}
    form |= {"damped_trend": bool(damped)} | ({"seasonal": seasonal, "seasonal_periods": PERIOD} if seasonal else {})
    monkeypatch.setattr(statistical_models, "_ets_forms", lambda task, positive: [form])
    series = made()
    forecast = quietly(lambda: statistical_models.ets(Task(series, TRAIN, horizon, PERIOD)))
    scaled = series / series[:TRAIN].std()
    fit = quietly(lambda: ETSModel(scaled[:TRAIN], initialization_method="heuristic", **form).fit(disp=False))
    for origin in ORIGINS:
        expected = holt_winters(scaled[: origin + 1], fit, horizon) * series[:TRAIN].std()
        assert forecast[origin] == pytest.approx(expected, rel=1e-8)
    at_the_end = fit.forecast(horizon)[-1] * series[:TRAIN].std()
    assert forecast[TRAIN - 1] == pytest.approx(at_the_end, rel=1e-8)


def test_ets_takes_the_form_with_the_smallest_criterion():
    series = made()
    scaled = series[:TRAIN] / series[:TRAIN].std()

    def fit(form):
        return ETSModel(scaled, initialization_method="heuristic", **form).fit(disp=False)

    task = Task(series, TRAIN, 1, PERIOD)
    fits = quietly(lambda: [fit(form) for form in statistical_models._ets_forms(task, positive=True)])
    assert len(fits) == 7
    best = min(fits, key=lambda each: each.aic)
    assert best.has_seasonal
    forecast = quietly(lambda: statistical_models.ets(task))
    assert forecast[TRAIN - 1] == pytest.approx(best.forecast(1)[0] * series[:TRAIN].std(), rel=1e-8)


@pytest.mark.parametrize("level", [50.0, 0.0], ids=["multiplied", "added"])
def test_theta_is_statsmodels(horizon, level):
    series = made(level=level)
    forecast = quietly(lambda: statistical_models.theta(Task(series, TRAIN, horizon, PERIOD)))
    fit = quietly(lambda: ThetaModel(series[:TRAIN] / series[:TRAIN].std(), period=PERIOD, use_test=False).fit())
    expected = np.asarray(fit.forecast(horizon))[-1] * series[:TRAIN].std()
    assert forecast[TRAIN - 1] == pytest.approx(expected, rel=1e-6)


def test_theta_goes_on_as_hyndman_and_billah_write_it(horizon):
    series = made(season=0.0)
    forecast = quietly(lambda: statistical_models.theta(Task(series, TRAIN, horizon)))
    scaled = series / series[:TRAIN].std()
    slope, alpha = quietly(lambda: ThetaModel(scaled[:TRAIN], deseasonalize=False).fit()).params
    level = scaled[0]
    for value in scaled[1:]:
        level = alpha * value + (1 - alpha) * level
    expected = level + slope / 2 * (horizon - 1 + 1 / alpha - (1 - alpha) ** ROWS / alpha)
    assert forecast[-1] == pytest.approx(expected * series[:TRAIN].std(), rel=1e-8)


def test_sarima_is_statsmodels_appended_without_a_fit(found, horizon):
    series = made()
    centre, spread = series[:TRAIN].mean(), series[:TRAIN].std()
    scaled, seasonal = (series - centre) / spread, (0, 1, 1, PERIOD)
    expected = []
    for order in SARIMA_ORDERS:
        short = SARIMAX(scaled[:TRAIN], order=order, seasonal_order=seasonal, simple_differencing=True)
        params = quietly(lambda model=short: model.fit(disp=False).params)
        known = SARIMAX(scaled[:TRAIN], order=order, seasonal_order=seasonal).smooth(params)
        longer = [known.append(scaled[TRAIN : origin + 1], refit=False) for origin in ORIGINS[1:]]
        expected.append([each.forecast(horizon)[-1] * spread + centre for each in (known, *longer)])
    forecast = found["sarima"][ORIGINS]
    assert any(np.allclose(forecast, each, rtol=1e-3) for each in expected)


def test_theta_takes_a_period_beyond_the_series_for_none():
    series = np.arange(40.0) + np.arange(40) % 3
    without, beyond = (quietly(lambda p=p: statistical_models.theta(Task(series, 30, 1, p))) for p in (1, 2**31 - 1))
    np.testing.assert_array_equal(beyond, without)


@settings(max_examples=5, deadline=None)
@given(st.integers(TRAIN, ROWS - 1), st.sampled_from([1, 5]), st.sampled_from([1, PERIOD]), st.floats(-1e3, 1e3))
def test_no_forecast_reads_a_later_row(row, horizon, period, change):
    altered = made()
    altered[row:] += change
    before, _ = statistical_forecasts(Task(made(), TRAIN, horizon, period))
    after, _ = statistical_forecasts(Task(altered, TRAIN, horizon, period))
    assert set(before) == set(after)
    for name in before:
        np.testing.assert_array_equal(before[name][:row], after[name][:row], err_msg=name)


def test_what_can_not_be_fitted_is_left_out_and_says_why():
    assert statistical_forecasts(Task(np.full(ROWS, 3.0), TRAIN, 1, PERIOD)) == (
        {},
        dict.fromkeys(statistical_models.MODELS, "the last 90 training rows do not vary"),
    )
    _, few = statistical_forecasts(Task(made(), 10, 1))
    assert set(few.values()) == {"there are fewer than 20 training rows"}
    _, long = statistical_forecasts(Task(np.zeros(100_000), TRAIN, 1))
    assert set(long.values()) == {"the series has 100,000 rows or more"}


@pytest.mark.parametrize(
    ("period", "reason"),
    [
        (1, "the series has no period"),
        (60, "a period of more than 52 rows would take too long"),
        (40, "the training rows hold fewer than 3 periods"),
    ],
)
def test_a_seasonal_model_needs_a_season(period, reason):
    forecasts, left_out = statistical_forecasts(Task(made(), TRAIN, 1, period))
    assert left_out == {"sarima": reason}
    assert set(forecasts) == {"autoreg", "ets", "theta"}


@pytest.mark.parametrize(
    "series",
    [
        np.arange(ROWS, dtype=float),
        np.tile([1.0, 5.0, 2.0, 8.0], 33)[:ROWS],
        np.where(np.arange(ROWS) == 50, 1.0, 0.0),
        made() * 1e9,
        made() * 1e-9,
        np.where(np.arange(ROWS) < TRAIN, made(), 0.0),
        made(level=-500.0),
    ],
    ids=["line", "cycle", "one spike", "large", "small", "stands still after training", "below 0"],
)
@pytest.mark.parametrize("period", [1, PERIOD])
def test_odd_series_end_in_forecasts_or_reasons(series, period):
    forecasts, left_out = statistical_forecasts(Task(series, TRAIN, 2, period))
    assert set(forecasts) | set(left_out) == set(statistical_models.MODELS)
    assert all(np.isfinite(forecast[TRAIN:]).all() for forecast in forecasts.values())


def test_a_long_training_part_is_fitted_by_its_end():
    random = np.random.default_rng(0)
    series = random.standard_normal(3000).cumsum()
    forecasts, _ = statistical_forecasts(Task(series, 2500, 1))
    changed = np.concatenate([random.standard_normal(400), series[400:]])
    again, _ = statistical_forecasts(Task(changed, 2500, 1))
    for name, forecast in forecasts.items():
        np.testing.assert_array_equal(forecast[2500:], again[name][2500:])


def test_statsmodels_does_not_turn_its_warnings_on_again():
    """It does so when it is first imported, which a process does once."""
    code = """
import numpy as np, warnings
from rnnlab.evaluation import statistical_models as models
def fit(task):
    from statsmodels.tools.sm_exceptions import ModelWarning
    warnings.warn("a fit of no use", ModelWarning)
    return np.zeros(len(task.series))
models.MODELS = {"one": fit}
print(models.statistical_forecasts(models.Task(np.sin(np.arange(100.0)), 70, 1, 1))[1])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("{}\n", "")
