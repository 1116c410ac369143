"""Columns that the calendar gives."""

import numpy as np
import pytest

from rnnlab.core.errors import UserError
from rnnlab.windows.calendar import calendar_columns, from_calendar
from rnnlab.windows.scaling import MinMaxScaler

# a Monday in January at 6:00, and a Thursday in April at midnight
DATES = np.array(["2024-01-01T06:00", "2024-04-04T00:00"], "datetime64[us]")


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("hour_sin", [1, 0]),
        ("hour_cos", [0, 1]),
        ("weekday_sin", [0, np.sin(6 * np.pi / 7)]),
        ("month_sin", [0, 1]),
        ("month_cos", [1, 0]),
    ],
)
def test_a_column_is_a_wave_over_its_round(column, expected):
    np.testing.assert_allclose(from_calendar(DATES, column), expected, atol=1e-12)


def test_columns_are_named_by_part_and_wave():
    assert calendar_columns(["month", "hour"]) == ("hour_sin", "hour_cos", "month_sin", "month_cos")


def test_rows_without_dates_have_no_calendar():
    with pytest.raises(UserError, match=r"series\.calendar: the rows have no dates"):
        from_calendar(np.arange(3), "hour_sin")


def test_a_wave_is_scaled_by_its_own_limits():
    scaler = MinMaxScaler.fit({"month_sin": np.zeros(3), "Close": np.array([1.0, 3.0, 2.0])})
    assert (scaler.minimum, scaler.maximum) == ((-1.0, 1.0), (1.0, 3.0))
