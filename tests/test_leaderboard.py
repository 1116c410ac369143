import pytest

from rnnlab.comparison.leaderboard import COLUMNS, headline, rank, to_markdown


def result(track, figure, std=0.5):
    metrics = {key: {"mean": figure, "std": std if figure else None} for key in COLUMNS[track]}
    return {"seeds": 3, "diverged": {}, "metrics": metrics}


RESULTS = {
    "series": {
        "persistence": result("series", 2.0, None),
        "a": result("series", 3.0),
        "b": result("series", 1.0),
        "c": result("series", None),
    },
    "digits": {
        "majority_class": result("digits", 0.1, None),
        "digits_a": result("digits", 0.9),
        "digits_b": result("digits", 0.95),
    },
}
VERDICTS = {"series": "None beats it.", "digits": "All do."}


def test_best_first_with_the_baseline_among_them():
    board = rank(RESULTS)
    assert list(board["series"]) == ["b", "persistence", "a", "c"]
    assert list(board["digits"]) == ["digits_b", "digits_a", "majority_class"]
    assert board["series"]["b"]["rmse_std"] == 0.5
    assert "rmse_std" not in board["series"]["persistence"]


def test_headline_keeps_what_ranks_and_no_null():
    short = headline(rank(RESULTS))
    assert short["digits"]["digits_b"] == {"test_accuracy": 0.95, "test_accuracy_std": 0.5}
    assert short["series"]["persistence"] == {"rmse": 2.0}
    assert short["series"]["c"] == {}


def test_a_track_without_models_is_left_out():
    assert list(rank({"series": RESULTS["series"]})) == ["series"]


def test_seeds_that_diverged_are_counted_beside_the_name():
    results = {"series": {"a": result("series", 3.0) | {"diverged": {"7": 2}}}}
    assert to_markdown(rank(results), VERDICTS, {}, "dollars").splitlines()[8].startswith("| a (3 of 4 seeds) |")


@pytest.mark.promise(number=4)
def test_a_dash_is_explained_below_the_table():
    undefined = result("series", 1.0)
    undefined["metrics"]["mape"] = {"mean": None, "std": None}
    lines = to_markdown(rank({"series": {"a": undefined}}), VERDICTS, {}, "dollars").splitlines()
    assert lines[8].split("|")[6].strip() == "–"
    assert lines[10] == "A dash: not defined (MAPE (%): a true value is 0)."


def test_a_table_without_dashes_ends_with_its_last_row():
    assert to_markdown(rank({"series": {"a": result("series", 1.0)}}), VERDICTS, {}, "dollars").endswith(" |\n")


def test_markdown():
    lines = to_markdown(rank(RESULTS), VERDICTS, {"series": "GOOG"}, "dollars").splitlines()
    assert lines[:3] == ["## GOOG", "", "None beats it."]
    assert lines[4].startswith("On the single split, best first")
    assert lines[8].split("|")[1:3] == [" b           ", "  1.000 ± 0.500 "]
    assert lines[11].split("|")[2].strip() == "–"
    assert len({len(line) for line in lines[6:12]}) == 1  # columns are aligned
