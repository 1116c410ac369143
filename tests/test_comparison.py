import numpy as np
import pandas as pd
import pytest

from rnnlab.comparison import verdict
from rnnlab.comparison.comparison import compare_digits, compare_series

DAYS = 50
GENERATOR = np.random.default_rng(0)
TRUTH = GENERATOR.standard_normal(DAYS).cumsum() + 100


def table(**columns):
    return pd.DataFrame({"date": np.arange(DAYS), "part": ["train"] * 10 + ["test"] * 40, "y_true": TRUTH, **columns})


def noisy(size):
    return TRUTH + size * GENERATOR.standard_normal(DAYS)


@pytest.fixture
def compared():
    persistence = noisy(1.0)
    predictions = {
        "good": table(seed_0=noisy(0.1), seed_1=noisy(0.2)),
        "bad": table(seed_0=noisy(5.0), seed_1=TRUTH),
        "same": table(seed_0=persistence),
    }
    return compare_series(predictions, table(persistence=persistence, drift=noisy(1.0)), horizon=1)


def test_seeds_are_counted_and_not_taken_for_days(compared):
    assert (compared["days"], compared["horizon"]) == (40, 1)
    against = compared["against_persistence"]
    assert (against["good"]["seeds_better"], against["good"]["seeds"]) == (2, 2)
    assert (against["bad"]["seeds_better"], against["bad"]["seeds"]) == (1, 2)
    assert against["good"]["statistic"] < 0 < against["bad"]["statistic"]
    assert against["good"]["p_holm"] < 0.01
    assert "seeds" not in against["drift"]


def test_a_forecast_equal_to_persistence_has_no_test(compared):
    assert compared["against_persistence"]["same"]["p_holm"] is None
    assert compared["against_persistence"]["same"]["difference"] == 0


def test_networks_are_compared_in_pairs_and_corrected_together(compared):
    assert [(pair["a"], pair["b"]) for pair in compared["between"]] == [
        ("good", "bad"),
        ("good", "same"),
        ("bad", "same"),
    ]
    smallest = min(compared["between"], key=lambda pair: pair["p"])
    assert smallest["p_holm"] == pytest.approx(3 * smallest["p"])


def test_digits_are_compared_by_their_first_seeds():
    def answers(*by_seed):
        return pd.concat(
            pd.DataFrame({"image": range(4), "seed": seed, "y_true": [0, 1, 2, 3], "y_pred": answer})
            for seed, answer in enumerate(by_seed)
        )

    (pair,) = compare_digits({"a": answers([0, 1, 2, 0], [9, 9, 9, 9]), "b": answers([0, 9, 9, 3])})
    assert pair == {"a": "a", "b": "b", "only_a": 2, "only_b": 1, "p": 1.0}


def test_tests_know_the_horizon_and_are_corrected_as_a_family():
    persistence, networks = noisy(1.0), {name: table(seed_0=noisy(1.0)) for name in ("a", "b", "c")}
    by_horizon = [compare_series(networks, table(persistence=persistence), h)["against_persistence"] for h in (1, 5)]
    assert all(by_horizon[0][name]["statistic"] != by_horizon[1][name]["statistic"] for name in networks)
    smallest = min(by_horizon[0].values(), key=lambda test: test["p"])
    assert smallest["p_holm"] == pytest.approx(min(1.0, 3 * smallest["p"]))


def against(name, statistic, p):
    return {name: {"statistic": statistic, "p_holm": p}}


@pytest.mark.parametrize(
    ("rmse", "statistic", "p", "sentence"),
    [
        (
            12.0,
            3.0,
            0.004,
            "None of the 2 networks beats tomorrow = today on these 9 days beyond chance: the best, a, has an RMSE of "
            "12.00 points against 10.00 (worse beyond chance: Diebold-Mariano, Holm-corrected p = 0.004).",
        ),
        (9.0, -1.0, 0.4, "has an RMSE of 9.00 points against 10.00 (a difference that may be luck: Diebold-Mariano"),
        (9.0, -5.0, 1e-6, "1 of the 2 networks beats tomorrow = today on these 9 days; the best of them, a, has"),
        (10.0, None, None, "an RMSE of 10.00 points against 10.00 (no test is possible)"),
    ],
)
def test_the_verdict_on_prices_follows_the_numbers(rmse, statistic, p, sentence):
    board = {"series": {"a": {"rmse": rmse}, "persistence": {"rmse": 10.0}, "b": {"rmse": 20.0}}}
    tests = {"horizon": 1, "days": 9, "against_persistence": against("a", statistic, p) | against("b", 9.0, 0.001)}
    assert sentence in verdict.series(board, ["a", "b"], tests)


def test_the_verdict_names_the_best_winner_and_a_single_network():
    board = {"series": {"a": {"rmse": 8.0}, "b": {"rmse": 9.0}, "persistence": {"rmse": 10.0}}}
    tests = {"horizon": 5, "days": 1, "against_persistence": against("a", -1.0, 0.2) | against("b", -4.0, 0.001)}
    assert "1 of the 2 networks beats persistence on the only day; the best of them, b," in verdict.series(
        board, ["a", "b"], tests
    )
    assert verdict.series(board, ["a"], tests).startswith(
        "The network does not beat persistence on the only day beyond chance"
    )


def test_the_verdict_on_digits_is_of_first_seeds():
    board = {"digits": {"a": {"test_accuracy": 0.5}, "b": {"test_accuracy": 0.4}, "majority_class": {}}}
    results = {
        name: {
            "wilson_95": [0.97, 0.985],
            "images": 10000,
            "by_seed": {"10": {"test_accuracy": 0.0}, "2": {"test_accuracy": share}},
        }
        for name, share in (("a", 0.98), ("b", 0.97))
    }
    pair = {"a": "b", "b": "a", "only_a": 5, "only_b": 90, "p": 1e-9}
    assert verdict.digits(board, ["a", "b"], results, [pair]) == (
        "a reads 98.00 % of 10,000 images that it never saw (95 % interval 97.00 to 98.50); b 97.00 %, "
        "which differs beyond chance (McNemar, p < 0.001)."
    )
    assert verdict.digits(board, ["a"], results, []).endswith("97.00 to 98.50).")


def test_the_verdict_on_memory():
    found = {"baseline": 0.16, "errors": {"rnn": {"10": [0.1, 0.1], "50": [0.2]}, "gru": {"10": [0.01], "50": [0.02]}}}
    assert verdict.memory(found).endswith("networks learned to remember: rnn at no length, gru up to 50 steps.")
