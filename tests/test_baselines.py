import numpy as np
import pytest
from sklearn.linear_model import Ridge

from rnnlab.evaluation import baselines

SERIES = np.array([10.0, 12.0, 11.0, 15.0, 14.0, 20.0])
LAST = np.array([2, 4])  # the windows end on the third and on the fifth day
MONDAY = np.datetime64("2024-01-01")
WEEKDAYS = MONDAY + np.array([0, 1, 2, 3, 4, 7, 8, 9, 10, 11])


def test_persistence():
    assert baselines.persistence(SERIES, LAST).tolist() == [11.0, 14.0]


@pytest.mark.parametrize(("horizon", "expected"), [(1, [11.5, 15.0]), (3, [12.5, 17.0])])
def test_drift_goes_on_as_from_the_first_to_the_last_day(horizon, expected):
    assert baselines.drift(SERIES, LAST, horizon).tolist() == expected  # 0.5 and 1 a day


def test_moving_average():
    assert baselines.moving_average(SERIES, LAST, 3).tolist() == [11.0, pytest.approx(40 / 3)]


def test_same_weekday_is_the_last_known_one():
    series = np.arange(10.0)
    last = np.array([3, 4, 8])  # Thursday, Friday, Thursday a week later
    forecast = baselines.same_weekday(series, WEEKDAYS, last, horizon=1)
    assert forecast.tolist() == [3.0, 0.0, 4.0]  # no Friday is known yet: persistence; then Monday's, then Friday's


def test_same_weekday_of_a_longer_horizon_knows_nothing_of_the_days_between():
    forecast = baselines.same_weekday(np.arange(10.0), WEEKDAYS, np.array([4]), horizon=5)
    assert forecast.tolist() == [4.0]  # for next Friday


@pytest.mark.parametrize(
    "dates",
    [MONDAY + 7 * np.arange(10), (MONDAY.astype("datetime64[m]") + np.arange(10))],
    ids=["weekly", "minutes"],
)
def test_same_weekday_makes_no_sense_for_weekly_or_intraday_rows(dates):
    assert baselines.same_weekday(np.arange(10.0), dates, np.array([5]), 1) is None
    assert "same_weekday" not in baselines.naive_forecasts(np.arange(10.0), dates, np.array([5]), 3, 1)


def test_ridge_is_scikit_learns_on_the_flattened_window():
    generator = np.random.default_rng(0)
    x, new = generator.random((50, 3, 2)), generator.random((4, 3, 2))
    y = x[:, 2, 0] + 0.01 * generator.standard_normal(50)
    forecast = baselines.ridge(x, y, new)
    references = [Ridge(alpha).fit(x.reshape(50, 6), y).predict(new.reshape(4, 6)) for alpha in np.logspace(-4, 2, 13)]
    assert any(np.allclose(forecast, reference) for reference in references)
    np.testing.assert_allclose(forecast, new[:, 2, 0], atol=0.05)


def test_ridge_for_no_windows():
    assert len(baselines.ridge(np.ones((3, 2, 1)), np.arange(3.0), np.empty((0, 2, 1)))) == 0


def test_no_baseline_reads_what_comes_after_a_windows_last_day():
    changed = SERIES.copy()
    changed[5] = 1000.0
    dates = MONDAY + np.arange(6)
    for name, forecast in baselines.naive_forecasts(SERIES, dates, LAST, 3, 1).items():
        np.testing.assert_array_equal(forecast, baselines.naive_forecasts(changed, dates, LAST, 3, 1)[name])
