"""Every network against persistence and against each other, on the same days or images."""

import itertools
from collections.abc import Mapping
from typing import Any

import pandas as pd

from rnnlab.evaluation.metrics import Array, mean_and_std
from rnnlab.evaluation.series_evaluation import Days, series_figures
from rnnlab.evaluation.significance import diebold_mariano, holm, mcnemar


def compare_series(predictions: Mapping[str, pd.DataFrame], baselines: pd.DataFrame, horizon: int) -> dict[str, Any]:
    """Diebold-Mariano tests of squared errors on the test part, Holm-corrected in two families.

    A network's loss on a day is the mean of its seeds' squared errors: seeds are no further days.

    Args:
        predictions: of each network, columns part, y_true and seed_K.
        baselines: columns part, y_true, persistence and the other baselines.
    """
    test = baselines[baselines["part"] == "test"]
    truth = test["y_true"].to_numpy()
    rivals = test.drop(columns=["date", "part", "y_true"])
    by_seed = {name: _by_seed(table, truth) for name, table in predictions.items()}
    losses = {name: errors.mean(axis=1) for name, errors in by_seed.items()}
    simple = {name: (rivals[name].to_numpy() - truth) ** 2 for name in rivals}
    naive = simple.pop("persistence")

    against = {name: _test(loss, naive, horizon) for name, loss in (losses | simple).items()}
    for name, errors in by_seed.items():
        better = errors.mean(axis=0) < naive.mean()
        against[name] |= {"seeds": len(better), "seeds_better": int(better.sum())}
    between = [{"a": a, "b": b} | _test(losses[a], losses[b], horizon) for a, b in itertools.combinations(losses, 2)]
    for family in (list(against.values()), between):
        for entry, p in zip(family, holm([entry["p"] for entry in family]), strict=True):
            entry["p_holm"] = p
    return {"days": len(truth), "horizon": horizon, "against_persistence": against, "between": between}


def compare_digits(predictions: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """McNemar's test of each pair of networks, of their first seeds.

    Args:
        predictions: of each network, columns image, seed, y_true and y_pred.
    """
    first = {name: table[table["seed"] == table["seed"].min()] for name, table in predictions.items()}
    pairs = []
    for a, b in itertools.combinations(first, 2):
        truth = first[a]["y_true"].to_numpy()
        only_a, only_b, p = mcnemar(truth, first[a]["y_pred"].to_numpy(), first[b]["y_pred"].to_numpy())
        pairs.append({"a": a, "b": b, "only_a": only_a, "only_b": only_b, "p": p})
    return pairs


def summarise_backtest(table: pd.DataFrame, horizon: int) -> dict[str, Any]:
    """Figures of each fold, as a mean over its seeds, beside persistence's; and their means over folds.

    Args:
        table: what ``backtest.to_tables`` made.
    """
    folds: list[dict[str, Any]] = []
    for _, rows in table.groupby("fold"):
        y_true, y_last = rows["y_true"].to_numpy(), rows["y_last"].to_numpy()
        days = Days(y_true, y_last, horizon, float(rows["naive_mae"].iloc[0]))
        figures = [series_figures(days, rows[seed].to_numpy()) for seed in rows.filter(regex=r"^seed_\d+$")]
        folds.append(
            {
                "first": str(rows["date"].iloc[0])[:10],
                "last": str(rows["date"].iloc[-1])[:10],
                "days": len(rows),
                "metrics": {name: mean_and_std([each[name] for each in figures]) for name in figures[0]},
                "persistence": series_figures(days, y_last),
            }
        )
    names = folds[0]["persistence"]
    return {
        "folds": folds,
        "metrics": {name: mean_and_std([fold["metrics"][name]["mean"] for fold in folds]) for name in names},
        "persistence": {name: mean_and_std([fold["persistence"][name] for fold in folds]) for name in names},
        "folds_better": sum(fold["metrics"]["rmse"]["mean"] < fold["persistence"]["rmse"] for fold in folds),
    }


def _by_seed(predictions: pd.DataFrame, truth: Array) -> Array:
    """Squared errors on the test part, (N, K)."""
    test = predictions[predictions["part"] == "test"].filter(regex=r"^seed_\d+$").to_numpy()
    errors: Array = (test - truth[:, None]) ** 2
    return errors


def _test(loss_a: Array, loss_b: Array, horizon: int) -> dict[str, Any]:
    statistic, p = diebold_mariano(loss_a, loss_b, horizon)
    return {"difference": float((loss_a - loss_b).mean()), "statistic": statistic, "p": p}
