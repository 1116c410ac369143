import numpy as np
import pytest
from crepes import ConformalRegressor
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rnnlab.evaluation import intervals

ERRORS = arrays(np.float64, st.integers(25, 60), elements=st.floats(0, 100), unique=True)


def test_radius_by_hand():
    errors = np.array([5.0, 1.0, 4.0, 2.0, 3.0, 9.0, 8.0, 7.0, 6.0])
    assert intervals.radius(errors, 0.8) == 8.0  # the ceil(10 * 0.8)-th of nine
    assert intervals.radius(errors, 0.9) == 9.0
    assert intervals.radius(errors, 0.95) == np.inf  # would be the tenth


@given(ERRORS, st.sampled_from([0.8, 0.95]))
def test_radius_is_that_of_crepes(errors, level):
    assume((len(errors) + 1) % round(1 / (1 - level)))  # where the place is a whole number crepes rounds as it falls
    (low, high), *_ = ConformalRegressor().fit(errors).predict_int(np.array([0.0]), confidence=level)
    assert intervals.radius(errors, level) == pytest.approx(high)
    assert low == -high


def test_a_day_knows_only_the_errors_of_days_that_are_over():
    errors = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    assert intervals.rolling_radius(np.empty(0), errors, 0.5, horizon=1).tolist() == [np.inf, 1, 2, 2, 3, 3]
    assert intervals.rolling_radius(np.empty(0), errors, 0.5, horizon=3).tolist() == [np.inf] * 3 + [1, 2, 2]
    assert intervals.rolling_radius(np.array([9.0]), errors, 0.5, horizon=1).tolist() == [9, 9, 2, 3, 3, 4]
    assert intervals.rolling_radius(np.empty(0), errors, 0.5, 1, window=2).tolist() == [np.inf, 1, 2, 3, 4, 5]


@given(ERRORS, st.integers(1, 5), st.data())
def test_an_interval_does_not_change_with_the_future(errors, horizon, data):
    day = data.draw(st.integers(0, len(errors) - 1))
    before = intervals.rolling_radius(np.empty(0), errors, 0.8, horizon)
    changed = errors.copy()
    changed[max(0, day + 1 - horizon) :] = 1e9
    assert intervals.rolling_radius(np.empty(0), changed, 0.8, horizon)[day] == before[day]


def test_coverage_width_and_score_by_hand():
    y_true, y_pred = np.array([10.0, 20.0, 30.0, 40.0]), np.array([10.0, 23.0, 30.0, 99.0])
    radii = np.array([1.0, 2.0, 3.0, np.nan])
    figures = intervals.figures(y_true, y_pred - radii, y_pred + radii, 0.8)
    # the second day's truth lies 1 below the interval: 2 / 0.2 * 1
    assert figures == {"steps": 3, "coverage": pytest.approx(2 / 3), "width": 4.0, "score": pytest.approx(4 + 10 / 3)}
    nowhere = np.full(4, np.nan)
    assert intervals.figures(y_true, nowhere, nowhere, 0.8)["coverage"] is None


def test_intervals_end_at_a_floor():
    truth, forecast = np.array([1.0, 2.0, 1.0, 2.0]), np.array([1.5, 1.5, 1.0, 1.0])
    before = np.full(30, 2.0), np.zeros(30)  # always off by 2
    bounds, figures = intervals.conformal(truth, forecast, 1, before, floor=0.0)
    assert bounds["lower_80"].tolist() == [0.0] * 4
    assert bounds["upper_80"].tolist() == [3.5, 3.5, 3.0, 3.0]
    assert figures["80"]["width"] == 3.25


def test_exchangeable_errors_are_covered_as_promised():
    generator = np.random.default_rng(0)
    truth = generator.standard_normal(5000)
    bounds, figures = intervals.conformal(truth, np.zeros(5000), horizon=1)
    for level in ("80", "95"):
        share = float(level) / 100
        assert figures[level]["coverage"] == pytest.approx(share, abs=0.02)
        inside = (truth >= bounds[f"lower_{level}"]) & (truth <= bounds[f"upper_{level}"])
        assert inside[np.isfinite(bounds[f"lower_{level}"])].mean() == figures[level]["coverage"]
