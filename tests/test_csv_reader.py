import io

import pandas as pd
import pytest

from rnnlab.core.errors import UserError
from rnnlab.data import csv_text
from rnnlab.data.csv_reader import read_rows

HEADER = "Date,Open,Close\n"
GOOD = HEADER + "2020-01-02,1,2\n2020-01-03,3,4\n2020-01-06,5,6\n"


@pytest.fixture(autouse=True, params=[1, 2, 2**17])
def _rows_at_once(request, monkeypatch):
    """What is read does not depend on how much is read at a time."""
    monkeypatch.setattr(csv_text, "ROWS_AT_ONCE", request.param)


def read(text, columns=("Open", "Close")):
    content = text if isinstance(text, bytes) else text.encode()
    return read_rows(io.BytesIO(content), columns, "prices.csv")


def days(prices):
    return [str(day) for day in prices.frame.index.date]


def test_reads_dates_and_the_columns_asked_for():
    prices = read("Close,Junk,Date,Open\n2,x,2020-01-02,1\n4,y,2020-01-03,3\n")
    assert prices.frame.to_dict("list") == {"Open": [1.0, 3.0], "Close": [2.0, 4.0]}
    assert days(prices) == ["2020-01-02", "2020-01-03"]
    assert prices.notices == ()


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("\n", "\r\n"),
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD + "\n\n",
        GOOD.replace("2020-01-02,1,2", '"2020-01-02","1","2"'),
        GOOD.replace("Date", "date"),
        GOOD.replace("2020-01-0", "2020/01/0"),
        GOOD.replace("2020-01-0", "2020010"),
        HEADER + "2020-1-2,1,2\n2020-1-3,3,4\n2020-1-6,5,6\n",
        HEADER + "02.01.2020,1,2\n03.01.2020,3,4\n06.01.2020,5,6\n31.12.2019,9,1\n",
        HEADER + "01/02/2020,1,2\n01/03/2020,3,4\n01/06/2020,5,6\n12/31/2019,9,1\n",
        HEADER + "Jan 2, 2020,1,2\n".replace("Jan 2, 2020", '"Jan 2, 2020"') + '"Jan 3, 2020",3,4\n"Jan 6, 2020",5,6\n',
        HEADER + "2020-01-02 00:00:00+09:00,1,2\n2020-01-03 00:00:00+09:00,3,4\n2020-01-06 00:00:00+08:00,5,6\n",
    ],
    ids=["crlf", "bom", "blank", "quoted", "lower", "slash", "compact", "short", "dmy", "mdy", "words", "offsets"],
)
def test_odd_but_valid_forms(text):
    frame = read(text).frame.loc["2020-01-02":]
    assert [str(day) for day in frame.index.date] == ["2020-01-02", "2020-01-03", "2020-01-06"]
    assert frame["Close"].tolist() == [2, 4, 6]


def test_intraday_times_are_kept():
    prices = read(HEADER + "2020-01-02 09:00,1,2\n2020-01-02 10:30,3,4\n")
    assert prices.frame.index[1] == pd.Timestamp("2020-01-02 10:30")
    prices = read(HEADER + "2020-01-02 09:00:00.123,1,2\n2020-01-02 09:00:00.456,3,4\n")
    assert prices.frame.index[1] == pd.Timestamp("2020-01-02 09:00:00.456")


def test_rows_out_of_order_are_sorted_with_a_notice():
    prices = read(HEADER + "2020-01-03,3,4\n2020-01-02,1,2\n")
    assert days(prices) == ["2020-01-02", "2020-01-03"]
    assert "sorted" in prices.notices[0]


def test_empty_cells_and_null_rows_are_dropped_counted_and_named():
    prices = read(HEADER + "2020-01-02,1,2\n2020-01-03,,4\nnull,null,null\n2020-01-06,5,6\n")
    assert days(prices) == ["2020-01-02", "2020-01-06"]
    assert prices.notices == ("prices.csv: 2 rows with empty cells dropped (line 3, 4)",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "prices.csv: is empty"),
        (HEADER + "01 Jan 2024,1,2\n02/01/2024,3,4\n", "line 3, column Date: '02/01/2024' is not a date"),
        ("Price,Open,Close\nTicker,X,X\nDate,,\n2020-01-02,1,2\n", "has yfinance's header of two levels"),
        ("Date;Open;Close\n2020-01-02;1,5;2,5\n", "rows hold more cells than the header names"),
        (HEADER, "prices.csv: holds a header and no row"),
        ("Day,Open,Close\n1,2,3\n", "no date column; found Day, Open, Close"),
        ("Date,Open,close\n2020-01-02,1,2\n", "no column Close; found Date, Open, close (is Close perhaps close?)"),
        (GOOD.replace(",", ";"), "columns are separated by ';'"),
        (GOOD.replace("3,4", "3,x4"), "line 3, column Close: 'x4' is not a finite number"),
        (GOOD.replace("3,4", "3,inf"), "line 3, column Close: 'inf' is not a finite number"),
        (GOOD.replace("3,4", '3,"1,234"'), "line 3, column Close: '1,234' is not a finite number"),
        (GOOD.replace("2020-01-03", "2020-01-02"), "2020-01-02 stands more than once in column Date (line 2, 3)"),
        (GOOD.replace("2020-01-03", "2020-02-31"), "line 3, column Date: '2020-02-31' is not a date"),
        (GOOD.replace("2020-01-03", "soon"), "line 3, column Date: 'soon' is not a date"),
        (HEADER + "soon,1,2\n", "line 2, column Date: 'soon' is not a date"),
        (HEADER + "01/02/2020,1,2\n03/04/2020,3,4\n", "'01/02/2020' may be day-month or month-day"),
        (GOOD.encode("utf-16"), "is not UTF-8 text"),
        (HEADER + "2020-01-02,,\n", "no row with a date and Open, Close"),
        (HEADER + "2020-01-02,1,2\n2020-01-03,3,4,5,6\n", "can't be read as comma-separated text"),
    ],
)
def test_errors_name_file_line_and_column(text, message):
    with pytest.raises(UserError) as error:
        read(text)
    assert message in str(error.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(UserError, match="there is no such file"):
        read_rows(tmp_path / "none.csv", ["Close"])
