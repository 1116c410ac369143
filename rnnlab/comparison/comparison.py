"""Every network against every simple rule and against each other, on the same steps or images."""

import itertools
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from rnnlab.evaluation.metrics import Array, Figure, mean_and_std
from rnnlab.evaluation.significance import diebold_mariano, holm, intersection_union, mcnemar

Errors = Mapping[str, Array]  # by name


def judge(
    networks: Errors, by_seed: Errors, rules: Errors, left_out: Mapping[str, str], horizon: int
) -> dict[str, Any]:
    """What can be claimed of networks beside simple rules, from their errors on the same n steps.

    Args:
        networks: of each network the errors of its mean forecast, (n,).
        by_seed: of each network the errors of its seeds, (n, K).
        rules: (n,), persistence among them.
        left_out: why other rules are not among these.

    Returns:
        ``rmse`` of all; for each network ``against`` each rule a test of squared errors; ``networks``, the claim that
        it beats every rule: the rule that is hardest, the intersection-union p-value, and as Holm corrects it for the
        number of networks; and two-sided tests ``against_persistence`` and ``between`` networks, each Holm-corrected
        as a family.
    """
    losses = {name: errors**2 for name, errors in {**networks, **rules}.items()}
    against = {
        name: {rule: diebold_mariano(losses[name], losses[rule], horizon) for rule in rules} for name in networks
    }
    size = {rule: float(losses[rule].mean()) for rule in rules}
    claims = {
        name: _claim({rule: test.p_better for rule, test in tests.items()}, size) for name, tests in against.items()
    }
    naive = losses["persistence"]
    others = [name for name in losses if name != "persistence"]
    to_naive = {name: asdict(diebold_mariano(losses[name], naive, horizon)) for name in others}
    for name, errors in by_seed.items():
        better = np.mean(errors**2, axis=0) < naive.mean()
        to_naive[name] |= {"seeds": len(better), "seeds_better": int(better.sum())}
    between = [
        {"a": a, "b": b} | asdict(diebold_mariano(losses[a], losses[b], horizon))
        for a, b in itertools.combinations(networks, 2)
    ]
    for family in (list(claims.values()), list(to_naive.values()), between):
        for entry, p in zip(family, holm([entry["p"] for entry in family]), strict=True):
            entry["p_holm"] = p
    return {
        "steps": len(naive),
        "horizon": horizon,
        "rmse": {name: float(np.sqrt(loss.mean())) for name, loss in losses.items()},
        "networks": claims,
        "against": {
            name: {rule: {"p": test.p_better, "acf1": test.acf1} for rule, test in tests.items()}
            for name, tests in against.items()
        },
        "against_persistence": to_naive,
        "between": between,
        "left_out": dict(left_out),
    }


def _claim(p_values: Mapping[str, Figure], size: Mapping[str, float]) -> dict[str, Any]:
    """That a network beats every rule.

    The hardest has the largest p-value; of several that are alike to three decimals, which are shown, or where there is
    no test, the one with the smallest loss.
    """
    hardest = max(p_values, key=lambda rule: (1.0 if (p := p_values[rule]) is None else round(p, 3), -size[rule]))
    return {"hardest": hardest, "p": intersection_union(list(p_values.values()))}


def compare_series(
    predictions: Mapping[str, pd.DataFrame], rules: pd.DataFrame, left_out: Mapping[str, str], horizon: int
) -> dict[str, Any]:
    """``judge`` on the test part.

    Args:
        predictions: of each network, columns part, y_true, y_pred (mean over seeds) and seed_K.
        rules: columns date, part, y_true, persistence and other simple rules, empty where one was left out.
    """
    test = rules[rules["part"] == "test"].dropna(axis="columns")
    truth = test["y_true"].to_numpy()
    tested = {name: table[table["part"] == "test"] for name, table in predictions.items()}
    networks = {name: table["y_pred"].to_numpy() - truth for name, table in tested.items()}
    return judge(
        networks, {name: _by_seed(table, truth) for name, table in tested.items()}, _rules(test), left_out, horizon
    )


def compare_backtest(
    forecasts: Mapping[str, pd.DataFrame], rules: pd.DataFrame, left_out: Mapping[str, str], horizon: int
) -> dict[str, Any]:
    """The errors of each fold, and ``judge`` on the steps of all folds together.

    Args:
        forecasts: of each network, columns fold, date, y_true and seed_K.
        rules: as of ``compare_series``; of part fold_N the rows that fold N of the networks has.

    Returns:
        ``folds``, when and how many steps; ``rmse`` by name, of each fold: of a network's mean forecast, with the
        standard deviation of its seeds' own; and ``judged``.
    """
    walked = rules[rules["part"].str.startswith("fold_")]
    missing = walked.columns[walked.isna().any()]
    walked = walked.drop(columns=missing)
    truth, folds = walked["y_true"].to_numpy(), walked["part"].to_numpy()
    by_seed = {name: _by_seed(table, truth) for name, table in forecasts.items()}
    networks = {name: errors.mean(axis=1) for name, errors in by_seed.items()}
    simple = _rules(walked)
    names = list(dict.fromkeys(folds))
    dates = {fold: walked["date"][folds == fold].astype(str).str[:10].tolist() for fold in names}
    rmse = {
        name: [_of_fold(errors[folds == fold], by_seed.get(name, errors[:, None])[folds == fold]) for fold in names]
        for name, errors in {**networks, **simple}.items()
    }
    return {
        "folds": [{"first": days[0], "last": days[-1], "steps": len(days)} for days in dates.values()],
        "rmse": rmse,
        "judged": judge(networks, by_seed, simple, left_out, horizon),
    }


def _of_fold(errors: Array, by_seed: Array) -> dict[str, float | None]:
    spread = mean_and_std(np.sqrt(np.mean(by_seed**2, axis=0)).tolist())["std"]
    return {"mean": float(np.sqrt(np.mean(errors**2))), "std": spread}


def _rules(rows: pd.DataFrame) -> dict[str, Array]:
    simple = rows.drop(columns=["date", "part", "y_true"])
    return {str(name): (column - rows["y_true"]).to_numpy() for name, column in simple.items()}


def _by_seed(rows: pd.DataFrame, truth: Array) -> Array:
    """Errors (N, K)."""
    errors: Array = rows.filter(regex=r"^seed_\d+$").to_numpy() - truth[:, None]
    return errors


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
