import numpy as np
import pandas as pd
import pytest

from rnnlab.comparison import verdict
from rnnlab.comparison.comparison import _claim, compare_backtest, compare_digits, compare_series
from rnnlab.windows.series_info import SeriesInfo

STEPS = 60
GENERATOR = np.random.default_rng(0)
TRUTH = GENERATOR.standard_normal(STEPS).cumsum() + 100
INFO = SeriesInfo("shop", "sales", "pieces", "day", 7, 0.0, 1)


def table(**columns):
    parts = ["train"] * 20 + ["test"] * 40
    return pd.DataFrame({"date": np.arange(STEPS), "part": parts, "y_true": TRUTH, **columns})


def noisy(size):
    return TRUTH + size * GENERATOR.standard_normal(STEPS)


def network(*by_seed):
    return table(y_pred=np.mean(by_seed, axis=0), **{f"seed_{k}": forecast for k, forecast in enumerate(by_seed)})


@pytest.fixture
def compared():
    persistence = noisy(1.0)
    predictions = {
        "good": network(noisy(0.1), noisy(0.2)),
        "bad": network(noisy(5.0), TRUTH),
        "same": network(persistence),
    }
    rules = table(persistence=persistence, drift=noisy(1.0), sarima=np.nan)
    return compare_series(predictions, rules, {"sarima": "too few rows"}, horizon=1)


def test_of_rules_with_the_same_p_value_as_shown_the_one_with_the_smallest_error_is_the_hardest():
    size = {"far": 9.0, "near": 1.0, "other": 4.0}
    assert _claim({"far": 0.99998, "near": 0.99996, "other": 0.2}, size)["hardest"] == "near"
    assert _claim({"far": 0.9, "near": 0.7, "other": None}, size)["hardest"] == "other"


def test_a_network_is_held_against_the_hardest_rule(compared):
    good = compared["networks"]["good"]
    p_values = {rule: test["p"] for rule, test in compared["against"]["good"].items()}
    assert set(p_values) == {"persistence", "drift"}  # a rule that was left out is none
    assert good["p"] == max(p_values.values()) == p_values[good["hardest"]]
    assert good["p_holm"] == pytest.approx(2 * good["p"])  # of the three networks one has no test
    assert compared["left_out"] == {"sarima": "too few rows"}


def test_a_network_that_is_a_rule_can_not_be_said_to_beat_it(compared):
    assert compared["networks"]["same"]["p"] is None
    assert not verdict.beats_every_rule(compared["networks"]["same"])
    assert compared["against_persistence"]["same"]["difference"] == 0


def test_seeds_are_counted_and_the_mean_forecast_is_tested(compared):
    assert (compared["steps"], compared["horizon"]) == (40, 1)
    against = compared["against_persistence"]
    assert (against["good"]["seeds_better"], against["good"]["seeds"]) == (2, 2)
    assert (against["bad"]["seeds_better"], against["bad"]["seeds"]) == (1, 2)
    assert against["good"]["statistic"] < 0 < against["bad"]["statistic"]
    assert "seeds" not in against["drift"]
    assert compared["rmse"]["bad"] == pytest.approx(2.5, rel=0.3)  # half of the first seed's errors


def test_networks_are_compared_in_pairs_and_corrected_together(compared):
    pairs = [("good", "bad"), ("good", "same"), ("bad", "same")]
    assert [(pair["a"], pair["b"]) for pair in compared["between"]] == pairs
    smallest = min(compared["between"], key=lambda pair: pair["p"])
    assert smallest["p_holm"] == pytest.approx(3 * smallest["p"])


def test_a_backtest_is_judged_on_all_folds_together():
    walked = pd.DataFrame(
        {"fold": 0, "date": range(STEPS), "y_true": TRUTH, "seed_0": noisy(0.1), "seed_1": noisy(0.1)}
    )
    persistence = noisy(1.0)
    folds = table(persistence=persistence).assign(part=["fold_0"] * 20 + ["fold_1"] * 40)
    rules = pd.concat([table(persistence=persistence), folds])
    found = compare_backtest({"good": walked}, rules, {}, 1)
    assert [fold["steps"] for fold in found["folds"]] == [20, 40]
    assert found["judged"]["steps"] == 60
    errors = [np.sqrt(np.mean((persistence - TRUTH)[part] ** 2)) for part in (slice(0, 20), slice(20, 60))]
    assert [fold["mean"] for fold in found["rmse"]["persistence"]] == pytest.approx(errors)
    assert found["rmse"]["good"][0]["std"] > 0


def test_digits_are_compared_by_their_first_seeds():
    def answers(*by_seed):
        return pd.concat(
            pd.DataFrame({"image": range(4), "seed": seed, "y_true": [0, 1, 2, 3], "y_pred": answer})
            for seed, answer in enumerate(by_seed)
        )

    (pair,) = compare_digits({"a": answers([0, 1, 2, 0], [9, 9, 9, 9]), "b": answers([0, 9, 9, 3])})
    assert pair == {"a": "a", "b": "b", "only_a": 2, "only_b": 1, "p": 1.0}


def judged(rmse, **networks):
    claims = {name: {"hardest": rule, "p": p, "p_holm": p} for name, (rule, p) in networks.items()}
    return {"steps": 9, "horizon": 1, "rmse": rmse, "networks": claims}


@pytest.mark.parametrize(
    ("rmse", "networks", "sentence"),
    [
        (
            {"a": 12.0, "b": 20.0, "persistence": 10.0},
            {"a": ("persistence", 0.9), "b": ("persistence", 1.0)},
            "None of the 2 networks beats every simple rule beyond chance on 9 days of walking forward. The best "
            "of them there, a, has an RMSE (pieces) of 12.00 against 10.00 of persistence (tomorrow = "
            "today), the hardest rule (intersection-union of Diebold-Mariano tests, Holm-corrected: p = 0.900).",
        ),
        (
            {"a": 0.00428, "b": 0.00431, "seasonal_naive": 0.0061},
            {"a": ("seasonal_naive", 0.2), "b": ("seasonal_naive", 0.01)},
            "1 of the 2 networks beats every simple rule on 9 days of walking forward: b has an RMSE (pieces) of "
            "0.004310 against 0.006100 of seasonal_naive (the same weekday last week), the hardest rule",
        ),
        (
            {"a": 1.0, "ets": 2.0},
            {"a": ("ets", None)},
            "The network does not beat every simple rule beyond chance on 9 days of walking forward: a has an RMSE "
            "(pieces) of 1.000 against 2.000 of ets, the hardest rule (no test is possible).",
        ),
    ],
)
def test_the_verdict_follows_the_numbers(rmse, networks, sentence):
    assert sentence in verdict.series(judged(rmse, **networks), INFO, verdict.WALKED)


def test_networks_that_did_not_walk_are_named():
    assert verdict.not_walked(["a", "b", "last"], ["a", "b"]).endswith("backtest.models does not name them: last.")
    assert verdict.not_walked(["a", "b"], ["a", "b"]) == ""


def test_each_network_is_said_of_where_it_was_measured():
    walked = judged({"a": 1.0, "ets": 2.0}, a=("ets", 0.001))
    single = judged({"a": 3.0, "b": 4.0, "ets": 2.0}, a=("ets", 0.9), b=("ets", 1.0))
    said = verdict.of_models({"series": single, "backtest": {"judged": walked}}, INFO)
    assert said["a"].startswith("On 9 days of walking forward a beats every simple rule beyond chance: it has an RMSE")
    assert "On 9 days of a single split a does not beat every simple rule" in said["a"]
    assert said["b"].startswith("On 9 days of a single split b does not beat every simple rule beyond chance")


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
        "a reads 98.00 % of 10,000 test images correctly (95 % interval 97.00 to 98.50); b 97.00 %, "
        "which differs beyond chance (McNemar, p < 0.001)."
    )
    assert verdict.digits(board, ["a"], results, []).endswith("97.00 to 98.50).")


def test_the_verdict_on_memory():
    good, bad = 0.01, 0.17
    errors = {
        "rnn": {"10": [bad, bad, good], "50": [bad] * 3},
        "lstm": {"10": [good] * 3, "50": [good, bad, good]},
        "gru": {"10": [good] * 3, "50": [good] * 3},
    }
    assert verdict.memory({"baseline": 0.16, "errors": errors}).endswith(
        "networks learned to remember: rnn at no length, lstm up to 50 steps (2 of 3 seeds), gru up to 50 steps."
    )


@pytest.mark.parametrize(
    ("gru", "p", "opening", "end"),
    [
        (1.0, 0.01, "1 of 1 networks beats every simple rule", ""),
        (1.5, 0.2, "no network is shown to beat the best simple rule", " The difference may be chance."),
        (2.5, 1.0, "no network beats the best simple rule", ""),
    ],
)
def test_the_plain_sentence_says_what_the_tests_say(gru, p, opening, end):
    found = judged({"gru": gru, "ets": 2.0, "drift": 3.0}, gru=("ets", p))
    errors = f"gru's error (RMSE) is {gru:.3f} pieces, that of ets, 2.000"
    assert verdict.plain_series(found, INFO, "On 9 days") == f"On 9 days, {opening}: {errors}.{end}"
