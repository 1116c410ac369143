"""Charts are Vega-Lite that its schema allows, hold the figures that they show, and are the same picture each time."""

import csv
import io

import altair as alt
import numpy as np
import pandas as pd
import pytest

from rnnlab.reporting import digits_charts, learned_charts, series_charts
from rnnlab.reporting.chart_style import MOST_OF_A_MODEL, most_rows, to_png
from rnnlab.reporting.panel_charts import over_symbols

PNG = b"\x89PNG"


def rows_of(spec):
    """The table within a chart."""
    return list(csv.DictReader(io.StringIO(spec["data"]["values"])))


def predictions(dates=None):
    values = np.linspace(1, 2, 90)
    return pd.DataFrame(
        {
            "date": pd.date_range("2020-01-01", periods=90) if dates is None else dates,
            "part": ["train"] * 20 + ["test"] * 70,
            "y_true": values,
            "persistence": values - 0.1,
            "y_pred": values,
            **{f"{side}_{level}": values for side in ("lower", "upper") for level in ("80", "95")},
            "seed_0": values - 0.2,
            "seed_1": values + 0.2,
        }
    )


def history(**columns):
    return pd.DataFrame({"epoch": [0, 1, 0, 1], "seed": [0, 0, 1, 1], "train_loss": [1.0, 0.5, 3.0, 1.5]} | columns)


LEARNED = {
    "lstm": {
        "windows": [{
            "label": "last",
            "layers": [{"hidden": [[0.1, 0.2]], "cell": [[1.5, -2.0]], "gates": {"forget": [[0.9, 0.8]]}}],
        }],
        "attribution": {"steps": [-1, 0], "features": ["Open", "Low"], "values": [[1.0, 2.0], [3.0, 4.0]]},
    },
}  # fmt: skip
ERRORS = {"rnn": {"10": [0.1, 0.3], "25": [0.2, 0.2]}}
FOLD, ALONE = {"first": "2020-01-01", "last": "2020-02-01"}, {"mean": 2.0, "std": None}
BACKTEST = {
    "folds": [FOLD, FOLD | {"first": "2020-02-02"}],
    "rmse": {"m": [{"mean": 3.0, "std": 0.5}, ALONE], "persistence": [ALONE, ALONE], "ets": [ALONE, ALONE]},
    "judged": {"rmse": {"m": 2.0, "persistence": 2.0, "ets": 1.0}},
}
PAIRS = [
    {"a": "rnn", "b": "gru", "difference": -2.0, "p_holm": 0.01},
    {"a": "rnn", "b": "lstm", "difference": -2.0, "p_holm": None},
]
IMAGES = np.zeros((3, 8, 8), np.float32)
CHARTS = {
    "values": lambda: series_charts.values(
        pd.DataFrame({"date": pd.date_range("2020-01-01", periods=2), "actual": 1.0, "gru": [1.5, 2.5], "drift": 2.0}),
        ["gru"], "drift", "sales (pieces)", "days",
    ),
    "model": lambda: series_charts.model_values({"m": predictions(), "n": predictions()}, "종가 (원)", "days"),
    "rows": lambda: series_charts.model_values({"m": predictions(dates=range(90))}, "Intensity", "rows"),
    "losses": lambda: series_charts.losses({"m": history(validation_loss=[1.0, 0.7, 1.0, 0.7])}),
    "shifts": lambda: series_charts.shifts({"a": [2.0, 1.0], "b": [1.0, 2.0]}, "pieces", "days"),
    "folds": lambda: series_charts.folds(BACKTEST, ["m"]),
    "pairs": lambda: series_charts.pairs(PAIRS, ["rnn", "gru", "lstm"], "points"),
    "confusion": lambda: digits_charts.confusion({"m": np.diag([3, 2, 0])}),
    "misread": lambda: digits_charts.misread(IMAGES, np.array([0, 1, 2]), {"m": np.array([0, 2, 2])}),
    "none misread": lambda: digits_charts.misread(IMAGES, np.arange(3), {"m": np.arange(3)}),
    "reliability": lambda: digits_charts.reliability({"m": [{"count": 3, "confidence": 0.9, "accuracy": 1.0}]}),
    "over symbols": lambda: over_symbols({"gru": [0.5, 1.0, 1.5], "none": []}),
    "states": lambda: learned_charts.states(LEARNED),
    "attribution": lambda: learned_charts.attribution(LEARNED, "pieces"),
    "memory": lambda: learned_charts.memory_errors(ERRORS, "always says 1", 1 / 6),
    "gradients": lambda: learned_charts.memory_gradients({"rnn": [1.0, 0.1], "gru, trained": [1.0, 0.9]}),
}  # fmt: skip


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_what_vega_lite_allows_and_can_be_drawn(name):
    spec = CHARTS[name]()
    alt.LayerChart.from_dict(spec, validate=True)
    assert to_png(spec).startswith(PNG)


@pytest.mark.promise(number=4)
def test_the_same_chart_is_the_same_bytes():
    assert to_png(CHARTS["model"]()) == to_png(CHARTS["model"]())


def test_figures_stand_in_the_chart_with_six_digits():
    table = pd.DataFrame(
        {"date": pd.date_range("2020-01-01", periods=1), "actual": [1234.56789], "gru": [1e-7 / 3], "ets": 2}
    )
    spec = series_charts.values(table, ["gru"], "ets", "x", "days")
    assert rows_of(spec) == [{"date": "2020-01-01T00:00:00", "actual": "1234.57", "gru": "3.33333e-08", "ets": "2"}]


def test_each_of_twelve_lines_has_a_colour_of_its_own():
    spec = series_charts.shifts({f"m{number}": [1.0, 2.0] for number in range(12)}, "pieces", "days")
    encoding = spec["layer"][0]["encoding"]
    assert len(set(encoding["color"]["scale"]["range"])) == 12


def test_a_model_alone_is_the_chart_of_all_with_its_rows():
    both = {"m": predictions(), "n": predictions().assign(y_pred=7.0)}
    assert series_charts.each_model(both, "x", "days")["n"] == series_charts.model_values({"n": both["n"]}, "x", "days")


def test_the_band_of_seeds_is_from_the_smallest_to_the_largest():
    first = rows_of(series_charts.model_values({"m": predictions()}, "x", "days"))[0]
    assert (first["lowest_seed"], first["highest_seed"]) == ("0.8", "1.2")


def test_losses_are_means_over_seeds():
    assert [float(row["m"]) for row in rows_of(series_charts.losses({"m": history()}))] == [2.0, 1.0]


def test_folds_stand_beside_persistence_and_the_best_rule():
    found = {(row["model"], row["fold"][:10]): float(row["ratio"]) for row in rows_of(CHARTS["folds"]())}
    assert found == {
        ("m", "2020-01-01"): 1.5, ("m", "2020-02-02"): 1.0, ("ets", "2020-01-01"): 1.0, ("ets", "2020-02-02"): 1.0,
    }  # fmt: skip


def test_a_pair_stands_on_both_sides_of_the_diagonal():
    found = {(row["row"], row["column"]): row["verdict"] for row in rows_of(CHARTS["pairs"]())}
    assert found["rnn", "gru"] == "smaller"
    assert found["gru", "rnn"] == "larger"
    assert found["rnn", "lstm"] == found["lstm", "rnn"] == "may be chance"


def test_a_box_has_quartiles_and_the_symbols_outside_it():
    spec = over_symbols({"gru": list(np.arange(101.0) + 1)})
    (box,) = list(csv.DictReader(io.StringIO(spec["layer"][0]["data"]["values"])))
    assert [float(box[name]) for name in ("low", "lower", "median", "upper", "high")] == [6, 26, 51, 76, 96]
    outside = list(csv.DictReader(io.StringIO(spec["layer"][3]["data"]["values"])))
    assert [float(row["ratio"]) for row in outside] == [1, 2, 3, 4, 5, 97, 98, 99, 100, 101]


def test_states_and_gates_of_a_unit_are_one_row():
    first = rows_of(CHARTS["states"]())[0]
    assert (first["hidden state"], first["cell state"], first["forget gate"]) == ("0.1", "1.5", "0.9")


@pytest.mark.parametrize(("models", "rows"), [(1, MOST_OF_A_MODEL), (7, MOST_OF_A_MODEL), (100, 120)])
def test_a_page_does_not_grow_with_the_number_of_models(models, rows):
    assert most_rows(models) == rows
