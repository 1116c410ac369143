import csv
import datetime
import gzip
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rnnlab.core.errors import UserError
from rnnlab.data import csv_text
from rnnlab.data.csv_reader import read_rows
from rnnlab.data.numbers import to_numbers
from rnnlab.data.rows import Options

HEADER = "Date,Open,Close\n"
GOOD = HEADER + "2020-01-02,1,2\n2020-01-03,3,4\n2020-01-06,5,6\n"


@pytest.fixture(autouse=True, params=[1, 2, 2**17])
def _rows_at_once(request, monkeypatch):
    """What is read does not depend on how much is read at a time."""
    monkeypatch.setattr(csv_text, "ROWS_AT_ONCE", request.param)


def read(text, columns=("Open", "Close"), options=None):
    content = text if isinstance(text, bytes) else text.encode()
    return read_rows(io.BytesIO(content), columns, "prices.csv", options or Options())


def days(prices):
    return [str(day) for day in prices.frame.index.date]


def test_reads_dates_and_the_columns_asked_for():
    prices = read("Close,Junk,Date,Open\n2,x,2020-01-02,1\n4,y,2020-01-03,3\n")
    assert prices.frame.to_dict("list") == {"Open": [1.0, 3.0], "Close": [2.0, 4.0]}
    assert days(prices) == ["2020-01-02", "2020-01-03"]
    assert prices.notices == ("prices.csv: columns not read: Junk (line 2: 'x')",)


def test_a_column_of_this_very_name_comes_before_one_in_other_letters():
    assert read("Date,CLOSE,Close ,close\n2020-01-02,1,2,3\n", ["Close"]).frame["Close"].tolist() == [2.0]


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("\n", "\r\n"),
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD + "\n\n",
        GOOD.replace("2020-01-02,1,2", '"2020-01-02","1","2"'),
        GOOD.replace("Date", "date"),
        GOOD.replace("Date,Open,Close", " <DATE> , <OPEN>,CLOSE/LAST"),
        GOOD.replace("Date,Open,Close", "일자,시가,종가"),
        GOOD.replace("Date,Open,Close", "일자,시가,종가").encode("cp949"),
        GOOD.encode("utf-16"),
        GOOD.encode("utf-32"),
        gzip.compress(GOOD.encode()),
        GOOD.replace(",", ";"),
        GOOD.replace(",", "\t"),
        "https://example.com/download\n" + GOOD,
        "AAPL;USD\n\n" + GOOD.replace(",", ";"),
        "Prices;;\n" + GOOD.replace(",", ";"),
        "# made by x, y\n# 2020\n" + GOOD,
        "# " + GOOD,
        "sep=;\n" + GOOD.replace(",", ";"),
        GOOD.replace(",", "  "),
        GOOD.replace("3,4", '3, "4"'),
        GOOD.replace("Date,Open,Close", "日付,始値,終値").encode("shift_jis"),
        GOOD.replace("Date,Open,Close", "日期,开盘,收盘").encode("gb18030"),
        GOOD + "Source: the exchange\n",
        GOOD + "Source: the exchange, 2020\n",
        GOOD + "\nSource: the exchange, 2020, Open, High, Low\n* in dollars\n",
        "Station,North,North\n" + GOOD,
        GOOD.replace("Date", ""),
        "Price,Open,Close\nTicker,X,X\n" + GOOD.replace(HEADER, "Date,,\n"),
        GOOD.replace("\n", ",\n").replace(",\n", "\n", 1),
        GOOD.replace("Date", "Data").replace("1,2", "1.0,$2").replace("3,4", "3,4%").replace("5,6", '"0.005K",6'),
        GOOD.replace("2020-01-0", "2020/01/0"),
        GOOD.replace("2020-01-0", "2020010"),
        HEADER + "2020-1-2,1,2\n2020-1-3,3,4\n2020-1-6,5,6\n",
        HEADER + "02.01.2020,1,2\n03.01.2020,3,4\n06.01.2020,5,6\n31.12.2019,9,1\n",
        HEADER + "01/02/2020,1,2\n01/03/2020,3,4\n01/06/2020,5,6\n12/31/2019,9,1\n",
        HEADER + "Jan 2, 2020,1,2\n".replace("Jan 2, 2020", '"Jan 2, 2020"') + '"Jan 3, 2020",3,4\n"Jan 6, 2020",5,6\n',
        HEADER + "2020-01-02 00:00:00+09:00,1,2\n2020-01-03 00:00:00+09:00,3,4\n2020-01-06 00:00:00+08:00,5,6\n",
    ],
    ids=[
        "crlf",
        "bom",
        "blank",
        "quoted",
        "lower",
        "brackets",
        "korean",
        "cp949",
        "utf-16",
        "utf-32",
        "gzip",
        "semicolons",
        "tabs",
        "address",
        "title",
        "padded title",
        "comments",
        "header after #",
        "sep=",
        "blanks",
        "blank and quotes",
        "shift_jis",
        "gb18030",
        "footer",
        "footer with a comma",
        "footer with more cells",
        "stations",
        "nameless",
        "yfinance",
        "trailing",
        "units",
        "slash",
        "compact",
        "short",
        "dmy",
        "mdy",
        "words",
        "offsets",
    ],
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
        ("Price,Open,Close\nTicker,X,Y\nDate,,\n2020-01-02,1,2\n", "holds several tickers side by side"),
        (HEADER, "prices.csv: holds no row below the names"),
        ("Date,Open,Last one\n2020-01-02,1,2\n", "no column Close; found Date, Open, Last one"),
        (GOOD.replace("3,4", "3,x4"), "line 3, column Close: 'x4' is not a finite number"),
        (GOOD.replace("3,4", "3,inf"), "line 3, column Close: 'inf' is not a finite number"),
        (GOOD.replace("2020-01-03", "2020-01-02"), "2020-01-02 is in more than one row of column Date (line 2, 3)"),
        (GOOD.replace("2020-01-03", "2020-02-31"), "line 3, column Date: '2020-02-31' is not a date"),
        (GOOD.replace("2020-01-03", "soon"), "line 3, column Date: 'soon' is not a date"),
        (HEADER + "soon,1,2\n", "line 2, column Date: 'soon' is not a date"),
        (
            HEADER + "01/02/2020,1,2\n03/04/2020,3,4\n",
            "'01/02/2020' may be day.month.year or month.day.year, and no row tells which; say it, as "
            "-S series.read.date_format='%d/%m/%Y' or '%m/%d/%Y'",
        ),
        (HEADER + "25012020,1,2\n26012020,3,4\n", "line 2, column Date: '25012020' is not a date"),
        (HEADER + "2020-01-01 23:00,1,2\n2020-01-01 24:00,3,4\n", "'2020-01-01 24:00' is not a date (24:00 is no time"),
        (
            HEADER + "13/02/2020,1,2\n02/14/2020,3,4\n",
            "line 3, column Date: '02/14/2020' is not a date in one form with line 2, '13/02/2020': in one the day is",
        ),
        (GOOD.replace("2020-01-03", "Total"), "'Total' is not a date (is it a total? one is left out below the last"),
        (HEADER + "20-Jan,1,2\n21-Jan,3,4\n", "line 2, column Date: '20-Jan' is not a date"),
        (HEADER + "Jan-20,1,2\nJan 20 2021,3,4\n", "line 3, column Date: 'Jan 20 2021' is not a date"),
        (HEADER + "01.01.20,1,2\n01.02.20,3,4\n", "may be day.month.year or year.month.day"),
        ('[{"Date": "2020-01-02"}]', "is JSON: save it as CSV"),
        (HEADER + "01-02-03,1,2\n", "may be day.month.year or month.day.year or year.month.day"),
        (HEADER + "2020-01-02,,\n", "no row with a date and Open, Close"),
        (
            HEADER + "2020-01-02,1,2\n2020-01-03,3,4,5,6\n",
            "line 3: the row has 5 cells, the header 3: is it a note below the table",
        ),
        ("5,6\n7,8\n", "line 1 holds values (5, 6), and should name the columns"),
        ("Date;Open;Close\n2020-01-02;1,234;2,345\n", "'1,234' may be a thousand or a decimal fraction, and no row"),
        ("Date;Open;Close\n2020-01-02;1.234;2.345\n", "'1.234' may be a thousand or a decimal fraction, and no row"),
        (
            "Date;Open;Close\n2020-01-02;1,5;2.55\n",
            "some numbers have a decimal point (2.55) and some a comma (1,5); say which",
        ),
    ],
)
def test_errors_name_file_line_and_column(text, message):
    with pytest.raises(UserError) as error:
        read(text)
    assert message in str(error.value)


DATES = ["2020-01-02", "2020-01-03", "2020-01-04"]
FORMS = {
    "seconds": ["1577923200", "1578009600", "1578096000"],
    "milliseconds": ["1577923200000", "1578009600000", "1578096000000"],
    "Excel": ["43832", "43833", "43834"],
    "German": ["2.1.2020", "3.1.2020", "4.1.2020"],
    "Korean": ["2020년 1월 2일", "2020년 1월 3일", "2020년 1월 4일"],
    "Chinese": ["2020年1月2日", "2020年1月3日", "2020年1月4日"],
    "intervals": ["2020-01-02/2020-01-03", "2020-01-03/2020-01-04", "2020-01-04/2020-01-05"],
    "dots and blanks": ["2020. 1. 2.", "2020. 1. 3.", "2020. 1. 4."],
    "year first": ["20.01.02", "20.01.03", "20.01.04"],
    "half days": ["2020-01-02 12:00 AM", "2020-01-03 12:00 AM", "2020-01-04 12:00 AM"],
    "compact": ["202001020000", "202001030000", "202001040000"],
    "compact, a blank": ["20200102 000000", "20200103 000000", "20200104 000000"],
    "compact, a point": ["20200102.0", "20200103.0", "20200104.0"],
    "seconds, a point": ["1577923200.25", "1578009600.5", "1578096000.75"],
    "short words": ["02-Jan-20", "03-Jan-20", "04-Jan-20"],
}
LONG_FORMS = {
    "months": (["1949-01", "1949-02"], "1949-02-01"),
    "compact months": (["194901", "194902"], "1949-02-01"),
    "words": (["Jan-20", "Feb-20"], "2020-02-01"),
    "words of the last century": (["Jan-60", "Feb-60"], "1960-02-01"),
    "quarters": (["2020Q1", "2020Q2"], "2020-04-01"),
    "quarters first": (["Q1 2020", "Q2 2020"], "2020-04-01"),
    "quarters in Korean": (["2020년 1분기", "2020년 2분기"], "2020-04-01"),
    "quarters last": (["1Q 2020", "2Q 2020"], "2020-04-01"),
    "months after M": (["2020M01", "2020M02"], "2020-02-01"),
    "months after a point": (["2020.01", "2020.02"], "2020-02-01"),
    "a year and words": (["2020-Jan", "2020-May"], "2020-05-01"),
    "long words": (["May 2020", "June 2020"], "2020-06-01"),
    "seconds of few digits": (["946598400", "946684800"], "2000-01-01"),
    "weeks": (["2020-W01", "2020-W02"], "2020-01-06"),
    "years": (["1700", "1701"], "1701-01-01"),
    "years with a point": (["1700.0", "1701.0"], "1701-01-01"),
}


def test_a_decimal_comma_before_an_exponent_is_no_thousands_separator():
    rows = read("Date;Close\n2020-01-02;1,258E+03\n2020-01-03;2,5e-1\n", ["Close"])
    assert rows.frame["Close"].tolist() == [1258.0, 0.25]


def test_letters_with_accents_are_western():
    text = "Jour;Température\n2020-01-02;1\n2020-01-03;2\n".encode("cp1252")
    assert read(text, ["Température"]).guesses[0] == "encoding cp1252"


@pytest.mark.parametrize("written", FORMS.values(), ids=FORMS)
def test_dates_are_read_in_many_forms(written):
    rows = read(HEADER + "".join(f"{date},1,2\n" for date in written))
    assert days(rows) == DATES


def test_two_digit_years_are_told_by_a_row():
    rows = read(HEADER + "".join(f"{day:02}-01-20,1,2\n" for day in range(2, 32)))
    assert days(rows)[-1] == "2020-01-31"
    other = "-S series.read.date_format='%y-%m-%d' reads year.month.day"
    assert rows.guesses == (f"day.month.year (so the dates follow each other; {other})",)


def test_the_row_that_tells_days_from_months_is_named():
    rows = read(HEADER + "01/02/2020 10:00,1,2\n01/13/2020 11:00,3,4\n01/14/2020 9:00,5,6\n")
    assert rows.guesses == ("month.day.year (line 3: '01/13/2020 11:00' can't be day.month.year)",)
    rows = read(HEADER + "".join(f"{day}/2020 10:00,1,2\n" for day in ("11/01", "12/01", "01/02", "02/02")))
    assert "; -S series.read.date_format='%m/%d/%Y %H:%M' reads month.day.year)" in rows.guesses[0]


@pytest.mark.parametrize(("written", "second"), LONG_FORMS.values(), ids=LONG_FORMS)
def test_months_quarters_weeks_and_years_are_read(written, second):
    rows = read(HEADER + "".join(f"{date},1,2\n" for date in written))
    assert str(rows.frame.index[1].date()) == second


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("Date,Time,Close\n2020-01-02,09:00:00,1\n2020-01-02,12:00:00,3\n", "Date and Time"),
        ("<DATE>,<TIME>,<CLOSE>\n20200102,90000,1\n20200102,120000,3\n", "<DATE> and <TIME>"),
        ("Date,Time,Close\n2020-01-02,900,1\n2020-01-02,1200,3\n", "Date and Time"),
        ("Date,Time,Close\n01/02/2020,09:00 AM,1\n01/02/2020,12:00 PM,3\n01/13/2020,09:00 AM,4\n", "Date and Time"),
        ("Date,Hour,Close\n2020-01-02,9,1\n2020-01-02,12,3\n", "Date and Hour"),
        ("No,year,month,day,hour,Close\n1,2020,1,2,9,1\n2,2020,1,2,12,3\n", "year and month and day and hour"),
    ],
)
def test_the_date_may_stand_in_several_columns(text, date):
    rows = read(text, ["Close"])
    assert rows.frame.index.tolist()[:2] == [pd.Timestamp("2020-01-02 09:00"), pd.Timestamp("2020-01-02 12:00")]
    assert rows.date == date


@pytest.mark.parametrize("start", ["2020-03-29", "2020-10-25"])
def test_hours_over_a_change_of_the_clock_follow_each_other(start):
    hours = pd.date_range(start, periods=6, freq="h", tz="Europe/Berlin")
    rows = read("Date,Close\n" + "".join(f"{hour.isoformat()},1\n" for hour in hours), ["Close"])
    assert set(np.diff(rows.frame.index.to_numpy())) == {np.timedelta64(1, "h")}
    assert rows.frame.index[0] == pd.Timestamp(start)
    assert rows.guesses == (f"times by UTC+0{1 + (start > '2020-05')}:00, as the first row's",)


def test_sessions_over_a_change_of_the_clock_keep_their_hours():
    hours = [
        f"2020-03-{day} {hour}:30:00-0{5 - (day > '08')}:00" for day in ("06", "09", "10") for hour in (10, 11, 12)
    ]
    rows = read("Date,Close\n" + "".join(f"{hour},1\n" for hour in hours), ["Close"])
    assert set(rows.frame.index.hour) == {10, 11, 12}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "Monat,Close\nFeb 15,3\nMrz 15,1\nApr 15,2\n",
            "column Monat (line 3: 'Mrz 15') is in no form of a date that is read",
        ),
        ("When,Close\nfévr. 2015,1\nmars 2015,2\n", "column When (line 2: 'févr. 2015') is in no form of a date"),
    ],
)
def test_what_may_be_dates_is_named_where_rows_are_counted(text, said):
    rows = read(text, ["Close"])
    assert rows.frame.index.tolist()[:2] == [1, 2]
    assert said in rows.guesses[0]
    assert "write YYYY-MM-DD" in rows.guesses[0]


def test_rows_without_dates_are_counted():
    rows = read("Open,Close\n1,2\n3,4\n")
    assert rows.frame.index.tolist() == [1, 2]
    assert rows.guesses == ("no dates: rows are counted",)
    assert read("Close\n2100.5\n2101.3\n", ["Close"]).frame.index.tolist() == [1, 2]


def test_what_was_guessed_is_said():
    rows = read("Date;Open;Close\n13.01.2020;1,5;2\n14.01.2020;3;4,25\n")
    assert rows.guesses == ("semicolons", "decimal comma", "day.month.year")
    assert rows.frame["Close"].tolist() == [2.0, 4.25]


@pytest.mark.parametrize(
    ("options", "text", "closes"),
    [
        (Options(decimal=","), "Date;Open;Close\n2020-01-02;1,234;2,345\n", [2.345]),
        (Options(decimal="."), "Date;Open;Close\n2020-01-02;1,234;2,345\n", [2345.0]),
        (Options(date_format="%d/%m/%Y"), HEADER + "01/02/2020,1,2\n03/04/2020,3,4\n", [2.0, 4.0]),
        (Options(date="When"), "When,Open,Close\n2020-01-02,1,2\n", [2.0]),
        (Options(date=False), HEADER + "soon,1,2\nlater,3,4\n", [2.0, 4.0]),
        (Options(encoding="cp1252"), GOOD.encode() + b"2020-01-07,7,8\n", [2.0, 4.0, 6.0, 8.0]),
        (Options(separator="|"), GOOD.replace(",", "|"), [2.0, 4.0, 6.0]),
    ],
)
def test_a_guess_can_be_fixed(options, text, closes):
    assert read(text, options=options).frame["Close"].tolist() == closes


NUMBERS = {
    "1,234.5": 1234.5, "1'234.5": 1234.5, "1’234": 1234, "1 234 567.5": 1234567.5, "1\u202f234": 1234,
    "12,34,567.8": 1234567.8, "853.25K": 853250, "1.5 M": 1.5e6, "2B": 2e9, "-2.58%": -2.58,
    "-$5": -5, "$-5": -5, "(5)": -5, "−5": -5,
    "5 USD": 5, "1,000원": 1000, "1.5억": 1.5e8, ".5": 0.5, "1e3": 1000,
}  # fmt: skip
NO_NUMBERS = [
    "1 2",
    "12 34",
    "1$2",
    "1'2",
    "1,234,56",
    "1,2345",
    "1.234.567",
    "1_000",
    "0x1F",
    "--5",
    "(5",
    "5-",
    "$",
    "1 234,567",
    "1,258e+03",
]


@pytest.mark.parametrize("decimal", [".", ","])
def test_numbers_are_read_whole_or_not_at_all(decimal):
    def written(texts):
        swap = str.maketrans(",.", ".,") if decimal == "," else {}
        return pd.Series([text.translate(swap) for text in texts], dtype="str")

    assert to_numbers(written(NUMBERS), decimal).tolist() == pytest.approx(list(NUMBERS.values()))
    assert np.isnan(to_numbers(written(NO_NUMBERS), decimal)).all()


@pytest.mark.parametrize("cell", ["1,258E+03", "1258,0", "1,258e3"])
def test_a_decimal_comma_before_an_exponent(cell):
    assert (
        read(f"Datum;Umsatz\n13.01.2020;{cell}\n14.01.2020;{cell}\n", ["Umsatz"]).frame["Umsatz"].tolist() == [1258] * 2
    )


@pytest.mark.parametrize(
    ("text", "notice"),
    [
        (GOOD + "Total,9,12\n", "1 row below the last date left out, as a total (line 5)"),
        (
            GOOD + "Sum,9,12\nMean,3,4\n\n",
            "2 rows below the last date left out, as a total (line 5, 6)",
        ),
        (GOOD + HEADER + "2020-01-07,7,8\n", "1 row repeating the header left out (line 5)"),
    ],
)
def test_totals_and_repeated_headers_are_left_out_and_named(text, notice):
    rows = read(text)
    assert rows.notices == (f"prices.csv: {notice}",)
    assert days(rows)[:3] == ["2020-01-02", "2020-01-03", "2020-01-06"]


@pytest.mark.parametrize(
    ("header", "cure"),
    [
        ("Date,Name,Close", "(column Name: is it a panel? -S series.source=panel)"),
        ("Date,shop,Close", "(column shop: is it a panel? -S series.source=panel, with column shop called Symbol)"),
    ],
)
@pytest.mark.parametrize("shops", [("north", "south"), ("1", "2")])
def test_two_shops_in_one_table_are_told(header, cure, shops):
    text = header + "".join(f"\n2020-01-0{day},{shop},{day}" for day in range(2, 5) for shop in shops)
    with pytest.raises(UserError) as error:
        read(text, ["Close"])
    assert str(error.value).endswith(cure)


def test_symbols_that_share_no_date_are_told():
    rows = read("Date,Symbol,Close\n2020-01-02,A,1\n2020-01-03,A,2\n2020-01-06,B,3\n", ["Close"])
    assert "column Symbol holds 2 values, as A, B, and their rows are read as one series" in rows.notices[-1]


def test_other_columns_tell_the_decimal_mark():
    rows = read("Datum;Umsatz;Kurs\n13.01.2020;1.234;1,5\n14.01.2020;2.345;2,5\n", ["Umsatz"])
    assert rows.frame["Umsatz"].tolist() == [1234, 2345]


OHLC = "Date,Open,High,Low,Close\n2020-01-02,2,3,1,2\n2020-01-03,0,0,0,2\n2020-01-06,2,3,1,-2\n2020-01-07,2,3,1,2.5\n"
COLUMNS = ("Open", "High", "Low", "Close")


def test_a_halted_day_is_left_out_and_named():
    rows = read(OHLC.replace("-2\n", "2\n"), COLUMNS)
    assert days(rows) == ["2020-01-02", "2020-01-06", "2020-01-07"]
    assert "1 row of a trading halt left out, whose prices are 0 (line 3;" in rows.notices[0]
    assert rows.left_out == 1


def test_values_are_checked_after_rows_are_chosen():
    with pytest.raises(UserError, match="line 4, column Close: -2 is no price"):
        read(OHLC, COLUMNS)
    with pytest.raises(UserError, match="line 4, column Close: 'x' is not a finite number"):
        read(OHLC.replace("-2\n", "x\n"), COLUMNS)
    for options in (Options(start=datetime.date(2020, 1, 7)), Options(rows=1), Options(end=datetime.date(2020, 1, 2))):
        assert len(read(OHLC, COLUMNS, options).frame)
    assert len(read(OHLC, COLUMNS, Options(check_prices=False)).frame) == 4
    assert days(read(OHLC.replace("-2\n", "x\n"), COLUMNS, Options(rows=1))) == ["2020-01-02", "2020-01-07"]


def test_rows_are_counted_without_the_halts():
    halt_last = OHLC.replace("06,2,3,1,-2", "06,2,3,1,2").replace("2020-01-07,2,3,1,2.5", "2020-01-07,0,0,0,2")
    assert len(read(halt_last.replace("02,2,3,1,2", "02,2,3,1,-2"), COLUMNS, Options(rows=1)).frame) == 2
    with pytest.raises(UserError, match="line 2, column Close: -2 is no price"):
        read(halt_last.replace("02,2,3,1,2", "02,2,3,1,-2"), COLUMNS, Options(rows=2))
    with pytest.raises(UserError, match="a price is 0 in every row"):
        read("Date,Open,Close\n2020-01-02,0,0\n")


@pytest.mark.parametrize("names", ["Date,Open,High,Low,Close", "date,open,high,low,close", "일자,시가,고가,저가,종가"])
def test_prices_are_checked_whatever_they_are_called(names):
    text = f"{names}\n2020-01-02,1,0.5,2,1\n"
    with pytest.raises(UserError, match=r"line 2: High \(0.5\) lies below Low \(2\)"):
        read(text, COLUMNS)


def test_a_highest_temperature_may_be_below_zero():
    assert read("Date,High,Low\n2020-01-02,-3,-9\n", ("High", "Low")).frame["High"].tolist() == [-3.0]


def test_parquet_is_read_as_csv_is(tmp_path):
    frame = pd.DataFrame({"Open": [1.5, 2.5], "Close": [0.1, 3.25]}, index=pd.DatetimeIndex(DATES[:2], name="Date"))
    frame.to_parquet(tmp_path / "p.parquet")
    rows = read_rows(tmp_path / "p.parquet", ["Open", "Close"])
    pd.testing.assert_frame_equal(rows.frame, frame, check_index_type=False)


@pytest.mark.parametrize(
    ("start", "said"), [(b"PK\x03\x04", "is a workbook or an archive"), (b"<!DOCTYPE html>", "is a web")]
)
def test_what_is_no_table_gets_a_sentence(start, said):
    with pytest.raises(UserError, match=said):
        read(start + b"x" * 100)


def test_the_error_of_another_file_gives_the_line_that_reads_it(tmp_path):
    path = tmp_path / "shop.csv"
    path.write_text("day,sales,promo\n2020-01-02,5,0\n2020-01-03,6,1\n")
    with pytest.raises(UserError) as error:
        read_rows(path, ["Open", "Close"])
    assert str(error.value).splitlines()[1] == (
        f"  dvc exp run -S series.source=csv -S series.path={path} -S series.target=sales "
        "-S 'series.features=[sales, promo]' -S series.split.train=0.7 -S backtest.train=0.7"
    )


DIALECTS = st.fixed_dictionaries(
    {
        "separator": st.sampled_from([",", ";", "\t", "|"]),
        "decimal": st.sampled_from([".", ","]),
        "thousands": st.booleans(),
        "encoding": st.sampled_from(["utf-8", "utf-8-sig", "cp949", "utf-16"]),
        "form": st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%Y%m%d", "%b %d, %Y"]),
        "newline": st.sampled_from(["\n", "\r\n"]),
    }
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DIALECTS, st.lists(st.integers(-(10**8), 10**8), min_size=3, max_size=30))
def test_what_was_written_in_any_dialect_is_read_back(dialect, cents):
    dates = pd.date_range("2020-01-25", periods=len(cents) + 1)
    values = [12345.67, *(cent / 100 for cent in cents)]  # the first tells which mark is the decimal one

    def number(value):
        text = f"{value:,.2f}" if dialect["thousands"] else f"{value:.2f}"
        return text if dialect["decimal"] == "." else text.translate(str.maketrans(",.", ".,"))

    text = io.StringIO()
    writer = csv.writer(text, delimiter=dialect["separator"], lineterminator=dialect["newline"])
    writer.writerow(["날짜", "값"])
    writer.writerows([f"{date:{dialect['form']}}", number(value)] for date, value in zip(dates, values, strict=True))
    rows = read(text.getvalue().encode(dialect["encoding"]), ["값"])
    assert rows.frame.index.tolist() == dates.tolist()
    assert rows.frame["값"].tolist() == values


def test_a_row_that_is_cut_short_after_a_date_in_words_is_no_footer():
    text = HEADER + '"Jan 2, 2020",1,2\n"Jan 3, 2020",3,4\n'
    with pytest.raises(UserError, match="line 4: the row has 1 cells, the header 3: is it cut short"):
        read(text + '"Jan 6, 2020"\n')
    assert read(text + '"Source: Bank, 2020"\n').left_out == 0


def test_lines_are_counted_with_the_breaks_in_cells():
    rows = 'Date,"No\nte",Close\n2020-01-02,"two\nlines",1\n2020-01-03,"3\n\nlines",2\n2020-01-06,x,{}\n2020-01-07,y,\n'
    with pytest.raises(UserError, match="line 8, column Close: 'soon' is not a finite number"):
        read(rows.format("soon"), ["Close"])
    assert "(line 9)" in read(rows.format("3"), ["Close"]).notices[-1]


def test_a_missing_file(tmp_path):
    with pytest.raises(UserError, match="there is no such file"):
        read_rows(tmp_path / "none.csv", ["Close"])
