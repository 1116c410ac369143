import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as reference

from rnnlab.evaluation import metrics

PRICES = arrays(np.float64, 20, elements=st.floats(1, 1000))
LABELS = arrays(np.uint8, 30, elements=st.integers(0, 4))
TRUE, PRED, LAST = np.array([10.0, 12, 8, 8]), np.array([11.0, 12, 10, 7]), np.array([9.0, 10, 12, 8])


def test_by_hand():
    assert metrics.mse(TRUE, PRED) == 6 / 4
    assert metrics.rmse(TRUE, PRED) == 1.5**0.5
    assert metrics.mae(TRUE, PRED) == 1.0
    assert metrics.mape(TRUE, PRED) == pytest.approx(100 * (0.1 + 0 + 0.25 + 0.125) / 4)
    assert metrics.r2(TRUE, PRED) == pytest.approx(1 - 6 / 11)
    # up, up, down were foreseen; on the fourth day the price did not move
    assert metrics.directional_accuracy(TRUE, PRED, LAST) == 1.0
    assert metrics.directional_accuracy(TRUE, LAST + 1, LAST) == pytest.approx(2 / 3)


def test_scaled_and_symmetric_errors_by_hand():
    assert metrics.smape(TRUE, PRED) == pytest.approx((200 * 1 / 21 + 0 + 200 * 2 / 18 + 200 * 1 / 15) / 4)
    assert metrics.naive_mae(np.array([1.0, 3.0, 2.0])) == 1.5
    assert metrics.mase(TRUE, PRED, 1.5) == pytest.approx(1 / 1.5)


def test_the_majority_direction():
    assert metrics.majority_direction(TRUE, LAST) == pytest.approx(2 / 3)  # up, up, down; one day did not move
    assert metrics.majority_direction(LAST, LAST) is None


def test_correlation():
    assert metrics.correlation(TRUE, 2 * TRUE + 1) == pytest.approx(1)
    assert metrics.correlation(TRUE, np.ones(4)) is None


def test_rmse_by_shift_by_hand():
    truth = np.array([1.0, 2.0, 4.0, 8.0])
    echo = np.array([9.0, 1.0, 2.0, 4.0])
    # days 2 and 3 alone have a value two days before them
    assert metrics.rmse_by_shift(truth, echo, 2) == [pytest.approx(10**0.5), 0.0, pytest.approx(2.5**0.5)]
    assert metrics.rmse_by_shift(truth, echo, 4) == []


def test_reliability_and_calibration_error_by_hand():
    right, confidence = np.array([True, False, True, True]), np.array([0.55, 0.55, 0.95, 1.0])
    assert metrics.reliability(right, confidence, bins=10) == [
        {"count": 2, "confidence": pytest.approx(0.55), "accuracy": 0.5},
        {"count": 2, "confidence": pytest.approx(0.975), "accuracy": 1.0},
    ]
    assert metrics.expected_calibration_error(right, confidence) == pytest.approx((2 * 0.05 + 2 * 0.025) / 4)


def test_wilsons_interval_is_statsmodels():
    from statsmodels.stats.proportion import proportion_confint

    assert metrics.wilson(356, 360) == pytest.approx(proportion_confint(356, 360, method="wilson"))


def test_undefined_figures_are_none():
    assert metrics.smape(np.array([0.0, 1]), np.array([0.0, 1])) is None
    assert metrics.mase(TRUE, PRED, 0.0) is None
    assert metrics.mape(np.array([0.0, 1]), np.array([1.0, 1])) is None
    assert metrics.r2(np.array([2.0, 2]), np.array([1.0, 2])) is None
    assert metrics.directional_accuracy(TRUE, LAST, LAST) is None
    # no direction is forecast for the first day: one of the two others is right
    assert metrics.directional_accuracy(TRUE, np.array([9.0, 11, 13, 8]), LAST) == 0.5
    assert metrics.directional_accuracy(LAST, TRUE, LAST) is None


@given(PRICES.filter(lambda values: np.ptp(values) > 1), PRICES)
def test_same_as_scikit_learn(y_true, y_pred):
    assert metrics.rmse(y_true, y_pred) == pytest.approx(reference.root_mean_squared_error(y_true, y_pred))
    assert metrics.mae(y_true, y_pred) == pytest.approx(reference.mean_absolute_error(y_true, y_pred))
    assert metrics.mape(y_true, y_pred) == pytest.approx(100 * reference.mean_absolute_percentage_error(y_true, y_pred))
    assert metrics.r2(y_true, y_pred) == pytest.approx(reference.r2_score(y_true, y_pred), rel=1e-9, abs=1e-9)


@given(LABELS, LABELS)
def test_classification_same_as_scikit_learn(y_true, y_pred):
    confusion = metrics.confusion_matrix(y_true, y_pred, 5)
    assert confusion.tolist() == reference.confusion_matrix(y_true, y_pred, labels=range(5)).tolist()
    assert metrics.accuracy(y_true, y_pred) == reference.accuracy_score(y_true, y_pred)
    assert metrics.macro_f1(confusion) == pytest.approx(reference.f1_score(y_true, y_pred, average="macro"))


def test_recall_by_class():
    assert metrics.recall_by_class(np.array([[3, 1, 0], [0, 2, 0], [0, 0, 0]])) == [0.75, 1.0, None]


def test_mean_and_std():
    assert metrics.mean_and_std([1, 2, 3]) == {"mean": 2.0, "std": 1.0}
    assert metrics.mean_and_std([5.0]) == {"mean": 5.0, "std": None}
    assert metrics.mean_and_std([5.0, None]) == {"mean": None, "std": None}
