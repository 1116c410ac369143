"""The rhythm of dates: words, seasons, gaps, and what follows."""

import numpy as np
import pandas as pd
import pytest

from rnnlab.data.rhythm import describe_gaps, find_gaps, find_rhythm, next_dates


def dates(*args, **options):
    return pd.date_range(*args, **options).to_numpy("datetime64[us]")


WEEK = dates("2024-01-01", periods=60)
YEARS = np.array([f"{year}-01-01" for year in range(1700, 2009)], "datetime64[us]")
HOURS_OF_AN_EXCHANGE = np.concatenate([dates(f"2024-01-{day:02} 09:00", periods=7, freq="h") for day in range(1, 6)])


@pytest.mark.parametrize(
    ("given", "word", "period"),
    [
        (WEEK, "day", 7),
        (dates("2024-01-01", periods=60, freq="B"), "trading day", 5),
        (WEEK[WEEK.astype("datetime64[D]").astype(int) % 7 != 3], "day", 6),  # Sundays are closed
        (dates("2024-01-01", periods=100, freq="h"), "hour", 24),
        (HOURS_OF_AN_EXCHANGE, "hour", 7),
        (dates("2024-01-01", periods=500, freq="15min"), "quarter-hour", 96),
        (dates("2024-01-01", periods=500, freq="30min"), "half-hour", 48),
        (dates("2024-01-01", periods=500, freq="10min"), "10-minute step", 144),
        (dates("2024-01-01", periods=100, freq="6h"), "6-hour step", 4),
        (dates("2024-01-01", periods=20, freq="W"), "week", 52),
        (dates("1949-01-01", periods=144, freq="MS"), "month", 12),
        (dates("1949-01-31", periods=20, freq="QE"), "quarter", 4),
        (YEARS, "year", 1),
        (np.arange(1, 432), "row", 1),
        (np.array(["2024-01-01", "2024-01-03", "2024-01-10", "2024-02-10"], "datetime64[us]"), "week", 52),
        (np.array(["2024-01-01", "2024-01-04", "2024-01-07", "2024-02-10"], "datetime64[us]"), "row", 1),
    ],
)
def test_words_and_seasons(given, word, period):
    rhythm = find_rhythm(given)
    assert (rhythm.word, rhythm.period) == (word, period)


def gaps(given):
    return [(str(a)[:10], str(b)[:10], n) for a, b, n in find_gaps(given, find_rhythm(given))]


def test_missing_days_are_a_gap():
    assert gaps(np.delete(WEEK, [10, 11])) == [("2024-01-10", "2024-01-13", 2)]


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ([4], "1 week is missing after 2024-01-28; not filled"),
        ([4, 5], "2 weeks are missing after 2024-01-28; not filled"),
        ([4, 8, 9], "3 weeks are missing: 1 after 2024-01-28, 2 after 2024-02-25; not filled"),
    ],
)
def test_gaps_are_counted_in_the_singular_and_plural(gone, said):
    (sentence,) = describe_gaps(np.delete(dates("2024-01-01", periods=20, freq="W"), gone))
    assert sentence == said


def test_a_missing_month_is_a_gap():
    assert gaps(np.delete(dates("1949-01-01", periods=24, freq="MS"), 4)) == [("1949-04-01", "1949-06-01", 1)]


def test_holidays_of_an_exchange_are_no_gap_and_a_month_is_one():
    trading = dates("2024-01-01", periods=100, freq="B")
    assert gaps(np.delete(trading, [10, 11, 12])) == []
    assert gaps(np.delete(trading, range(10, 30))) == [("2024-01-12", "2024-02-12", 20)]


def test_a_closed_night_is_no_gap():
    assert gaps(HOURS_OF_AN_EXCHANGE) == []


def test_leap_years_are_no_gap():
    assert gaps(YEARS) == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (YEARS, ["2009-01-01", "2010-01-01", "2011-01-01"]),
        (WEEK, ["2024-03-01", "2024-03-02", "2024-03-03"]),
        (dates("1960-01-31", periods=12, freq="ME"), ["1961-01-31", "1961-02-28", "1961-03-31"]),
        (dates("1949-01-01", periods=144, freq="MS"), ["1961-01-01", "1961-02-01", "1961-03-01"]),
    ],
)
def test_the_dates_that_follow(given, expected):
    assert [str(date)[:10] for date in next_dates(given, 3)] == expected


def test_rows_without_dates_are_counted_on():
    assert next_dates(np.arange(1, 10), 2).tolist() == [10, 11]


WITH_A_SATURDAY = pd.bdate_range("2024-01-01", "2024-05-10").union(pd.DatetimeIndex(["2024-03-02"]))
SUNDAY_TO_THURSDAY = pd.bdate_range("2024-01-01", "2024-05-09", freq="C", weekmask="Sun Mon Tue Wed Thu")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (pd.bdate_range("2024-01-01", "2024-01-12"), ["2024-01-15", "2024-01-16"]),  # a Friday
        (pd.date_range("2024-01-01", "2024-01-12"), ["2024-01-13", "2024-01-14"]),  # trades on weekends too
        (pd.date_range("2024-01-05", periods=9, freq="7D"), ["2024-03-08", "2024-03-15"]),
        (pd.date_range("2023-01-31", "2024-01-31", freq="ME"), ["2024-02-29", "2024-03-31"]),
        (pd.date_range("2023-01-15", periods=12, freq=pd.DateOffset(months=1)), ["2024-01-15", "2024-02-15"]),
        (pd.date_range("2024-01-01 10:00", periods=9, freq="30min"), ["2024-01-01 14:30", "2024-01-01 15:00"]),
        (pd.date_range("2020-03-31", "2024-03-31", freq="QE"), ["2024-06-30", "2024-09-30"]),
        (pd.date_range("2023-01-01", "2024-03-30", freq="BME"), ["2024-04-30", "2024-05-31"]),  # 31 March is a Sunday
        (WITH_A_SATURDAY, ["2024-05-13", "2024-05-14"]),
        (SUNDAY_TO_THURSDAY, ["2024-05-12", "2024-05-13"]),
        (pd.DatetimeIndex(["2024-01-05"]), ["2024-01-08", "2024-01-09"]),  # one day tells no spacing
    ],
)
def test_next_dates(given, expected):
    found = next_dates(given.to_numpy("datetime64[us]"), 2)
    assert list(pd.DatetimeIndex(found)) == [pd.Timestamp(text) for text in expected]
