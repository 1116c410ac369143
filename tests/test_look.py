"""`rnnlab look` and `rnnlab try`: what a person sees first of a file of her own."""

import html
import json
import os
import re
import shutil
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rnnlab import cli
from rnnlab.core.errors import UserError
from rnnlab.core.params_file import read_params
from rnnlab.data.duration import describe
from rnnlab.data.look import look
from rnnlab.data.rows import Options
from rnnlab.forecasting import first_try
from rnnlab.forecasting.inputs import reading_options
from rnnlab.windows.series_info import SeriesInfo

ROOT = Path(__file__).parent.parent


def shop(path, days=100):
    """Sales that follow the weekday."""
    dates = pd.date_range("2023-01-02", periods=days)
    noise = np.random.default_rng(0).normal(0, 3, days)
    sales = 100 + 40 * (dates.day_of_week == 5) + noise.round(1)
    pd.DataFrame({"date": dates, "shop": "north", "sales": sales, "promo": np.arange(days) % 2}).to_csv(
        path, index=False
    )
    return path


def test_a_look_says_what_would_be_read(tmp_path):
    path = shop(tmp_path / "shop.csv")
    path.write_text(path.read_text().replace("2023-01-20,north", "2023-01-20,").replace("2023-01-25", "2022-12-25"))
    found = look(path, None, Options())
    assert (found.rows, found.first, found.last) == (100, "2022-12-25", "2023-04-11")
    assert (found.columns, found.date, found.rhythm, found.left_out) == (["sales", "promo"], "date", "day", 0)
    assert any("are missing" in note for note in found.notes)
    assert found.command == (
        f"dvc exp run -S series.source=csv -S series.path={path} -S series.target=sales "
        "-S 'series.features=[sales, promo]' -S series.split.train=0.7 -S series.window.length=7 -S backtest.train=0.7"
    )
    assert "-S series.target=promo" in look(path, "promo", Options()).command


def test_a_look_names_the_cell_that_is_no_number(tmp_path):
    rows = pd.DataFrame({"date": pd.date_range("2023-01-02", periods=20), "sales": [*map(str, range(19)), "soon"]})
    rows.to_csv(tmp_path / "shop.csv", index=False)
    with pytest.raises(UserError, match="line 21, column sales: 'soon' is not a finite number"):
        look(tmp_path / "shop.csv", None, Options())


def test_a_panel_is_told(tmp_path):
    rows = pd.DataFrame({"date": ["2020-01-02", "2020-01-03"] * 2, "Name": list("AABB"), "sales": [1.0, 2.0, 3.0, 4.0]})
    rows.to_csv(tmp_path / "all.csv", index=False)
    found = look(tmp_path / "all.csv", None, Options())
    assert found.guesses == ["a panel of 2 symbols: A, B"]
    assert (found.rows, found.columns, found.date, found.rhythm) == (4, ["sales"], "date", "trading day")
    assert "-S series.source=panel" in found.command
    assert "-S series.target=sales" in found.command


DAYS = [f"2023-01-{day:02}" for day in range(1, 29)] + [f"2023-02-{day:02}" for day in range(1, 29)]


def table(path, header, row):
    """A file with a row for each of 56 days."""
    path.write_text("\n".join([header, *(row(number, day) for number, day in enumerate(DAYS))]) + "\n")
    return path


def test_a_counter_and_a_year_are_no_default_target(tmp_path):
    path = table(tmp_path / "a.csv", "id,date,Año,sales", lambda n, day: f"{n + 1},{day},{2020 + n % 3},{n * n % 11}")
    found = look(path, None, Options())
    assert "-S series.target=sales" in found.command
    assert "id" not in found.command.split("series.features")[1]


def test_a_target_that_is_not_there_is_named_with_those_that_are(tmp_path):
    with pytest.raises(UserError, match="no column Nope; found date, shop, sales, promo"):
        look(shop(tmp_path / "shop.csv"), "Nope", Options())


def test_a_look_as_json(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shop(tmp_path / "shop.csv")
    monkeypatch.setattr(sys, "argv", ["rnnlab", "look", "shop.csv", "--json"])
    with pytest.raises(SystemExit):
        cli.main()
    found = json.loads(capsys.readouterr().out)
    assert {"rows", "first", "last", "columns", "date", "rhythm", "left_out", "guesses"} <= set(found)
    assert list(tmp_path.iterdir()) == [tmp_path / "shop.csv"]


def test_a_first_try_makes_a_page_with_a_verdict(tmp_path, monkeypatch):
    monkeypatch.setattr(first_try, "EPOCHS", 2)
    path = shop(tmp_path / "shop.csv")
    tried = first_try.first_try(path, "sales", Options(), tmp_path / "try")
    page = re.sub(r'<span class="date">|</span>|<wbr>', "", html.unescape(tried.page.read_text()))
    read, _, verdict, following, _, _, command, takes = tried.lines[-8:]
    assert takes.startswith("It takes about 1 minute on one core (7 networks, 301 epochs)")
    assert read == "the networks read sales, promo of the last 7 days, and forecast sales"
    assert verdict.startswith("On the 28 days after the first 70 %, no network")
    assert following.startswith("Forecast of sales for 2023-04-12: ")
    assert command == look(path, "sales", Options()).command
    assert verdict.split(" (")[0] in page
    assert following.split(" (")[0] in page
    headings = page.split("<thead>")[1].split("</thead>")[0]
    assert "all folds" not in headings
    for rule in ("persistence", "seasonal_naive", "ridge", "ets", "sarima"):
        assert rule in page


def marked(tmp_path):
    """100 days of sales, one of them -999."""
    path = shop(tmp_path / "shop.csv")
    rows = path.read_text().splitlines()
    rows[50] = "2023-02-20,north,-999,0"
    path.write_text("\n".join(rows) + "\n")
    return path


def test_the_command_is_given_with_and_without_a_doubtful_mark(tmp_path):
    found = look(marked(tmp_path), "sales", Options(missing=("closed",), words=("series.read.missing=[closed]",)))
    _, command, which, again, _ = found.offer
    assert command == found.command
    assert command.endswith(" -S 'series.read.missing=[closed, -999]'")
    assert which == "The same if -999 is a value, and does not mark a missing one:"
    assert again == command.replace("[closed, -999]", "[closed]")


def test_a_mark_that_is_set_is_named_with_the_rows_that_it_drops(tmp_path):
    found = look(marked(tmp_path), "sales", Options(missing=(-999,)))
    assert found.notes[1].endswith("1 row with empty cells or -999 dropped (line 51)")


def test_a_verdict_on_doubtful_values_says_so_on_the_page_too(tmp_path, monkeypatch):
    monkeypatch.setattr(first_try, "EPOCHS", 1)
    tried = first_try.first_try(marked(tmp_path), "sales", Options(), tmp_path / "try")
    warning = (
        "WARNING: the verdict takes -999 for a measured value. If it marks a missing one, try again with "
        "-S 'series.read.missing=[-999]'"
    )
    place = tried.lines.index(warning)
    assert tried.lines[place - 1].startswith("On the 28 days")
    assert warning in html.unescape(tried.page.read_text())


def test_the_path_in_the_command_has_no_dots(tmp_path):
    path = shop(tmp_path / "shop.csv")
    (tmp_path / "folder").mkdir()
    assert f"series.path={path} " in look(tmp_path / "folder/../shop.csv", None, Options()).command


def test_the_time_follows_rows_epochs_and_networks():
    """1,200 rows, 70 % of them in batches of 20: 42 steps. 7 models of 10 seeds, and 7 of 4 folds with 3 seeds:
    7 * (10 + 7) + 7 * (12 + 7) = 252. 5e-6 s * 301 epochs * 42 * (24 + 2) * 252 + 7 * 4 s + 40 s = 482 s.
    With 100 epochs, 3 seeds and 2 folds: 7 * (3 + 7) + 7 * (6 + 7) = 161. 5e-6 * 100 * 42 * 26 * 161 + 28 + 40 = 156 s.
    """
    said = describe(1200, 24, read_params(ROOT / "params.yaml"))
    assert said.startswith("It takes about 8 minutes on one core (7 networks, 301 epochs); about 3 with -S training.")


def test_a_short_time_needs_no_advice():
    said = describe(400, 5, read_params(ROOT / "params.yaml"))
    assert said == "It takes about 2 minutes on one core (7 networks, 301 epochs)."


def test_the_next_value_is_that_of_the_model_with_the_smallest_error():
    """Errors of persistence: 1, 1, 1, 2, 3; the interval's half is the 5th of 5, for ceil(6 * 0.8) = 5."""
    rules = pd.DataFrame({"date": pd.date_range("2024-01-01", periods=6), "y_true": [5, 6, 7, 9, 12, 12]})
    rules["persistence"] = [4, 5, 6, 7, 9, 12]
    info = SeriesInfo("shop", "sales", "sales", "day", 7, 10.0, 1)
    chosen = first_try._with_next(rules.assign(y_pred=rules["persistence"]), info)
    assert first_try._next("persistence", chosen, 1.79, info) == (
        "Forecast of sales for 2024-01-06: 12.000 (80 % interval 10.000 to 15.000), by persistence, "
        "the model with the smallest error here."
    )
    assert np.isnan(chosen["y_true"].iloc[-1])


def test_too_short_a_file_is_refused(tmp_path):
    with pytest.raises(UserError, match="30 rows are too few"):
        first_try.first_try(shop(tmp_path / "shop.csv", 30), "sales", Options(), tmp_path)


@pytest.mark.parametrize("params", [True, False])
def test_a_guess_is_fixed_on_the_command_line(tmp_path, monkeypatch, params):
    monkeypatch.chdir(tmp_path)
    if params:
        shutil.copy(ROOT / "params.yaml", tmp_path)
    path = tmp_path / "shop.csv"
    path.write_text("day;sales\n" + "".join(f"2020-01-{day};1,{day}5\n" for day in range(10, 30)))
    options = reading_options(["series.read.decimal='.'", "series.read.missing=['1,155', -999]"])
    found = look(path, None, options)
    assert (found.rows, found.left_out) == (19, 1)
    assert (options.missing, options.rows) == (("1,155", -999), None)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("series.read.decimal=,", """-S series.read.decimal=,: should be KEY=VALUE, with marks in quotes"""),
        ("series.read.colour=1", "-S series.read.colour=1: there is no parameter series.read.colour"),
        ("series.read.decimal=x", "series.read.decimal: input should be '.' or ',' (found 'x')"),
        (
            "series.window.horizon=3",
            "-S series.window.horizon=3: look and try take only how a file is read (series.read, series.date, "
            "series.check_prices); other parameters belong to the command that they print",
        ),
    ],
)
def test_a_wrong_parameter_is_named(tmp_path, monkeypatch, word, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as error:
        reading_options([word])
    assert message in str(error.value)


def test_a_training_parameter_is_refused_beside_params_too(monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(UserError, match=r"training\.series\.epochs=3: look and try take only how a file is read"):
        reading_options(["training.series.epochs=3"])
    assert reading_options(["series.rows=30"]).rows == 30


def test_the_command_repeats_what_was_said_of_the_file(tmp_path):
    options = reading_options(["series.date=false"])
    assert look(shop(tmp_path / "shop.csv"), None, options).command.endswith("-S series.date=false")


def test_two_rows_are_too_few_for_a_command(tmp_path):
    found = look(shop(tmp_path / "shop.csv", 2), None, Options())
    assert found.command == ""
    assert found.notes[-1] == "2 rows are too few to train on: at least 45 are needed"


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(UserError, match=r"a\.csv: is no file, but a pipe or a device"):
        look(tmp_path / "a.csv", None, Options())


def test_text_of_a_parquet_file_that_is_no_utf8_is_named(tmp_path):
    days = pa.array([b"\xff\xfe\x01"] * 30, pa.binary()).view(pa.string())
    pq.write_table(pa.table({"Date": days, "Close": np.arange(30.0)}), tmp_path / "a.parquet")
    with pytest.raises(UserError, match=r"a\.parquet: can't be read"):
        look(tmp_path / "a.parquet", None, Options())


def test_a_file_without_lines_is_not_read_as_a_whole(tmp_path):
    """2 GB of NULs, which take no room on the disk: as a panel's table they would be read at once."""
    with (tmp_path / "a.csv").open("wb") as file:
        file.truncate(2 * 10**9)
    tracemalloc.start()
    with pytest.raises(UserError, match=r"a\.csv: line 1 is not text"):
        look(tmp_path / "a.csv", None, Options())
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_rows_below_a_long_header_are_looked_at(tmp_path):
    path = tmp_path / "wide.csv"
    header = ",".join(["Date", *(f"{number:060}" for number in range(1000))])  # of 61 KB
    rows = [f"2020-01-0{day}" + f",{'1' * 50}{day}" * 1000 for day in (1, 2, 3)]
    path.write_text("\n".join([header, *rows]))
    assert look(path, f"{999:060}", Options()).rows == 3
