"""What the tutorial says it saw, and whether the figures of a series here say the same."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from rnnlab.core.figures import places, write
from rnnlab.evaluation import metrics

SERIES = ("rnn", "lstm", "gru")
LOSS_REACHED = 0.002  # training loss by which convergence is measured
WORST_DAYS = 20
REPRODUCED, NOT = "reproduced", "not reproduced"
ELSEWHERE = "holds here", "does not hold here"  # of what the tutorial says it saw, on another series
RMSES = (
    "The RMSEs are means over single runs, as the tutorial shows single runs; the leaderboard has the RMSE of the mean "
    "forecast, which is smaller."
)
MEASURED_ELSEWHERE = (
    f"The loss that both networks are to reach is the larger of their two last training losses. {RMSES}"
)
Row = dict[str, str]  # what, tutorial, here, verdict


class Kind(NamedTuple):
    """Attributes:
    words: what a series' steps are called.
    own: whether the series is the tutorial's.
    prices: whether the target is a price; of others what is said of a fall is left out.
    """

    words: str
    own: bool
    prices: bool


def claims(
    results: Mapping[str, Mapping[str, Any]],
    histories: Mapping[str, pd.DataFrame],
    predictions: Mapping[str, pd.DataFrame],
    kind: Kind,
) -> list[Row]:
    """What the tutorial says it saw, of the three networks by their names in SERIES; of its own series, else
    convergence is measured by the larger of the two final losses, means over seeds.
    """
    shift = {name: results[name]["lag"]["shift"] for name in SERIES}
    curves = {name: histories[name] for name in ("rnn", "lstm")}
    if not kind.own:
        means = {name: history.groupby("epoch")["train_loss"].mean() for name, history in curves.items()}
        curves = {name: mean.reset_index().assign(seed=0) for name, mean in means.items()}
    loss = LOSS_REACHED if kind.own else max(curve["train_loss"].iloc[-1] for curve in curves.values())
    epochs = {name: epochs_to(curve, loss) for name, curve in curves.items()}
    rmse = {name: results[name]["metrics"]["rmse"]["seeds_mean"] for name in SERIES}  # as single runs are
    seen = [
        (
            "predictions look shifted to the right, by a step or more",
            "fit best when moved back by "
            + ", ".join(f"{name.upper()} {shift[name]}" for name in SERIES)
            + f" {kind.words}",
            all(steps is not None and steps >= 1 for steps in shift.values()),
        ),
        (
            "the LSTM converges faster than the RNN",
            f"epochs to a loss of {loss:.2g}: " + ", ".join(f"{name.upper()} {n:.0f}" for name, n in epochs.items()),
            epochs["lstm"] < epochs["rnn"],
        ),
    ]
    seen += _of_the_fall(predictions, rmse, kind.words) if kind.prices else [_the_best(rmse)]
    right, wrong = (REPRODUCED, NOT) if kind.own else ELSEWHERE
    return [make_row(what, "seen", here, right if holds else wrong) for what, here, holds in seen]


def _of_the_fall(
    predictions: Mapping[str, pd.DataFrame], rmse: Mapping[str, float], words: str
) -> list[tuple[str, str, bool]]:
    fall = {name: rmse_of_the_fall(predictions[name]) for name in SERIES}
    naive = rmse_of_the_fall(predictions["rnn"][["part", "y_true", "persistence"]])
    decimals = places([*fall.values(), *rmse.values(), naive], 3)
    fallen = f"RMSE on the {WORST_DAYS} {words} of the greatest falls: "
    rnn = f"{fallen}RNN {write(fall['rnn'], decimals)}, persistence {write(naive, decimals)}"
    everywhere = f"{fallen}{_each(fall, decimals)}; on all of the test part: {_each(rmse, decimals)}"
    best = min(fall, key=lambda name: fall[name]) == min(rmse, key=lambda name: rmse[name]) == "gru"
    return [
        ("the RNN misses the sharp fall", rnn, fall["rnn"] > naive),
        ("the GRU follows the fall and is best", everywhere, best),
    ]


def _the_best(rmse: Mapping[str, float]) -> tuple[str, str, bool]:
    here = f"RMSE on the test part: {_each(rmse, places(rmse.values(), 3))}"
    return "the GRU is the best of the three", here, min(rmse, key=lambda name: rmse[name]) == "gru"


def epochs_to(history: pd.DataFrame, loss: float) -> float:
    """Mean over seeds of the first epoch with a training loss of at most ``loss``; infinite if a seed has none."""
    reached = history[history["train_loss"] <= loss].groupby("seed")["epoch"].min()
    return float(reached.mean()) if len(reached) == history["seed"].nunique() else float("inf")


def rmse_of_the_fall(predictions: pd.DataFrame) -> float:
    """RMSE on the test days that fell the most below the day before: the mean over seeds, or persistence's own."""
    test = predictions[predictions["part"] == "test"]
    worst = test.loc[(test["y_true"] - test["persistence"]).nsmallest(WORST_DAYS).index]
    forecasts = worst.filter(regex=r"^seed_\d+$")
    if forecasts.empty:
        forecasts = worst[["persistence"]]
    truth = worst["y_true"].to_numpy()
    return float(np.mean([metrics.rmse(truth, forecasts[name].to_numpy()) for name in forecasts]))


def make_row(what: str, tutorial: str, here: str, verdict: str) -> Row:
    return {"what": what, "tutorial": tutorial, "here": here, "verdict": verdict}


def _each(by_name: Mapping[str, float], decimals: int) -> str:
    return ", ".join(f"{name.upper()} {write(value, decimals)}" for name, value in by_name.items())
