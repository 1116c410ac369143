"""The networks of a panel against each other and, as its baselines, against persistence, over its symbols."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from rnnlab.evaluation.significance import holm, wilcoxon

Results = Mapping[str, Mapping[str, Any]]  # by name, what ``summarise_symbols`` returns


def compare_panel(results: Results, networks: Sequence[str]) -> dict[str, Any]:
    """Of each entry on how many symbols it beats persistence; and tests of each pair of networks over the symbols.

    Symbols on which persistence makes no error do not count. A symbol's error is its mean over seeds.

    The pairs' test is Wilcoxon's signed-rank test of the errors relative to persistence's, a pair a symbol (Demsar
    2006), Holm-corrected. It takes symbols for independent, which those that trade on the same days are not: its
    p-values are too small rather than too large.
    """
    against = {
        name: {
            "symbols": len(known),
            "beaten": sum(ratio < 1 for ratio in known),
            "metrics": {key: result["metrics"][key]["mean"] for key in ("relative_rmse", "beaten")},
            "seeds": result["seeds"],
            "significant": result["significant"],
        }
        for name, result in results.items()
        for ratios in [[each["relative_rmse"] for each in result["by_symbol"].values()]]
        for known in [[ratio for ratio in ratios if ratio is not None]]
    }
    between: list[dict[str, Any]] = []
    for a, b in itertools.combinations(networks, 2):
        shared = [s for s in results[a]["by_symbol"] if s in results[b]["by_symbol"]]
        errors = [[results[name]["by_symbol"][s]["relative_rmse"] for s in shared] for name in (a, b)]
        differences = np.array([x - y for x, y in zip(*errors, strict=True) if x is not None and y is not None])
        statistic, p = wilcoxon(differences)
        median = float(np.median(differences)) if len(differences) else None
        between.append({"a": a, "b": b, "symbols": len(differences), "median": median, "statistic": statistic, "p": p})
    for pair, p in zip(between, holm([pair["p"] for pair in between]), strict=True):
        pair["p_holm"] = p
    first = results[networks[0]]
    return {"days": first["days"], "horizon": first["horizon"], "against_persistence": against, "between": between}


def summarise_panel_backtest(table: pd.DataFrame) -> dict[str, Any]:
    """Of each fold the quartiles over symbols of the errors relative to persistence's, and on how many it is beaten.

    ``without_network`` counts the symbols that could not be trained on, or of which no seed learned.

    Args:
        table: a row a fold and symbol, what ``panel_backtest.run_task`` made.
    """
    folds = []
    for _, rows in table.groupby("fold"):
        rmse = np.sqrt(rows.filter(regex=r"^mse_\d+$")).mean(axis=1)  # over the seeds that learned
        ratios = (rmse / np.sqrt(rows["naive_mse"].where(rows["naive_mse"] > 0))).dropna()
        folds.append(
            {
                "first": str(rows["first"].min()),
                "last": str(rows["last"].max()),
                "symbols": len(rows),
                "without_network": int(rmse.isna().sum()),
                "days": int(rows["days"].sum()),
                "relative_rmse": ratios.quantile([0.25, 0.5, 0.75]).tolist() if len(ratios) else [None] * 3,
                "beaten": int((ratios < 1).sum()),
            }
        )
    return {"folds": folds}
