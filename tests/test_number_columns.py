"""Which column is forecast where nobody says, and what is said of those that are not read."""

import subprocess
import sys
from dataclasses import replace

import pandas as pd
import pytest

from rnnlab.core.errors import UserError
from rnnlab.data.look import look
from rnnlab.data.rows import Options

DAYS = [str(day.date()) for day in pd.date_range("2020-01-01", periods=60)]
SALES = [5, 7, 4, 8, 6, 9, 3, 7, 5, 8] * 6


def table(path, header="date,sales", rows=None, days=DAYS):
    rows = rows or [f"{day},{sale}" for day, sale in zip(days, SALES, strict=True)]
    path.write_text("\n".join([header, *rows, ""]))
    return path


@pytest.mark.parametrize(
    ("header", "row", "target"),
    [
        ("id,date,sales", "{n},{day},{sale}", "sales"),
        ("date,No,sales", "{day},{down},{sale}", "sales"),
        ("Año,Ventas", "{year},{sale}", "Ventas"),
        ("year,week,sales", "{odd_year},{n},{sale}", "sales"),
        ("date,year,sales", "{day},{odd_year},{sale}", "sales"),
        ("date,code,sales", "{day},00{odd_year},{sale}", "sales"),
        ("date,id", "{day},{n}", "id"),
    ],
)
def test_a_column_that_counts_rows_or_years_is_no_target_beside_another(tmp_path, header, row, target):
    rows = [
        row.format(n=n, down=500 - 2 * n, year=1900 + n, odd_year=2000 + n // 30, day=day, sale=sale)
        for n, (day, sale) in enumerate(zip(DAYS, SALES, strict=True), 1)
    ]
    found = look(table(tmp_path / "a.csv", header, rows), None, Options())
    assert found.target == target
    assert f"'series.features=[{target}]'" in found.command


@pytest.mark.parametrize(("cell", "shown"), [("closed", "'closed'"), ("123.45-", "'123.45-'"), ("7 or 8", "'7 or 8'")])
def test_a_column_with_an_odd_cell_is_named_with_its_first(tmp_path, cell, shown):
    rows = [f'{day},"{sale}",{sale % 3}' for day, sale in zip(DAYS, SALES, strict=True)]
    rows[3] = f'{DAYS[3]},"{cell}",1'
    path = table(tmp_path / "a.csv", "date,sales,promo", rows)
    found = look(path, None, Options())
    assert found.target == "promo"
    assert f"{path}: columns not read: sales (line 5: {shown})" in found.notes
    with pytest.raises(UserError, match="column sales is not read as numbers: line 5: ") as error:
        look(path, "sales", Options())
    assert shown in str(error.value)


def test_a_price_with_an_odd_cell_is_not_replaced_by_another(tmp_path):
    rows = [f"{day},{1 + n % 3},3,1,{2 + n % 2}" for n, day in enumerate(DAYS)]
    rows[1] = f"{DAYS[1]},1,3,1,closed"
    with pytest.raises(UserError, match="column Close is not read as numbers: line 3: 'closed'"):
        look(table(tmp_path / "a.csv", "Date,Open,High,Low,Close", rows), None, Options())


def test_a_price_may_be_called_otherwise(tmp_path):
    rows = [f"{day},{n % 7 + 2},{n % 5 + 2},9,1" for n, day in enumerate(DAYS)]
    found = look(table(tmp_path / "a.csv", "Date,Price,Open,High,Low", rows), None, Options())
    assert (found.target, found.columns) == ("Close", ["Price", "Open"])


def test_a_target_that_is_not_there_is_named_with_those_that_are(tmp_path):
    path = table(tmp_path / "a.csv")
    with pytest.raises(UserError, match="no column Nope; found date, sales"):
        look(path, "Nope", Options())
    with pytest.raises(UserError, match="column date holds the dates"):
        look(path, "date", Options())


def test_without_numbers_the_first_bad_cell_of_each_column_is_named(tmp_path):
    rows = [f"{day},n/k {n},shut" for n, day in enumerate(DAYS)]
    with pytest.raises(UserError, match=r"no column holds numbers; found sales \(line 2: 'n/k 0'\), shop \(always"):
        look(table(tmp_path / "a.csv", "date,sales,shop", rows), None, Options())


@pytest.mark.parametrize(("mark", "count"), [("-999", 1), ("-9999.0", 2), ("-99.9", 3)])
def test_numbers_that_mark_missing_values_are_told_and_can_be_left_out(tmp_path, mark, count):
    rows = [f"{day},{sale}" for day, sale in zip(DAYS, SALES, strict=True)]
    rows[4 : 4 + count] = [f"{day},{mark}" for day in DAYS[4 : 4 + count]]
    path = table(tmp_path / "a.csv", rows=rows)
    found = look(path, None, Options())
    (note,) = found.notes
    assert f"column sales: {count} cell{'s' * (count > 1)} hold{'s' * (count == 1)} {float(mark):g}, far" in note
    assert f"-S 'series.read.missing=[{float(mark):g}]'" in note
    again = look(path, None, replace(Options(), missing=(float(mark),)))
    assert again.rows == 60 - count


@pytest.mark.parametrize("word", ["unavailable", "M", "*"])
def test_words_that_mark_missing_values(tmp_path, word):
    rows = [f"{day},{sale}" for day, sale in zip(DAYS, SALES, strict=True)]
    rows[7] = f"{DAYS[7]},{word}"
    found = look(table(tmp_path / "a.csv", rows=rows), None, Options(missing=(word,)))
    assert (found.rows, found.left_out) == (59, 1)


@pytest.mark.parametrize(
    "names",
    [
        "Jan,Feb,Mar,Apr,May,Jun,Jul,Aug,Sep,Oct,Nov,Dec",
        "1,2,3,4,5,6,7,8,9,10,11,12",
        "Jan,Feb,Mrz,Apr,Mai,Jun,Jul,Aug,Sep,Okt,Nov,Dez,Summe",
    ],
)
def test_a_wide_table_is_refused_with_the_line_that_makes_it_long(tmp_path, names):
    rows = [f"{2000 + n},{','.join(str(n * 12 + month) for month in range(names.count(',') + 1))}" for n in range(3)]
    path = table(tmp_path / "wide.csv", f"Year,{names}", rows)
    with pytest.raises(UserError, match="is a wide table: a row for each year, a column for each month") as error:
        look(path, None, Options())
    code = str(error.value).split('-c "')[1].removesuffix('"')
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    long = pd.read_csv(tmp_path / "long.csv")
    assert long["value"].tolist() == list(range(36))
    assert (long["date"][0], long["date"][35]) == ("2000-01-01", "2002-12-01")
