import numpy as np
import pandas as pd
import pytest

from rnnlab.comparison import verdict
from rnnlab.comparison.panel_comparison import compare_panel, summarise_panel_backtest
from rnnlab.evaluation.panel_evaluation import evaluate_symbol, median_symbol, summarise_symbols, to_table
from rnnlab.evaluation.series_evaluation import Days
from rnnlab.evaluation.significance import benjamini_hochberg

LAST = np.array([10.0, 11.0, 12.0, 13.0, 12.0, 11.0])
TRUTH = np.array([11.0, 12.0, 13.0, 12.0, 11.0, 12.0])  # a step of 1 each day: persistence's RMSE is 1


def symbol(errors, truth=TRUTH, last=LAST):
    """Of one seed an error of each size, alternating in sign."""
    signs = np.array([1, -1, 1, -1, 1, -1])
    days = Days(truth, last, 1, naive_mae=0.5)
    return evaluate_symbol(days, {seed: truth + error * signs for seed, error in enumerate(errors)})


@pytest.fixture
def result():
    return summarise_symbols({"a": symbol([0.5, 0.7]), "b": symbol([2.0, 2.0]), "c": symbol([0.9, 3.0])}, 1)


def test_figures_of_a_symbol_and_seed():
    found = symbol([0.5, 2.0])
    assert found["days"] == 6
    assert found["by_seed"][0]["relative_rmse"] == pytest.approx(0.5)
    assert found["by_seed"][1]["mase"] == pytest.approx(4.0)


def test_over_symbols_each_counts_once(result):
    assert (result["symbols"], result["seeds"], result["days"]) == (3, 2, 18)
    # medians over a, b, c: 0.9 of the first seed, 2.0 of the second
    assert result["by_seed"]["0"]["relative_rmse"] == pytest.approx(0.9)
    assert result["by_seed"]["1"]["relative_rmse"] == pytest.approx(2.0)
    assert result["metrics"]["relative_rmse"]["mean"] == pytest.approx(1.45)
    assert result["by_seed"]["0"]["beaten"] == pytest.approx(2 / 3)
    assert result["over_symbols"]["relative_rmse"] == pytest.approx([1.275, 1.95, 1.975])  # of 0.6, 2.0, 1.95
    assert result["by_symbol"]["c"]["relative_rmse"] == pytest.approx(1.95)


def test_the_symbol_median_symbol():
    naive_mase = {"a": 0.5, "b": 0.9, "c": 1.0, "d": 3.0, "still": None}  # the median is 0.95
    assert median_symbol(naive_mase, {"a", "c", "d", "still"}) == "c"
    assert median_symbol({"still": None}, {"still"}) == "still"


def test_a_table_has_the_best_symbol_first(result):
    header, *lines = to_table(result).splitlines()
    assert header.startswith("symbol,days,relative_rmse,mase")
    assert [line.split(",")[0] for line in lines] == ["a", "c", "b"]


def test_symbols_that_stand_still_do_not_count():
    still = np.full(6, 5.0)
    found = summarise_symbols({"a": symbol([0.5]), "still": symbol([0.5], still, still)}, 1)
    assert found["by_symbol"]["still"]["relative_rmse"] is None
    assert found["metrics"]["relative_rmse"]["mean"] == pytest.approx(0.5)
    assert found["metrics"]["beaten"]["mean"] == 1.0
    assert to_table(found).splitlines()[2].startswith("still,6,,")
    assert found["undefined"]["relative_rmse"] == "1 of 2 symbols: persistence makes no error"
    against = compare_panel({"x": found}, ["x"])["against_persistence"]["x"]
    assert (against["beaten"], against["symbols"]) == (1, 1)


def test_significance_is_counted_after_the_correction():
    better = {"statistic": -9.0, "p": 0.001, **{k: symbol([0.5])[k] for k in ("days", "by_seed")}}
    worse = better | {"statistic": 9.0, "p": 0.04}
    none = better | {"statistic": None, "p": None}
    found = summarise_symbols({"a": better, "b": worse, "c": worse, "d": none}, 1)
    # Holm: 0.003, then 2 * 0.04; Benjamini-Hochberg: 0.003, 0.04, 0.04
    assert found["significant"]["holm"] == {"better": 1, "worse": 0}
    assert found["significant"]["benjamini_hochberg"] == {"better": 1, "worse": 2}


def test_benjamini_hochberg_by_hand():
    # sorted 0.01, 0.02, 0.03 of three: 0.01 * 3 / 1, 0.02 * 3 / 2, 0.03 * 3 / 3, made monotone
    assert benjamini_hochberg([0.02, None, 0.01, 0.03]) == pytest.approx([0.03, None, 0.03, 0.03], nan_ok=True)
    assert benjamini_hochberg([None]) == [None]


def test_networks_are_compared_over_symbols():
    sizes = np.linspace(0.5, 1.5, 8)
    results = {
        "a": summarise_symbols({str(i): symbol([size]) for i, size in enumerate(sizes)}, 1),
        "b": summarise_symbols({str(i): symbol([size + 0.1 + 0.01 * i]) for i, size in enumerate(sizes)}, 1),
    }
    found = compare_panel(results, ["a", "b"])
    assert found["against_persistence"]["a"]["beaten"] == 4
    board = {"panel": {"persistence": {}, "a": {}, "b": {}}}
    assert verdict.panel(board, ["a", "b"], found).startswith(
        "a beats persistence on 50.0 % of 8 symbols, and the median of its errors is 1.000 times persistence's; "
    )
    (pair,) = found["between"]
    assert pair["symbols"] == 8
    assert pair["median"] == pytest.approx(-0.135, rel=1e-4)
    assert pair["p"] == pytest.approx(2 / 2**8)  # all eight differences have one sign
    assert pair["p_holm"] == pair["p"]


def test_networks_that_are_alike():
    results = {name: summarise_symbols({"x": symbol([0.5])}, 1) for name in "ab"}
    (pair,) = compare_panel(results, ["a", "b"])["between"]
    assert (pair["median"], pair["p"], pair["p_holm"]) == (0.0, None, None)


def test_a_backtest_over_symbols():
    table = pd.DataFrame(
        {
            "fold": [0, 0, 0, 1, 1],
            "symbol": ["a", "b", "c", "a", "b"],
            "first": ["2020-01-02", "2020-01-01", "2020-01-01", "2020-02-01", "2020-02-01"],
            "last": ["2020-01-31", "2020-01-30", "2020-01-31", "2020-02-02", "2020-02-02"],
            "days": [20, 20, 21, 2, 2],
            "naive_mse": [4.0, 4.0, 0.0, 0.0, 4.0],  # where prices stand still nothing is relative to it
            "mse_0": [1.0, 4.0, 1.0, 1.0, np.nan],
            "mse_1": [1.0, 16.0, np.nan, 1.0, np.nan],
        }
    )
    first, second = summarise_panel_backtest(table)["folds"]
    assert first == {
        "first": "2020-01-01",
        "last": "2020-01-31",
        "symbols": 3,
        "without_network": 0,
        "days": 61,
        "relative_rmse": [0.75, 1.0, 1.25],
        "beaten": 1,
    }
    assert second["relative_rmse"] == [None] * 3
    assert (second["symbols"], second["without_network"]) == (2, 1)
