import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.core.errors import UserError
from rnnlab.data import long_table_batches
from rnnlab.data.long_table import is_long_table, read_panel, read_symbol
from rnnlab.data.panel_summary import describe, summary
from rnnlab.data.rows import Options

ROWS = """\
Date,Symbol,Open,High,Low,Close,Volume
2020-01-02,B,10,11,9,10,100
2020-01-02,005930,20,21,19,20,200
2020-01-03,005930,21,22,20,21,210
2020-01-06,B,12,13,11,12,120
2020-01-03,B,11,12,10,11,110
"""


def allocate(shapes):
    return {name: np.empty(shape, dtype) for name, (shape, dtype) in shapes.items()}


def read(path, columns=("Open", "Close")):
    return read_panel(path, columns, allocate)


def write(folder, text=ROWS, name="panel.csv"):
    path = folder / name
    path.write_text(text)
    return path


def rows_of(series):
    return {
        symbol: (dates.astype("datetime64[D]").astype(str).tolist(), v.tolist()) for symbol, dates, v in series.all()
    }


EXPECTED = {
    "005930": (["2020-01-02", "2020-01-03"], [[20, 20], [21, 21]]),
    "B": (["2020-01-02", "2020-01-03", "2020-01-06"], [[10, 10], [11, 11], [12, 12]]),
}


def test_rows_are_put_together_by_symbol_and_in_order_of_time(tmp_path):
    series, empty = read(write(tmp_path))
    assert rows_of(series) == EXPECTED
    assert empty == {}


def test_a_folder_of_parquet_files(tmp_path):
    table = pd.read_csv(write(tmp_path), dtype={"Symbol": str}, parse_dates=["Date"])
    (tmp_path / "parts").mkdir()
    table.iloc[:2].to_parquet(tmp_path / "parts/a.parquet")
    table.iloc[2:].astype({"Symbol": "category"}).to_parquet(tmp_path / "parts/b.parquet")
    series, _ = read(tmp_path / "parts")
    assert rows_of(series) == EXPECTED


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2020-01-0", "2020010"),
        ("Symbol", " ticker "),
        ("2020-01-02,", '"2020-01-02",'),
        ("\n", "\r\n"),
        ("Date", "\ufeffDate"),
        ("2020-01-02,", "2020-01-02 00:00:00+09:00,"),  # the exchange's own day, as yfinance writes it
        ("2020-01-03,0", "2020-01-03 15:30:00-05:00,0"),
    ],
)
def test_other_forms_of_the_same(tmp_path, old, new):
    series, _ = read(write(tmp_path, ROWS.replace("2020-01-06", "2020-01-07").replace(old, new)))
    assert set(series.symbols) == {"005930", "B"}
    assert series.values.tolist() == [[20, 20], [21, 21], [10, 10], [11, 11], [12, 12]]
    assert [str(day)[:10] for day in series.calendar()] == ["2020-01-02", "2020-01-03", "2020-01-07"]


def test_rows_with_empty_cells_are_left_out_and_counted(tmp_path):
    series, empty = read(write(tmp_path, ROWS.replace("2020-01-03,B,11,12,10,11", "2020-01-03,B,11,12,10,null")))
    assert rows_of(series)["B"] == (["2020-01-02", "2020-01-06"], [[10, 10], [12, 12]])
    assert empty == {"B": 1}


def test_a_halted_day_of_a_symbol_is_left_out_and_counted(tmp_path):
    path = write(tmp_path, ROWS.replace("2020-01-03,B,11,12,10,11", "2020-01-03,B,0,0,0,11"))
    series, empty = read(path)
    assert rows_of(series)["B"][0] == ["2020-01-02", "2020-01-06"]
    assert empty == {"B": 1}
    series, empty = read_panel(path, ["Open", "Close"], allocate, Options(check_prices=False))
    assert rows_of(series)["B"][1] == [[10, 10], [0, 11], [12, 12]]
    assert empty == {}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_marks_of_missing_values_are_left_out_and_counted(tmp_path, kind):
    path = write(tmp_path, ROWS.replace("2020-01-03,B,11", "2020-01-03,B,-999"))
    if kind == "parquet":
        pd.read_csv(path, dtype={"Symbol": str}).to_parquet(tmp_path / "panel.parquet")
        path = tmp_path / "panel.parquet"
    series, empty = read_panel(path, ["Open", "Close"], allocate, Options(missing=(-999,)))
    assert rows_of(series)["B"] == (["2020-01-02", "2020-01-06"], [[10, 10], [12, 12]])
    assert empty == {"B": 1}


def test_decimal_commas_are_read_where_params_say_so(tmp_path):
    path = write(tmp_path, 'Date,Symbol,Open,Close\n2020-01-02,B,"1.234,5",10\n2020-01-03,B,"0,25",11\n')
    series, _ = read_panel(path, ["Open", "Close"], allocate, Options(decimal=","))
    assert series.values.tolist() == [[1234.5, 10], [0.25, 11]]


@pytest.mark.parametrize(
    ("options", "key"),
    [
        (Options(date=False), "series.date"),
        (Options(separator=";"), "series.read.separator"),
        (Options(encoding="cp949"), "series.read.encoding"),
        (Options(date_format="%d.%m.%Y"), "series.read.date_format"),
    ],
)
def test_what_a_panel_is_not_read_by_is_refused(tmp_path, options, key):
    with pytest.raises(UserError, match=rf"{key}: must be null for a panel, which is UTF-8"):
        read_panel(write(tmp_path), ["Open"], allocate, options)


def test_symbols_of_which_nothing_is_left_are_reported(tmp_path):
    gone = "2020-01-02,KOSPI,10,11,9,,100\n2020-01-02,,10,11,9,10,100\n"
    series, empty = read(write(tmp_path, ROWS.replace(",B,", ",NA,") + gone))
    assert series.symbols == ("005930", "NA")  # a company may be called so
    assert empty == {"KOSPI": 1, "(no symbol)": 1}
    table = describe(series, series.calendar(), empty)
    assert table.set_index("symbol")["rows"].to_dict() == {"005930": 2, "NA": 3, "(no symbol)": 0, "KOSPI": 0}
    assert "2 of 4 symbols have no other rows, and are left out: (no symbol), KOSPI" in summary(
        table, series.calendar()
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2020-01-03,B,11,12,10,11", "2020-01-03,B,11,12,10,x", "line 6 (B), column Close: 'x' is not a finite number"),
        ("2020-01-03,B,11,12,10,11", "2020-01-03,B,11,12,10,inf", "line 6 (B), column Close: 'inf' is not a finite"),
        ("2020-01-03,B,11,", "2020-01-03,B,-1,", "line 6 (B), column Open: '-1' is no price: it must be above 0"),
        ("2020-01-06,B", "06.01.2020,B", "line 5 (B), column Date: '06.01.2020' is not a date"),
        ("2020-01-06,B", "20200230,B", "line 5 (B), column Date: '20200230' is not a date"),
        ("2020-01-06,B", "2020-01-03 16:00:00,B", "symbol B has more than one row for 2020-01-03; one a day"),
        ("2020-01-06,B", "0966-01-06,B", "line 5 (B), column Date: '0966-01-06' lies outside 1000-01-01"),
        ("2020-01-06,B", "2020-01-03,B", "symbol B has more than one row for 2020-01-03; one a day is allowed"),
        ("Symbol", "Firm", "no column of symbols; found Date, Firm, Open"),
        ("Close", "Closing", "no column Close; found"),
        ("Date", "When", "no date column; found When"),
        ("Volume", "Close", "more than one column Close"),
        (ROWS, "", "is empty"),
        (ROWS, ROWS.replace(",", ";"), "columns are separated by ';'; of a panel only the comma is read"),
        (ROWS, ROWS.splitlines()[0] + "\n", "no row with a date, a symbol and Open, Close"),
        ("2020-01-02,B,10", "2020-01-02,B,10,10", "line 2 has 8 cells, the header 7"),
        (",11,110", "", "line 6 has 5 cells, the header 7; is it cut short?"),
        ("Date", "Date\0", "is not UTF-8 text (a NUL byte)"),
        (",B,", ",\x1b[2J,", "symbol '\\x1b[2J': up to 64 characters that can be printed"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, old, new, message):
    path = write(tmp_path, ROWS.replace(old, new))
    with pytest.raises(UserError) as error:
        read(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("column", "cells", "message"),
    [
        (
            "Date",
            pa.array([2**62], pa.timestamp("ms")),
            "row 1 (A), column Date: '<value out of range: 46116860184273879",
        ),
        ("Date", pa.array([20200102.0]), "column Date holds double, where dates are needed"),
        ("Close", pa.array([[1.0]]), "column Close holds list<element: double>, where numbers are needed"),
        ("Close", pa.array([True]), "column Close holds bool, where numbers are needed"),
    ],
)
def test_a_column_of_another_type_is_named(tmp_path, column, cells, message):
    table = pa.table({"Date": ["2020-01-02"], "Symbol": ["A"], "Open": [1.0], "Close": [1.0]})
    path = tmp_path / "panel.parquet"
    pq.write_table(table.set_column(table.schema.get_field_index(column), column, cells), path)
    with pytest.raises(UserError) as error:
        read(path)
    assert message in str(error.value)


def test_a_row_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(long_table_batches, "BLOCK", 200)
    with pytest.raises(UserError, match="a row is too long: up to 200 bytes are read"):
        read(write(tmp_path, ROWS.replace(",110", ",110" + " " * 999)))


def test_a_header_in_another_encoding_is_named(tmp_path):
    path = tmp_path / "panel.csv"
    path.write_bytes(ROWS.replace("Volume", "Größe").encode("cp1252"))
    with pytest.raises(UserError, match=r"panel\.csv: is not UTF-8 text"):
        read(path)


@pytest.mark.parametrize(
    ("wrong", "message"), [("2020-01-06,B,12,x,12", "line 8 (B), column"), ("2020-01-06,B", "line 8 has 2 cells")]
)
def test_a_fault_stands_on_the_line_that_an_editor_shows(tmp_path, wrong, message):
    text = 'Date,Symbol,Open,Close,Name\n2020-01-02,B,10,10,"two\nlines"\n\n\n2020-01-03,B,1,1,"two\nlines"\n'
    with pytest.raises(UserError) as error:
        read(write(tmp_path, text + wrong + "\n"))
    assert message in str(error.value)


def test_high_below_low(tmp_path):
    path = write(tmp_path, ROWS.replace("2020-01-06,B,12,13,11", "2020-01-06,B,12,10,11"))
    with pytest.raises(UserError, match=r"line 5 \(B\), column High: '10' lies below Low"):
        read(path, ["High", "Low"])


@pytest.mark.parametrize("names", [[], ["a.csv", "b.parquet"]])
def test_a_folder_holds_files_of_one_kind(tmp_path, names):
    for name in names:
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(UserError, match="files of one kind"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("name", "message"), [("none.csv", "there is no such file"), ("panel.xlsx", r"ends in \.csv or \.parquet")]
)
def test_no_table(tmp_path, name, message):
    if name.endswith("xlsx"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(UserError, match=message):
        read(tmp_path / name)


def test_faults_of_calendars_are_reported(tmp_path):
    days = pd.bdate_range("2020-01-01", periods=10)
    parts = {"whole": days, "late": days[4:], "early": days[:7], "gaps": days.delete([2, 3, 7])}
    table = pd.concat([pd.DataFrame({"Date": own, "Symbol": name, "Close": 1.0}) for name, own in parts.items()])
    table.to_parquet(tmp_path / "panel.parquet")
    series, empty = read(tmp_path / "panel.parquet", ["Close"])
    found = describe(series, series.calendar(), empty).set_index("symbol")
    columns = ["rows", "missing", "longest_gap", "late", "early"]
    assert found[columns].T.to_dict("list") == {
        "early": [7, 0, 0, 0, 3],
        "gaps": [7, 3, 2, 0, 0],
        "late": [6, 0, 0, 4, 0],
        "whole": [10, 0, 0, 0, 0],
    }
    said = " ".join(summary(found.reset_index(), series.calendar()))
    for sentence in (
        "4 symbols, 30 rows, 10 days from 2020-01-01 to 2020-01-14",
        "1 of 4 symbols start late (after the panel's first day): late 4",
        "1 of 4 symbols stop early (before its last day): early 3",
        "1 of 4 symbols have gaps (days of the panel between their first and last that they lack): gaps 3",
    ):
        assert sentence in said


@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from("abc")), min_size=1, unique=True))
def test_any_order_gives_the_same_series(tmp_path_factory, keys):
    rows = [f"{np.datetime64('2020-01-01') + day},{symbol},{day + 1}" for day, symbol in keys]
    path = write(tmp_path_factory.mktemp("any"), "Date,Symbol,Close\n" + "\n".join(rows) + "\n")
    series, _ = read(path, ["Close"])
    found = [(s, day) for s, dates, _ in series.all() for day in dates.astype("datetime64[D]").astype(int) - 18262]
    assert found == sorted((symbol, day) for day, symbol in keys)
    assert [value for _, _, values in series.all() for value in values[:, 0]] == [day + 1 for _, day in found]


@pytest.mark.parametrize("kind", ["csv", "parquet", "folder"])
def test_the_rows_of_one_symbol(tmp_path, kind):
    path = write(tmp_path, ROWS.replace("2020-01-06,B,12,13,11,12", "2020-01-06,B,12,13,11,"))
    if kind != "csv":
        (tmp_path / "parts").mkdir()
        pd.read_csv(path, dtype={"Symbol": str}).to_parquet(tmp_path / "parts/a.parquet")
        path = tmp_path / "parts/a.parquet" if kind == "parquet" else tmp_path / "parts"
    prices = read_symbol(path, "B", ["Close", "Open"])
    assert prices.frame.index.astype(str).tolist() == ["2020-01-02", "2020-01-03"]
    assert prices.frame.to_dict("list") == {"Close": [10, 11], "Open": [10, 11]}
    assert prices.notices == (f"{path}: 1 row with empty cells or of a halt dropped",)
    with pytest.raises(UserError, match="no row of symbol C"):
        read_symbol(path, "C", ["Close"])


def test_a_symbol_that_ended_before_the_panel_is_noted(tmp_path):
    assert read_symbol(write(tmp_path), "B", ["Close"]).notices == ()
    (notice,) = read_symbol(write(tmp_path), "005930", ["Close"]).notices
    assert notice == "the last price is of 2020-01-03, the panel ends on 2020-01-06"


def test_a_panels_table_is_told_from_a_single_series(tmp_path):
    single = write(tmp_path, ROWS.replace("Symbol", "Firm"), "single.csv")
    nothing = write(tmp_path, "", "empty.csv")
    known = [is_long_table(path) for path in (write(tmp_path), tmp_path, tmp_path / "x.parquet", single, nothing)]
    assert known == [True, True, True, False, False]
