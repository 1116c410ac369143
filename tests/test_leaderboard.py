import pytest

from rnnlab.comparison.leaderboard import COLUMNS, headline, rank, to_markdown


def result(track, figure, std=0.5):
    metrics = {key: {"mean": figure, "std": std if figure else None} for key in COLUMNS[track]}
    return {"seeds": 3, "diverged": {}, "metrics": metrics}


RESULTS = {
    "stock": {
        "persistence": result("stock", 2.0, None),
        "stock_a": result("stock", 3.0),
        "stock_b": result("stock", 1.0),
        "stock_c": result("stock", None),
    },
    "digits": {
        "majority_class": result("digits", 0.1, None),
        "digits_a": result("digits", 0.9),
        "digits_b": result("digits", 0.95),
    },
}
VERDICTS = {"stock": "None beats it.", "digits": "All do."}


def test_best_first_with_the_baseline_among_them():
    board = rank(RESULTS)
    assert list(board["stock"]) == ["stock_b", "persistence", "stock_a", "stock_c"]
    assert list(board["digits"]) == ["digits_b", "digits_a", "majority_class"]
    assert board["stock"]["stock_b"]["rmse_std"] == 0.5
    assert "rmse_std" not in board["stock"]["persistence"]


def test_headline_keeps_what_ranks_and_no_null():
    short = headline(rank(RESULTS))
    assert short["digits"]["digits_b"] == {"test_accuracy": 0.95, "test_accuracy_std": 0.5}
    assert short["stock"]["persistence"] == {"rmse": 2.0}
    assert short["stock"]["stock_c"] == {}


def test_a_track_without_models_is_left_out():
    assert list(rank({"stock": RESULTS["stock"]})) == ["stock"]


def test_seeds_that_diverged_are_counted_beside_the_name():
    results = {"stock": {"stock_a": result("stock", 3.0) | {"diverged": {"7": 2}}}}
    assert to_markdown(rank(results), VERDICTS).splitlines()[6].startswith("| stock_a (3 of 4 seeds) |")


@pytest.mark.promise(number=4)
def test_a_dash_is_explained_below_the_table():
    undefined = result("stock", 1.0)
    undefined["metrics"]["r2"] = {"mean": None, "std": None}
    lines = to_markdown(rank({"stock": {"stock_a": undefined}}), VERDICTS).splitlines()
    assert lines[6].split("|")[7].strip() == "–"
    assert lines[8] == "A dash: not defined (R²: the true values do not vary)."


def test_a_table_without_dashes_ends_with_its_last_row():
    assert to_markdown(rank({"stock": {"stock_a": result("stock", 1.0)}}), VERDICTS).endswith(" |\n")


def test_markdown():
    lines = to_markdown(rank(RESULTS), VERDICTS).splitlines()
    assert lines[:3] == ["## stock", "", "None beats it."]
    assert lines[6].split("|")[1:3] == [" stock_b     ", "   1.00 ± 0.50 "]
    assert lines[9].split("|")[2].strip() == "–"
    assert len({len(line) for line in lines[4:10]}) == 1  # columns are aligned
