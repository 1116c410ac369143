"""The figures of a model or a baseline over the symbols of a panel.

Errors in points can't be compared between symbols; errors relative to persistence's and MASE can. Over symbols the
median and the quartiles are given, as a few symbols may have extreme values.
"""

import csv
import io
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

import numpy as np

from rnnlab.core.csv_writer import Table
from rnnlab.core.errors import UserError
from rnnlab.evaluation.metrics import UNDEFINED, Array, Figure, mean_and_std
from rnnlab.evaluation.series_evaluation import Days, Forecaster, days_by_part, evaluate_series, series_figures
from rnnlab.evaluation.significance import benjamini_hochberg, diebold_mariano, holm
from rnnlab.windows.panel import Panel

LEVEL = 0.05  # of significance, after the correction for many symbols
FIGURES = ("relative_rmse", "mase", "rmse", "mae", "mape", "directional_accuracy")
SIDES = {"better": -1, "worse": 1}  # sign of the Diebold-Mariano statistic
Evaluated = Mapping[str, Any]  # what ``evaluate_symbol`` returns


def evaluate_panel(
    name: str, parts: Mapping[str, Panel], forecaster_of: Callable[[int], Forecaster]
) -> tuple[dict[str, Any], list[Table]]:
    """Figures of a model for each symbol with a day in the test part, and over symbols.

    Args:
        name: of the model, for error messages.
        parts: train, validation and test.
        forecaster_of: symbol's number -> its forecaster; it forecasts nothing where no network of the symbol learned.

    Returns:
        What ``summarise_symbols`` returns, with the tested symbols as ``tested``; and the forecasts of one symbol as
        ``evaluate_series`` returns them, with the column symbol: those of all would be a large file.

    Raises:
        UserError: if no network of any tested symbol learned.
    """
    evaluated, naive_mase = dict[str, dict[str, Any]](), dict[str, Figure]()
    for number, symbol in enumerate(parts["test"].symbols):
        windows = {part: parts[part].windows(number) for part in ("train", "test")}
        if len(windows["test"]) == 0:
            continue
        forecaster = forecaster_of(number)
        days = days_by_part(windows, forecaster.scaler, forecaster.column)["test"]
        naive_mase[symbol] = series_figures(days, days.y_last)["mase"]
        if y_pred := forecaster.forecast(windows["test"]):
            evaluated[symbol] = evaluate_symbol(days, y_pred)
    if not evaluated:
        raise UserError(f"{name}: no symbol that has a day in the test part has a network that learned")
    shown = median_symbol(naive_mase, evaluated)
    number = parts["test"].symbols.index(shown)
    _, tables = evaluate_series({part: panel.windows(number) for part, panel in parts.items()}, forecaster_of(number))
    figures = summarise_symbols(evaluated, parts["test"].horizon) | {"tested": list(naive_mase)}
    return figures, [{"symbol": shown, **table} for table in tables]


def evaluate_symbol(days: Days, y_pred: Mapping[int, Array]) -> dict[str, Any]:
    """One symbol's figures by seed, and the Diebold-Mariano test of the mean loss over seeds against persistence's."""
    naive = (days.y_last - days.y_true) ** 2
    losses = np.mean([(forecast - days.y_true) ** 2 for forecast in y_pred.values()], axis=0)
    test = diebold_mariano(losses, naive, days.horizon)
    by_seed = {}
    for seed, forecast in y_pred.items():
        figures = series_figures(days, forecast)
        by_seed[seed] = {name: figures[name] for name in FIGURES}
    return {"days": len(days.y_true), "by_seed": by_seed, "statistic": test.statistic, "p": test.p}


def summarise_symbols(evaluated: Mapping[str, Evaluated], horizon: int) -> dict[str, Any]:
    """Figures over symbols.

    Args:
        evaluated: symbol -> what ``evaluate_symbol`` returns.

    Returns:
        As ``evaluate_forecast``, but ``metrics`` are means over seeds of the median over symbols, with the share of
        symbols on which persistence is beaten as ``beaten``. Also ``over_symbols`` (quartiles of each symbol's mean
        over seeds), ``significant`` (for each correction, on how many symbols the forecasts are significantly better
        and worse than persistence) and ``by_symbol``. A symbol for which a figure is not defined does not count for
        that figure; ``undefined`` gives the number of these symbols.
    """
    seeds = sorted({seed for found in evaluated.values() for seed in found["by_seed"]})
    by_seed = {str(seed): _medians(seed, evaluated) for seed in seeds}
    means = {
        symbol: {name: mean_and_std([each[name] for each in found["by_seed"].values()])["mean"] for name in FIGURES}
        for symbol, found in evaluated.items()
    }
    p_values, statistics = ([found[key] for found in evaluated.values()] for key in ("p", "statistic"))
    corrected = {"benjamini_hochberg": benjamini_hochberg(p_values), "holm": holm(p_values)}
    return {
        "symbols": len(evaluated),
        "days": sum(found["days"] for found in evaluated.values()),
        "horizon": horizon,
        "seeds": len(seeds),
        "metrics": {
            name: mean_and_std([figures[name] for figures in by_seed.values()]) for name in (*FIGURES, "beaten")
        },
        "by_seed": by_seed,
        "over_symbols": {name: _quartiles([each[name] for each in means.values()]) for name in FIGURES},
        "significant": {
            name: {side: _count_significant(statistics, adjusted, sign) for side, sign in SIDES.items()}
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
            | {"dm_statistic": _rounded(found["statistic"]), "p": _rounded(found["p"])}
            | {f"p_{name}": _rounded(adjusted[number]) for name, adjusted in corrected.items()}
            for number, (symbol, found) in enumerate(evaluated.items())
        },
    }


def _medians(seed: int, evaluated: Mapping[str, Evaluated]) -> dict[str, Figure]:
    """One seed's medians over symbols, and the share of symbols on which it beats persistence."""
    figures = [found["by_seed"][seed] for found in evaluated.values() if seed in found["by_seed"]]
    ratios = [each["relative_rmse"] for each in figures if each["relative_rmse"] is not None]
    beaten = float(np.mean(np.array(ratios) < 1)) if ratios else None
    return {name: _quartiles([each[name] for each in figures])[1] for name in FIGURES} | {"beaten": beaten}


def to_table(result: Mapping[str, Any]) -> str:
    """CSV with a line per symbol, best first, of what ``summarise_symbols`` returns as ``by_symbol``."""
    lines = sorted(
        result["by_symbol"].items(), key=lambda item: (item[1]["relative_rmse"] is None, item[1]["relative_rmse"])
    )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["symbol", *lines[0][1]])
    writer.writerows([symbol, *figures.values()] for symbol, figures in lines)
    return text.getvalue()


def median_symbol(naive_mase: Mapping[str, Figure], candidates: Container[str]) -> str:
    """The candidate whose figure is nearest to the median over all symbols: one that is neither easy nor hard.

    Args:
        naive_mase: persistence's MASE by symbol; as it depends on no network, the plots of all models show one symbol.
    """
    _, median, _ = _quartiles(list(naive_mase.values()))

    def distance(symbol: str) -> float:
        figure = naive_mase[symbol]
        return float("inf") if figure is None or median is None else abs(figure - median)

    return min((symbol for symbol in naive_mase if symbol in candidates), key=distance)


def _quartiles(figures: Sequence[Figure]) -> list[Figure]:
    """The quartiles of the figures that are defined."""
    known = [figure for figure in figures if figure is not None]
    return [float(value) for value in np.quantile(known, [0.25, 0.5, 0.75])] if known else [None, None, None]


def _count_significant(statistics: Sequence[Figure], adjusted: Sequence[Figure], sign: int) -> int:
    pairs = zip(statistics, adjusted, strict=True)
    return sum(s is not None and p is not None and p < LEVEL and sign * s > 0 for s, p in pairs)


def _rounded(figure: Figure) -> Figure:
    """Six significant digits, to keep the file small."""
    return None if figure is None else float(f"{figure:.6g}")
