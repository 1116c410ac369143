import numpy as np
import pytest
from sklearn.linear_model import Ridge

from rnnlab.evaluation import baselines

SERIES = np.array([10.0, 12.0, 11.0, 15.0, 14.0, 20.0])
LAST = np.array([2, 4])  # the windows end on the third and on the fifth day


def test_persistence():
    assert baselines.persistence(SERIES, LAST).tolist() == [11.0, 14.0]


@pytest.mark.parametrize(("horizon", "expected"), [(1, [11.5, 15.0]), (3, [12.5, 17.0])])
def test_drift_goes_on_as_from_the_first_to_the_last_day(horizon, expected):
    assert baselines.drift(SERIES, LAST, horizon).tolist() == expected  # 0.5 and 1 a day


def test_moving_average():
    assert baselines.moving_average(SERIES, LAST, 3).tolist() == [11.0, pytest.approx(40 / 3)]


@pytest.mark.parametrize(
    ("horizon", "expected"),
    [
        (1, [10.0, 15.0]),  # of season 3: rows 0 and 2; row 0 is 3 rows before row 3
        (4, [10.0, 15.0]),  # a season later the same ones are known
    ],
)
def test_seasonal_naive_is_the_last_known_of_the_season(horizon, expected):
    series = np.array([10.0, 12.0, 15.0, 20.0, 22.0, 25.0])
    assert baselines.seasonal_naive(series, np.array([2, 4]), horizon, 3).tolist() == expected


def test_seasonal_naive_without_a_season_before_is_persistence():
    assert baselines.seasonal_naive(SERIES, np.array([0]), 1, 3).tolist() == [10.0]


def test_seasonal_drift_moves_on_by_the_slope_of_as_many_rows():
    naive = baselines.seasonal_naive(SERIES, LAST, 1, 2)
    assert baselines.seasonal_naive_drift(SERIES, LAST, 1, 2).tolist() == (naive + 2 * np.array([0.5, 1.0])).tolist()


def test_rules_of_a_season_are_there_where_there_is_one():
    assert "seasonal_naive" in baselines.naive_forecasts(SERIES, LAST, 3, 1, 2)
    assert "seasonal_naive" not in baselines.naive_forecasts(SERIES, LAST, 3, 1, 1)


def test_ridge_is_scikit_learns_on_the_flattened_window():
    generator = np.random.default_rng(0)
    x, new = generator.random((50, 3, 2)), generator.random((4, 3, 2))
    y = x[:, 2, 0] + 0.01 * generator.standard_normal(50)
    forecast = baselines.ridge(x, y, new)
    references = [Ridge(alpha).fit(x.reshape(50, 6), y).predict(new.reshape(4, 6)) for alpha in np.logspace(-9, 4, 27)]
    assert any(np.allclose(forecast, reference) for reference in references)
    np.testing.assert_allclose(forecast, new[:, 2, 0], atol=0.05)


def test_ridge_for_no_windows():
    assert len(baselines.ridge(np.ones((3, 2, 1)), np.arange(3.0), np.empty((0, 2, 1)))) == 0


def test_no_baseline_reads_what_comes_after_a_windows_last_day():
    changed = SERIES.copy()
    changed[5] = 1000.0
    for name, forecast in baselines.naive_forecasts(SERIES, LAST, 3, 1, 2).items():
        np.testing.assert_array_equal(forecast, baselines.naive_forecasts(changed, LAST, 3, 1, 2)[name])
