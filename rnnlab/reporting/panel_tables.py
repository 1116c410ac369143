"""The tables of the report, of results of a panel."""

from collections.abc import Mapping, Sequence
from typing import Any

from rnnlab.core.figures import places, write, write_p
from rnnlab.reporting.page import Table

QUARTILES = ("lower quartile", "median", "upper quartile")
SHOWN_AT_EACH_END = 10  # of the symbols in order of their errors
MAX_LEFT_OUT = 100  # symbols in the table of those that were left out
Results = Mapping[str, Mapping[str, Any]]  # name -> what ``summarise_symbols`` returns


def over_symbols(results: Results, order: Sequence[str], baselines: Sequence[str]) -> Table:
    rows = []
    for name in order:
        found = results[name]["over_symbols"]
        rows.append([name, *(write(value, 3) for key in ("relative_rmse", "mase") for value in found[key])])
    headings = ["model", *(f"{figure}: {which}" for figure in ("RMSE ÷ persistence", "MASE") for which in QUARTILES)]
    return Table(
        "Quartiles over symbols, of each symbol's mean over seeds (above: means of each seed's median)",
        headings,
        rows,
        frozenset(baselines),
    )


def best_and_worst(result: Mapping[str, Any], name: str) -> Table:
    """The symbols with the smallest and the largest errors."""
    known = {s: each for s, each in result["by_symbol"].items() if each["relative_rmse"] is not None}
    ranked = sorted(known, key=lambda symbol: float(known[symbol]["relative_rmse"]))
    shown = (
        ranked if len(ranked) <= 2 * SHOWN_AT_EACH_END else [*ranked[:SHOWN_AT_EACH_END], *ranked[-SHOWN_AT_EACH_END:]]
    )
    decimals = places([known[symbol]["rmse"] for symbol in shown], 4)
    rows = [
        [
            symbol,
            str(known[symbol]["days"]),
            write(known[symbol]["relative_rmse"], 3),
            write(known[symbol]["mase"], 3),
            write(known[symbol]["rmse"], decimals),
            write_p(known[symbol]["p_benjamini_hochberg"]),
            write_p(known[symbol]["p_holm"]),
        ]
        for symbol in shown
    ]
    which = (
        "All symbols"
        if len(ranked) <= 2 * SHOWN_AT_EACH_END
        else f"The {SHOWN_AT_EACH_END} symbols with the smallest errors, and the {SHOWN_AT_EACH_END} with the largest"
    )
    headings = ["symbol", "steps", "RMSE ÷ persistence", "MASE", "RMSE", "p (B.-H.)", "p (Holm)"]
    return Table(f"{which}, of {name}; p-values of Diebold-Mariano tests against persistence", headings, rows)


def against_persistence(comparison: Mapping[str, Any], baselines: Sequence[str]) -> Table:
    rows = []
    for name, found in comparison["against_persistence"].items():
        counts = [
            found["significant"][how][side] for how in ("benjamini_hochberg", "holm") for side in ("better", "worse")
        ]
        rows.append([name, f"{found['beaten']} of {found['symbols']}", *map(str, counts)])
    headings = ["model", "symbols it beats", "better (B.-H.)", "worse (B.-H.)", "better (Holm)", "worse (Holm)"]
    caption = (
        "Against persistence, symbol by symbol (of each its seeds' mean error and mean loss): Diebold-Mariano tests "
        "at 5 %, corrected for the number of symbols by "
        "Benjamini and Hochberg (of those found, at most 5 % are expected to be false, if the tests are independent or "
        "depend positively) and by Holm (a chance of at most 5 % that any is false)"
    )
    return Table(caption, headings, rows, frozenset(baselines))


def signed_ranks(comparison: Mapping[str, Any]) -> Table:
    rows = [
        [f"{pair['a']} − {pair['b']}", str(pair["symbols"]), write(pair["median"], 4), write_p(pair["p_holm"])]
        for pair in comparison["between"]
    ]
    caption = (
        "The networks against each other: Wilcoxon's signed-rank test over symbols of RMSE ÷ persistence's. Symbols "
        "move together, and are fewer than they look: take the p-values for too small"
    )
    return Table(caption, ["pair", "symbols", "median difference", "p (Holm)"], rows)


def panel_backtest(results: Mapping[str, Any]) -> Table:
    rows = [
        [
            name,
            f"{fold['first']} to {fold['last']}",
            *(write(value, 3) for value in fold["relative_rmse"]),
            f"{fold['beaten']} of {fold['symbols']}"
            + (f" ({fold['without_network']} without a network)" if fold["without_network"] else ""),
        ]
        for name, found in results.items()
        for fold in found["folds"]
    ]
    caption = (
        "RMSE ÷ persistence's, fold by fold: quartiles over symbols, and on how many of them persistence is beaten; "
        "each symbol is scaled and trained on the fold's past, unless refit is off"
    )
    return Table(caption, ["model", "fold", *QUARTILES, "symbols it beats"], rows)


def left_out(reasons: Mapping[str, str]) -> Table:
    shown = list(reasons.items())[:MAX_LEFT_OUT]
    more = f"; the first {MAX_LEFT_OUT} of {len(reasons)}" if len(reasons) > MAX_LEFT_OUT else ""
    caption = f"Symbols that could not be trained on, or not be tested, and why{more}"
    return Table(caption, ["symbol", "why"], [list(item) for item in shown], prose=True)
