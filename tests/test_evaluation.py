import json

import numpy as np
import pytest

from rnnlab.evaluation import evaluate_digits, evaluate_stock

TRUE, LAST = np.array([12.0, 14.0]), np.array([11.0, 16.0])  # persistence is off by 1 and 2


def test_stock_is_measured_beside_persistence():
    result = evaluate_stock(TRUE, LAST, {0: TRUE + 1, 1: TRUE + 3}, lambda values: values / 10)
    assert (result["days"], result["seeds"]) == (2, 2)
    assert result["metrics"]["rmse"] == {"mean": 2.0, "std": pytest.approx(2**0.5)}
    assert result["metrics"]["scaled_mse"]["mean"] == pytest.approx((0.01 + 0.09) / 2)
    assert result["baseline"]["name"] == "persistence"
    assert result["baseline"]["metrics"]["rmse"] == pytest.approx(2.5**0.5)
    assert result["baseline"]["metrics"]["relative_rmse"] == 1.0
    assert result["by_seed"]["1"]["relative_rmse"] == pytest.approx(3 / 2.5**0.5)


def test_where_persistence_is_perfect_nothing_is_divided_by_zero():
    result = evaluate_stock(TRUE, TRUE, {0: TRUE + 1}, lambda values: values)
    assert result["metrics"]["relative_rmse"] == {"mean": None, "std": None}
    json.dumps(result, allow_nan=False)


def test_digits_are_measured_beside_the_majority_class():
    train, test = np.array([0, 1, 1, 2]), np.array([1, 1, 0, 2])
    result = evaluate_digits(train, {7: np.array([0, 1, 1, 1])}, test, {7: np.array([1, 1, 0, 0])}, 3)
    assert result["metrics"]["test_accuracy"]["mean"] == 0.75
    assert result["metrics"]["train_accuracy"]["mean"] == 0.75
    assert result["metrics"]["macro_f1"]["mean"] == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert result["class_accuracy"] == {"0": 1.0, "1": 1.0, "2": 0.0}
    assert result["confusion"] == [[1, 0, 0], [0, 2, 0], [1, 0, 0]]
    assert result["baseline"]["name"] == "majority_class"
    assert result["baseline"]["metrics"]["test_accuracy"] == 0.5
