"""What comes after the last day: the same numbers as `evaluate` gives for it afterwards."""

import numpy as np
import pandas as pd
import pytest
import torch

from rnnlab.core.errors import UserError
from rnnlab.evaluation.intervals import rolling_radius
from rnnlab.forecasting.next_steps import forecast_next_steps
from rnnlab.networks.forecast import forecast
from rnnlab.networks.network import build
from rnnlab.windows.calendar import with_calendar
from rnnlab.windows.scaling import MinMaxScaler
from rnnlab.windows.targets import Target
from rnnlab.windows.windows import Windows

LENGTH, ROWS, TRAINED = 3, 60, 20
DATES = pd.bdate_range("2024-01-01", periods=ROWS)


def config(horizon=1, rollout=False):
    network = {"cell": "gru", "input_size": 1, "length": LENGTH, "output_size": 1, "hidden_size": 2, "num_layers": 1}
    return {
        "model": "small",
        "network": network | {"bidirectional": False, "head": "flatten", "output": "linear"},
        "scaler": {
            "columns": ["Close"],
            "minimum": [50.0],
            "maximum": [150.0],
            "features": ["Close"],
            "target": "Close",
        },
        "target": {"kind": "level", "unit": 1.0, "sequence": False, "rollout": rollout, "every_step": False},
        "horizon": horizon,
        "trained_until": str(DATES[TRAINED - 1]),
    }


@pytest.fixture
def networks():
    networks = {}
    for seed in (0, 1):
        torch.manual_seed(seed)
        networks[seed] = build(config()["network"])
    return networks


@pytest.fixture
def prices():
    return pd.DataFrame({"Close": 100 + np.random.default_rng(0).normal(0, 2, ROWS).cumsum()}, index=DATES)


def evaluated(networks, config, prices, horizon):
    """Forecasts and truth of all windows, by the evaluation's own functions."""
    scaler = MinMaxScaler.from_dict(config["scaler"])
    scaled = scaler.transform(prices["Close"].to_numpy(), "Close")
    windows = Windows(scaled[:, None], scaled, prices.index.to_numpy(), LENGTH, horizon)
    by_seed = [forecast(network, windows, Target(**config["target"]))[:, 0] for network in networks.values()]
    y_pred = scaler.inverse(np.mean(by_seed, axis=0), "Close")
    return windows.target_dates, y_pred, scaler.inverse(windows.y[:, 0], "Close")


@pytest.mark.parametrize("horizon", [1, 4])
def test_the_day_to_come_is_forecast_as_evaluate_does_later(networks, prices, horizon):
    given = config(horizon)
    (step,) = forecast_next_steps(networks, given, prices.iloc[:-horizon], None).steps
    dates, y_pred, y_true = evaluated(networks, given, prices, horizon)
    assert (step.step, step.date) == (horizon, DATES[-1])
    assert step.forecast == pytest.approx(y_pred[-1], rel=1e-9)
    assert step.persistence == pytest.approx(prices["Close"].iloc[-1 - horizon])
    tested = dates > np.datetime64(given["trained_until"])
    errors = np.abs(y_true - y_pred)[tested]
    for level in (0.8, 0.95):
        half = rolling_radius(np.empty(0), errors, level, horizon)[-1]
        assert step.intervals[f"{100 * level:.0f}"] == pytest.approx((y_pred[-1] - half, y_pred[-1] + half), rel=1e-9)
    assert step.mae == pytest.approx(errors[:-horizon].mean())


def test_days_that_it_was_trained_on_say_nothing_of_its_errors(networks, prices):
    made = forecast_next_steps(networks, config(), prices.iloc[: TRAINED + 5])
    assert made.steps[0].known == 5
    assert made.steps[0].intervals["95"] is None
    assert made.steps[0].intervals["80"] is not None
    assert any(
        "no 95 % interval" in note and "at least 19 trading days after 2024-01-26" in note for note in made.notes
    )


def test_without_an_unseen_day_there_is_no_error_to_tell(networks, prices):
    (step,) = forecast_next_steps(networks, config(), prices.iloc[:TRAINED]).steps
    assert (step.known, step.mae, step.persistence_mae) == (0, None, None)


def test_a_model_that_rolls_out_forecasts_each_day_up_to_the_horizon(networks, prices):
    made = forecast_next_steps(networks, config(2, rollout=True), prices, 3)
    assert [step.step for step in made.steps] == [1, 2, 3]
    for step in made.steps:
        _, y_pred, _ = evaluated(networks, config(2, rollout=True), extended(prices, step.step), step.step)
        assert step.forecast == pytest.approx(y_pred[-1], rel=1e-9)


def test_a_model_that_says_every_step_gives_each_with_its_interval(prices):
    given = config(3)
    given["network"] |= {"output": "horizon", "output_size": 3}
    given["target"] |= {"every_step": True}
    networks = {0: build(given["network"])}
    made = forecast_next_steps(networks, given, prices)
    for step, ahead in zip(made.steps, (1, 2, 3), strict=True):
        _, y_pred, _ = evaluated(networks, given, extended(prices, ahead), ahead)
        assert (step.step, step.forecast) == (ahead, pytest.approx(y_pred[-1], rel=1e-9))
        assert step.intervals["80"][0] < step.forecast < step.intervals["80"][1]
    assert [step.step for step in forecast_next_steps(networks, given, prices, 2).steps] == [1, 2]


def test_the_calendar_is_known_for_the_steps_to_come():
    given = config(2, rollout=True)
    waves = ["weekday_sin", "weekday_cos"]
    given["network"] |= {"input_size": 3}
    scaler = given["scaler"]
    scaler |= {"columns": ["Close", *waves], "features": ["Close", *waves]}
    scaler |= {"minimum": [50.0, -1.0, -1.0], "maximum": [150.0, 1.0, 1.0]}
    torch.manual_seed(0)
    networks, days = {0: build(given["network"])}, pd.date_range("2024-01-01", periods=ROWS)
    values = pd.DataFrame({"Close": 100 + np.random.default_rng(0).normal(0, 2, ROWS)}, index=days)
    made = forecast_next_steps(networks, given, values.iloc[:-2])
    columns = {
        name: MinMaxScaler.from_dict(scaler).transform(column.to_numpy(), name)
        for name, column in with_calendar(values, waves).items()
    }
    windows = Windows(np.stack(list(columns.values()), 1), columns["Close"], days.to_numpy(), LENGTH, 2)
    later = forecast(networks[0], windows, Target(**given["target"]))[-1, 0]
    assert made.steps[-1].forecast == pytest.approx(50 + 100 * later, rel=1e-9)


def test_intervals_do_not_go_below_zero_where_the_series_never_did(networks, prices):
    (step,) = forecast_next_steps(networks, config(), (prices - prices.min()) * 100).steps
    assert step.intervals["95"][0] == 0.0


def test_rows_without_dates_are_counted_on(networks, prices):
    prices.index = pd.RangeIndex(1, ROWS + 1)
    made = forecast_next_steps(networks, config() | {"trained_until": "20"}, prices)
    assert (made.steps[0].date, made.word) == (ROWS + 1, "row")
    with pytest.raises(UserError, match="was trained on rows with dates, and these have none"):
        forecast_next_steps(networks, config(), prices)


def extended(prices, days):
    more = pd.DataFrame({"Close": 100.0}, index=pd.bdate_range(DATES[-1], periods=days + 1)[1:])
    return pd.concat([prices, more])


def test_another_horizon_than_was_learned_is_refused(networks, prices):
    with pytest.raises(UserError, match=r"horizon 3: small was trained to forecast 1 step ahead.*horizon=3"):
        forecast_next_steps(networks, config(), prices, 3)


@pytest.mark.parametrize("horizon", [0, 21])
def test_a_rollout_has_bounds(networks, prices, horizon):
    with pytest.raises(UserError, match="rolls out 1 to 20 steps"):
        forecast_next_steps(networks, config(rollout=True), prices, horizon)


def test_too_short_a_series_is_refused(networks, prices):
    with pytest.raises(UserError, match="2 rows are too few: small reads 3"):
        forecast_next_steps(networks, config(), prices.iloc[:2])


def test_prices_beyond_the_scaler_are_noted(networks, prices):
    notes = forecast_next_steps(networks, config(), prices + 60).notes
    assert any("lies outside what the scaler was fitted on (50 to 150)" in note for note in notes)


def test_prices_of_another_scale_are_not_to_be_believed(networks, prices):
    notes = forecast_next_steps(networks, config(), prices + 1000).notes
    assert any(note.startswith("WARNING: unreliable forecast: the last Close") for note in notes)


@pytest.mark.parametrize(
    ("frequency", "word", "warned"),
    [("B", "trading day", False), ("W", "week", True), ("h", "hour", True)],
)
def test_rows_further_or_nearer_than_it_learned_are_not_to_be_believed(networks, prices, frequency, word, warned):
    prices.index = pd.date_range("2024-01-01", periods=ROWS, freq=frequency)
    made = forecast_next_steps(networks, config() | {"spacing": 24.0}, prices)
    assert any("apart, those that the model was trained on 1 day; " in note for note in made.notes) == warned
    assert made.word == word


@pytest.mark.promise(number=4)
def test_a_forecast_that_is_no_number_is_refused(prices):
    about = config()
    about["network"] |= {"cell": "mlp"}
    with pytest.raises(UserError, match="the forecast of small is no finite number; are the values too large"):
        forecast_next_steps({0: build(about["network"])}, about, prices * 1e299)
