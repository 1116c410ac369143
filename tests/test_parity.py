import numpy as np
import pandas as pd
import pytest

from rnnlab.comparison import claims, tutorial


def history(losses_by_seed, column="train_loss"):
    return pd.concat(
        pd.DataFrame({"epoch": range(len(losses)), "seed": seed, column: losses})
        for seed, losses in enumerate(losses_by_seed)
    )


def verdicts(rows):
    return {row["what"]: row["verdict"] for row in rows}


def test_scaled_values_and_shapes():
    scaled = {name: np.array(values) + 1e-8 for name, values in tutorial.SCALED.items()}
    found = verdicts(tutorial.data_rows(scaled, tutorial.SHAPES))
    assert set(found.values()) == {"reproduced"}
    scaled = {name: values + 0.001 for name, values in scaled.items()}
    found = verdicts(tutorial.data_rows(scaled, tutorial.SHAPES | {"windows": 425}))
    assert found["Close, first five scaled"] == found["windows"] == "not reproduced"
    assert found["Volume, first five scaled"] == "cannot be"


def test_epochs_to_a_loss_is_a_mean_over_seeds():
    assert claims.epochs_to(history([[0.1, 0.002, 0.001], [0.1, 0.1, 0.002]]), 0.002) == 1.5
    assert claims.epochs_to(history([[0.1, 0.002], [0.1, 0.1]]), 0.002) == float("inf")


def test_the_fall_is_the_error_on_the_days_that_fell_most(monkeypatch):
    monkeypatch.setattr(claims, "WORST_DAYS", 2)
    table = pd.DataFrame(
        {
            "part": ["train", "test", "test", "test"],
            "y_true": [0.0, 10.0, 5.0, 4.0],
            "persistence": [9.0, 10.0, 10.0, 5.0],  # the test days' changes are 0, -5, -1
            "seed_0": [0.0, 99.0, 8.0, 8.0],
            "seed_1": [0.0, 99.0, 5.0, 4.0],
        }
    )
    assert claims.rmse_of_the_fall(table) == pytest.approx(np.mean([np.sqrt((9 + 16) / 2), 0.0]))
    assert claims.rmse_of_the_fall(table[["part", "y_true", "persistence"]]) == pytest.approx(np.sqrt((25 + 1) / 2))


def series(shift=1, rnn=3.0, lstm=2.0, gru=1.0, loss=0.0366, elsewhere=False, prices=True):
    """Networks whose errors are these on every day; the RNN's first loss is ``loss``."""
    errors = dict(zip(tutorial.SERIES, (rnn, lstm, gru), strict=True))
    truth = np.arange(40.0, 0, -1)
    results = {
        name: {
            "parameters": tutorial.PARAMETERS[name],
            "lag": {"shift": shift},
            "metrics": {"rmse": {"seeds_mean": error}},
        }
        for name, error in errors.items()
    }
    histories = {name: history([[loss, 0.001], [loss, 0.001]]) for name in errors}
    predictions = {
        name: pd.DataFrame(
            {
                "part": "test",
                "y_true": truth,
                "persistence": truth + 2,
                "seed_0": truth + error,
                "seed_1": truth - error,
            }
        )
        for name, error in errors.items()
    }
    if elsewhere:
        rows = claims.claims(results, histories, predictions, claims.Kind("hours", own=False, prices=prices))
        return {row["what"]: row for row in rows}
    return verdicts(tutorial.series_rows(results, histories, predictions))


def test_claims_follow_the_numbers():
    found = series()
    assert found["predictions look shifted to the right, by a step or more"] == "reproduced"
    assert found["the RNN misses the sharp fall"] == "reproduced"
    assert found["the GRU follows the fall and is best"] == "reproduced"
    assert found["the LSTM converges faster than the RNN"] == "not reproduced"  # as fast
    assert found["RNN's loss, epoch 0"] == "reproduced"
    assert found["lstm, parameters"] == "reproduced"
    found = series(shift=0, rnn=1.0, gru=3.0, loss=0.04)
    assert found["predictions look shifted to the right, by a step or more"] == "not reproduced"
    assert found["the RNN misses the sharp fall"] == "not reproduced"
    assert found["the GRU follows the fall and is best"] == "not reproduced"
    assert found["RNN's loss, epoch 0"] == "not reproduced"


def test_on_another_series_its_claims_hold_or_not():
    found = series(elsewhere=True)
    assert {row["verdict"] for row in found.values()} == {"holds here", "does not hold here"}
    faster = found["the LSTM converges faster than the RNN"]
    assert faster["here"] == "epochs to a loss of 0.001: RNN 1, LSTM 1"  # the larger of the final losses
    assert faster["verdict"] == "does not hold here"
    assert "20 hours of the greatest falls" in found["the RNN misses the sharp fall"]["here"]


def test_of_a_series_without_prices_nothing_is_said_of_a_fall():
    found = series(elsewhere=True, prices=False)
    assert not [row for row in found.values() if "fall" in "".join(row.values())]
    assert found["the GRU is the best of the three"]["verdict"] == "holds here"


def test_digits():
    result = {"parameters": 14410, "metrics": {"train_accuracy": {"mean": 0.996}, "test_accuracy": {"mean": 0.96}}}
    found = verdicts(tutorial.digits_rows(result, history([[0.917, 0.97]], "train_accuracy")))
    assert found["MNIST, train accuracy (%), epoch 0"] == "reproduced"
    assert found["MNIST, test accuracy (%) at the end"] == "not reproduced"
    assert "MNIST, train accuracy (%), epoch 50" not in found


def test_markdown():
    rows = [{"what": "a", "tutorial": "1", "here": "2", "verdict": "not reproduced"}]
    assert tutorial.to_markdown(rows).splitlines()[2] == "| a | 1 | 2 | not reproduced |"
