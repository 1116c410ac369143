"""The figures of a model or a baseline over the symbols of a panel.

An error in points says nothing across symbols; errors relative to persistence's and MASE do. Over symbols the median
and the quartiles are given, for single symbols may be far off.

Letters: N days of a symbol's part.
"""

import csv
import io
from collections.abc import Container, Mapping, Sequence
from typing import Any

import numpy as np

from rnnlab.evaluation.evaluation import Days, stock_figures
from rnnlab.evaluation.metrics import UNDEFINED, Array, Figure, mean_and_std

LEVEL = 0.05  # of significance, after the correction for many symbols
FIGURES = ("relative_rmse", "mase", "rmse", "mae", "mape", "directional_accuracy")
Measured = Mapping[str, Any]


def measure(days: Days, y_pred: Mapping[int, Array]) -> dict[str, Any]:
    """Of one symbol the figures by seed, and a Diebold-Mariano test of the seeds' mean loss against persistence's."""
    from rnnlab.evaluation.significance import diebold_mariano  # a second to import

    naive = (days.y_last - days.y_true) ** 2
    losses = np.mean([(forecast - days.y_true) ** 2 for forecast in y_pred.values()], axis=0)
    statistic, p = diebold_mariano(losses, naive, days.horizon)
    by_seed = {}
    for seed, forecast in y_pred.items():
        figures = stock_figures(days, forecast)
        by_seed[seed] = {name: figures[name] for name in FIGURES}
    return {"days": len(days.y_true), "by_seed": by_seed, "statistic": statistic, "p": p}


def summarise(measured: Mapping[str, Measured], horizon: int) -> dict[str, Any]:
    """Over symbols.

    Args:
        measured: symbol -> what ``measure`` made.

    Returns:
        As ``evaluation.evaluate_stock``, but ``metrics`` are means over seeds of the median over symbols, with the
        share of symbols on which persistence is beaten as ``beaten``; and ``over_symbols`` (quartiles of each symbol's
        mean over seeds), ``significant`` (how many symbols are better and worse beyond chance, by each correction)
        and ``by_symbol``. Symbols for which a figure is not defined do not count for it; ``undefined`` says how many
        these are.
    """
    from rnnlab.evaluation.significance import benjamini_hochberg, holm

    seeds = sorted({seed for found in measured.values() for seed in found["by_seed"]})
    by_seed: dict[str, dict[str, Figure]] = {}
    for seed in seeds:
        of_seed = [found["by_seed"][seed] for found in measured.values() if seed in found["by_seed"]]
        by_seed[str(seed)] = {name: _quantiles([each[name] for each in of_seed])[1] for name in FIGURES}
        ratios = [each["relative_rmse"] for each in of_seed if each["relative_rmse"] is not None]
        by_seed[str(seed)]["beaten"] = float(np.mean(np.array(ratios) < 1)) if ratios else None
    names = (*FIGURES, "beaten")
    means = {
        symbol: {name: mean_and_std([each[name] for each in found["by_seed"].values()])["mean"] for name in FIGURES}
        for symbol, found in measured.items()
    }
    p_values = [found["p"] for found in measured.values()]
    corrected = {"benjamini_hochberg": benjamini_hochberg(p_values), "holm": holm(p_values)}
    statistics = [found["statistic"] for found in measured.values()]
    return {
        "symbols": len(measured),
        "days": sum(found["days"] for found in measured.values()),
        "horizon": horizon,
        "seeds": len(seeds),
        "metrics": {name: mean_and_std([by_seed[str(seed)][name] for seed in seeds]) for name in names},
        "by_seed": by_seed,
        "over_symbols": {name: _quantiles([each[name] for each in means.values()]) for name in FIGURES},
        "significant": {
            name: {
                "better": _beyond_chance(statistics, adjusted, -1),
                "worse": _beyond_chance(statistics, adjusted, 1),
            }
            for name, adjusted in corrected.items()
        },
        "undefined": {
            name: f"{missing} of {len(means)} symbols: {UNDEFINED[name]}"
            for name in FIGURES
            if (missing := sum(each[name] is None for each in means.values()))
        },
        "by_symbol": {
            symbol: {"days": found["days"]}
            | {name: _rounded(figure) for name, figure in means[symbol].items()}
            | {
                "dm_statistic": _rounded(found["statistic"]),
                "p": _rounded(found["p"]),
                "p_benjamini_hochberg": _rounded(corrected["benjamini_hochberg"][place]),
                "p_holm": _rounded(corrected["holm"][place]),
            }
            for place, (symbol, found) in enumerate(measured.items())
        },
    }


def to_table(result: Mapping[str, Any]) -> str:
    """CSV, a line a symbol, best first; what ``summarise`` made as ``by_symbol``."""
    lines = sorted(
        result["by_symbol"].items(), key=lambda item: (item[1]["relative_rmse"] is None, item[1]["relative_rmse"])
    )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["symbol", *lines[0][1]])
    writer.writerows([symbol, *figures.values()] for symbol, figures in lines)
    return text.getvalue()


def in_the_middle(naive_mase: Mapping[str, Figure], able: Container[str]) -> str:
    """The symbol that is neither easy nor hard: of those that are ``able``, the one nearest to the median.

    Args:
        naive_mase: by symbol, persistence's MASE: as it is no network's, pictures of several show one symbol.
    """
    _, median, _ = _quantiles(list(naive_mase.values()))

    def distance(symbol: str) -> float:
        figure = naive_mase[symbol]
        return float("inf") if figure is None or median is None else abs(figure - median)

    return min((symbol for symbol in naive_mase if symbol in able), key=distance)


def _quantiles(figures: Sequence[Figure]) -> list[Figure]:
    """The quartiles of those that are defined."""
    known = [figure for figure in figures if figure is not None]
    return [float(value) for value in np.quantile(known, [0.25, 0.5, 0.75])] if known else [None, None, None]


def _beyond_chance(statistics: Sequence[Figure], adjusted: Sequence[Figure], sign: int) -> int:
    pairs = zip(statistics, adjusted, strict=True)
    return sum(s is not None and p is not None and p < LEVEL and sign * s > 0 for s, p in pairs)


def _rounded(figure: Figure) -> Figure:
    """To six digits: there are many of them in a file."""
    return None if figure is None else float(f"{figure:.6g}")
