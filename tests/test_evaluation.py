import json

import numpy as np
import pytest

from rnnlab.evaluation.digits_evaluation import Classification, evaluate_digits, evaluate_majority_class
from rnnlab.evaluation.series_evaluation import Days, Season, days_by_part, evaluate_forecast
from rnnlab.windows.scaling import MinMaxScaler
from rnnlab.windows.windows import Windows

TRUE, LAST = np.array([12.0, 14.0]), np.array([11.0, 16.0])  # persistence is off by 1 and 2


def days(y_true=TRUE, y_last=LAST):
    return Days(y_true, y_last, horizon=1, naive_mae=0.5, to_scaled=lambda values: values / 10)


def test_series_is_measured_beside_persistence():
    result, _ = evaluate_forecast(days(), {0: TRUE + 1, 1: TRUE + 3})
    assert (result["steps"], result["seeds"]) == (2, 2)
    assert result["metrics"]["rmse"] == {"mean": 2.0, "std": pytest.approx(2**0.5), "seeds_mean": 2.0}
    assert result["metrics"]["mase"]["mean"] == 4.0
    assert result["metrics"]["scaled_mse"]["mean"] == pytest.approx(0.04)
    assert result["by_seed"]["1"]["relative_rmse"] == pytest.approx(3 / 2.5**0.5)
    assert result["majority_direction"] == 0.5


def test_what_is_measured_is_the_mean_forecast():
    result, _ = evaluate_forecast(days(), {0: TRUE + 1, 1: TRUE - 1})
    assert result["metrics"]["rmse"] == {"mean": 0.0, "std": 0.0, "seeds_mean": 1.0}


def test_an_echo_of_the_last_day_is_found_by_its_lag():
    series = np.random.default_rng(0).standard_normal(40).cumsum()
    echo, _ = evaluate_forecast(days(series[1:], series[:-1]), {0: series[:-1] + 0.001})
    assert echo["lag"]["shift"] == 1
    assert echo["lag"]["correlation_with_last"] == pytest.approx(1.0)
    assert echo["lag"]["correlation_with_last"] > echo["lag"]["correlation_with_target"]
    seer, _ = evaluate_forecast(days(series[1:], series[:-1]), {0: series[1:]})
    assert seer["lag"]["shift"] == 0


def test_intervals_are_those_of_the_mean_forecast_calibrated_on_validation():
    before = np.full(30, 5.0), {0: np.full(30, 6.0), 1: np.full(30, 6.0)}  # always off by 1
    result, bounds = evaluate_forecast(days(), {0: TRUE, 1: TRUE + 1}, before)
    assert bounds["lower_80"][0] == TRUE[0] + 0.5 - 1
    assert result["intervals"]["95"] == {"steps": 2, "coverage": 1.0, "width": 2.0, "score": 2.0}


def test_a_longer_horizon_shifts_further_and_calibrates_later():
    series = np.random.default_rng(0).standard_normal(60).cumsum()
    far = Days(series[7:], series[:-7], horizon=7, naive_mae=1.0)
    result, bounds = evaluate_forecast(far, {0: series[:-7]})
    assert result["lag"]["shift"] == 7
    # four errors are known 4 + 7 - 1 days later
    assert np.flatnonzero(np.isfinite(bounds["lower_80"]))[0] == 10


@pytest.mark.promise(number=4)
def test_where_persistence_is_perfect_nothing_is_divided_by_zero():
    result, _ = evaluate_forecast(days(TRUE, TRUE), {0: TRUE + 1})
    assert result["metrics"]["relative_rmse"] == {"mean": None, "std": None, "seeds_mean": None}
    json.dumps(result, allow_nan=False)


@pytest.mark.promise(number=4)
def test_a_truth_that_does_not_vary_leaves_figures_out_and_says_why():
    still = np.full(3, 12.0)
    result, _ = evaluate_forecast(days(still, still), {0: still + 1})
    assert result["metrics"]["r2"]["mean"] is None
    assert result["undefined"] == {
        "r2": "the true values do not vary",
        "relative_rmse": "persistence makes no error",
        "directional_accuracy": "at no step did both the value and the forecast move",
        "majority_direction": "the value moved at no step",
        "shift": "there are too few forecasts to move them back",
        "correlation_with_last": "the last values or the forecasts do not vary",
        "correlation_with_target": "the true values or the forecasts do not vary",
    }
    json.dumps(result, allow_nan=False)


@pytest.mark.promise(number=4)
def test_one_day():
    result, bounds = evaluate_forecast(days(TRUE[:1], LAST[:1]), {0: TRUE[:1] + 1, 1: TRUE[:1] + 3})
    assert result["metrics"]["rmse"]["mean"] == 2.0
    assert set(result["undefined"]) == {"r2", "shift", "correlation_with_last", "correlation_with_target"}
    assert np.isnan(bounds["lower_80"]).all()
    json.dumps(result, allow_nan=False)


@pytest.mark.promise(number=4)
def test_where_all_is_defined_nothing_is_said():
    series = np.random.default_rng(0).standard_normal(40).cumsum() + 100
    result, _ = evaluate_forecast(days(series[1:], series[:-1]), {0: series[1:] + 1})
    assert result["undefined"] == {}


def test_days_are_in_the_targets_unit_and_scaled_by_the_training_part():
    scaler = MinMaxScaler(("Open", "Close"), (0.0, 10.0), (1.0, 20.0))
    windows = Windows(np.zeros((5, 1)), np.array([0.0, 0.1, 0.3, 0.2, 0.4]), np.arange(5).astype("datetime64[s]"), 2, 1)
    parts = days_by_part({"train": windows.part(0, 1), "test": windows.part(1, 3)}, scaler, "Close")
    assert parts["test"].y_true.tolist() == pytest.approx([12.0, 14.0])
    assert parts["test"].y_last.tolist() == pytest.approx([13.0, 12.0])
    assert parts["test"].naive_mae == pytest.approx(1.5)  # of 10, 11, 13
    assert parts["test"].to_scaled(np.array([15.0])) == pytest.approx([0.5])


def test_mase_is_scaled_by_the_value_one_season_before():
    scaler = MinMaxScaler(("Close",), (0.0,), (10.0,))
    windows = Windows(np.zeros((6, 1)), np.array([0.0, 0.5, 0.1, 0.8, 0.1, 0.7]), np.arange(6), 2, 1)
    parts = days_by_part({"train": windows.part(0, 2), "test": windows.part(2, 4)}, scaler, "Close", Season(period=2))
    assert parts["test"].naive_mae == pytest.approx((1 + 3) / 2)  # of 0, 5, 1, 8 two rows apart


def test_digits():
    train, test = np.array([0, 1, 1, 2]), np.array([1, 1, 0, 2])
    confidence = {7: np.array([0.9, 0.9, 0.9, 0.5])}
    result = evaluate_digits(
        Classification(train, {7: np.array([0, 1, 1, 1])}, confidence),
        Classification(test, {7: np.array([1, 1, 0, 0])}, confidence),
        3,
    )
    assert result["metrics"]["test_accuracy"]["mean"] == 0.75
    assert result["metrics"]["train_accuracy"]["mean"] == 0.75
    assert result["metrics"]["macro_f1"]["mean"] == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert result["metrics"]["ece"]["mean"] == pytest.approx((3 * 0.1 + 1 * 0.5) / 4)
    assert result["class_accuracy"] == {"0": 1.0, "1": 1.0, "2": 0.0}
    assert result["confusion"] == [[1, 0, 0], [0, 2, 0], [1, 0, 0]]
    assert [entry["count"] for entry in result["reliability"]] == [1, 3]
    low, high = result["wilson_95"]
    assert (low, high) == (pytest.approx(0.3006, abs=1e-4), pytest.approx(0.9544, abs=1e-4))


def test_the_majority_class():
    result = evaluate_majority_class(np.array([0, 1, 1, 2]), np.array([1, 1, 0, 2]))
    assert result["metrics"]["test_accuracy"]["mean"] == 0.5
    assert result["metrics"]["train_accuracy"]["mean"] == 0.5
