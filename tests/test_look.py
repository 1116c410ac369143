"""`rnnlab look` and `rnnlab try`: what a person sees first of a file of her own."""

import json
import sys

import numpy as np
import pandas as pd
import pytest

from rnnlab import cli
from rnnlab.core.errors import UserError
from rnnlab.data.look import look
from rnnlab.data.rows import Options
from rnnlab.forecasting import first_try


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
    page = tried.page.read_text()
    verdict, command = tried.lines[-3], tried.lines[-1]
    assert "on 28 days after the first 70 %" in verdict
    assert "-S series.window.length=7" in command
    assert verdict.split(" (")[0] in page
    for rule in ("persistence", "seasonal_naive", "ridge", "ets", "sarima"):
        assert rule in page


def test_too_short_a_file_is_refused(tmp_path):
    with pytest.raises(UserError, match="30 rows are too few"):
        first_try.first_try(shop(tmp_path / "shop.csv", 30), "sales", Options(), tmp_path)
