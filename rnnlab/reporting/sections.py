"""What the report says: results as tables and sentences, in the order in which a person wants them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rnnlab.comparison.leaderboard import COLUMNS, Board, dashes, to_rows
from rnnlab.evaluation.metrics import mean_and_std
from rnnlab.reporting.page import Table

QUARTILES = ("lower quartile", "median", "upper quartile")
ENDS = 10  # symbols at each end
LISTED = 100  # symbols that were left out
Results = Mapping[str, Mapping[str, Any]]  # by name, what ``evaluation`` made

FORMULAS = (
    "RMSE is the root of the mean squared error, MAE the mean absolute error, in points (the price's unit). MASE is "
    "MAE divided by the MAE of tomorrow = today within the training part (Hyndman and Koehler 2006). MAPE is the mean "
    "of |error| / |price|; sMAPE (in metrics/test) that of 200 |y − f| / (|y| + |f|). R² is 1 − squared error / "
    "variance. Direction is the share of days whose rise or fall was foreseen, of those that moved."
)


def leaderboard(track: str, board: Board, baselines: Sequence[str]) -> Table:
    headings, *rows = to_rows(track, board[track])
    caption = "Best first; mean ± standard deviation over seeds. Baselines are in italics."
    caption = " ".join([caption, *dashes(track, board[track])])
    return Table(caption, ["model", *headings[1:]], rows, frozenset(baselines))


def over_symbols(results: Results, order: Sequence[str], baselines: Sequence[str]) -> Table:
    rows = []
    for name in order:
        found = results[name]["over_symbols"]
        rows.append([name, *(_number(value, 3) for key in ("relative_rmse", "mase") for value in found[key])])
    headings = ["model", *(f"{figure}: {which}" for figure in ("RMSE ÷ persistence", "MASE") for which in QUARTILES)]
    return Table(
        "Quartiles over symbols, of each symbol's mean over seeds (above: means of each seed's median)",
        headings,
        rows,
        frozenset(baselines),
    )


def ends(result: Mapping[str, Any], name: str) -> Table:
    """The symbols with the smallest and the largest errors."""
    known = {s: each for s, each in result["by_symbol"].items() if each["relative_rmse"] is not None}
    ranked = sorted(known, key=lambda symbol: float(known[symbol]["relative_rmse"]))
    shown = ranked if len(ranked) <= 2 * ENDS else [*ranked[:ENDS], *ranked[-ENDS:]]
    rows = [
        [
            symbol,
            str(known[symbol]["days"]),
            _number(known[symbol]["relative_rmse"], 3),
            _number(known[symbol]["mase"], 3),
            _number(known[symbol]["rmse"], 4),
            _p(known[symbol]["p_benjamini_hochberg"]),
            _p(known[symbol]["p_holm"]),
        ]
        for symbol in shown
    ]
    which = (
        "All symbols"
        if len(ranked) <= 2 * ENDS
        else f"The {ENDS} symbols with the smallest errors, and the {ENDS} with the largest"
    )
    headings = ["symbol", "days", "RMSE ÷ persistence", "MASE", "RMSE (points)", "p (B.-H.)", "p (Holm)"]
    return Table(f"{which}, of {name}; p-values of Diebold-Mariano tests against persistence", headings, rows)


def against(comparison: Mapping[str, Any], baselines: Sequence[str]) -> Table:
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
        [f"{pair['a']} − {pair['b']}", str(pair["symbols"]), _number(pair["median"], 4), _p(pair["p_holm"])]
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
            *(_number(value, 3) for value in fold["relative_rmse"]),
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
    shown = list(reasons.items())[:LISTED]
    more = f"; the first {LISTED} of {len(reasons)}" if len(reasons) > LISTED else ""
    caption = f"Symbols that could not be trained on, or not be tested, and why{more}"
    return Table(caption, ["symbol", "why"], [list(item) for item in shown], prose=True)


def majority(result: Mapping[str, Any]) -> str:
    """What a share of foreseen directions is to be held against."""
    share = result["majority_direction"]
    return (
        ""
        if share is None
        else f"Who always names the commoner direction is right on {100 * share:.1f} % of the days. "
    )


def lag(results: Results, order: Sequence[str], baselines: Sequence[str]) -> Table:
    """The illusion as a number."""
    rows = []
    for name in order:
        found = results[name]["lag"]
        rows.append(
            [
                name,
                "–" if found["shift"] is None else str(found["shift"]),
                _number(found["rmse_by_shift"][0] if found["rmse_by_shift"] else None, 2),
                _number(min(found["rmse_by_shift"], default=None), 2),
                _number(found["correlation_with_last"], 4),
                _number(found["correlation_with_target"], 4),
            ]
        )
    headings = ["model", "late by (days)", "RMSE as it is", "RMSE moved back", "r with last price", "r with target"]
    caption = (
        "By how many days a forecast must be moved back to fit best, its error then, and its correlation r with the "
        "last price that it knew and with the price that it forecasts"
    )
    return Table(caption, headings, rows, frozenset(baselines))


def differences(comparison: Mapping[str, Any], baselines: Sequence[str]) -> Table:
    rows = []
    for name, test in sorted(comparison["against_persistence"].items(), key=lambda item: item[1]["difference"]):
        seeds = f"{test['seeds_better']} of {test['seeds']}" if "seeds" in test else "–"
        rows.append([name, _number(test["difference"], 1), _number(test["statistic"], 2), _p(test["p_holm"]), seeds])
    headings = ["model", "squared error − persistence's", "Diebold-Mariano", "p (Holm)", "seeds that are better"]
    caption = (
        f"Against persistence on {comparison['days']} days: the mean difference of squared errors (below 0 is better), "
        "the Diebold-Mariano statistic as Harvey, Leybourne and Newbold correct it, its p-value as Holm corrects it"
    )
    return Table(caption, headings, rows, frozenset(baselines))


def pairs(comparison: Mapping[str, Any]) -> Table:
    rows = [
        [
            f"{pair['a']} − {pair['b']}",
            _number(pair["difference"], 1),
            _number(pair["statistic"], 2),
            _p(pair["p_holm"]),
        ]
        for pair in comparison["between"]
    ]
    return Table("The networks against each other, likewise", ["pair", "difference", "statistic", "p (Holm)"], rows)


def intervals(results: Results, order: Sequence[str], baselines: Sequence[str]) -> Table:
    rows = []
    for name in order:
        cells = [name]
        for level in ("80", "95"):
            found = results[name]["intervals"][level]
            share = None if found["coverage"] is None else 100 * found["coverage"]
            cells += [_number(share, 1), _number(found["width"], 1), _number(found["score"], 1)]
        rows.append(cells)
    headings = ["model"] + [
        f"{level} %: {what}" for level in ("80", "95") for what in ("covered (%)", "width", "score")
    ]
    caption = (
        "Rolling conformal intervals of the mean forecast, calibrated on the last known errors, 100 at most: how many "
        "days they covered, their mean width in points, and the interval score (smaller is better). The first days "
        "have none: an 80 % interval needs 4 known errors, one of 95 % needs 19"
    )
    return Table(caption, headings, rows, frozenset(baselines))


def backtest(results: Mapping[str, Any]) -> Table:
    first = next(iter(results.values()))["folds"]
    headings = ["model", *(f"{fold['first']} to {fold['last']}" for fold in first), "mean", "folds better"]
    naive = [_number(fold["persistence"]["rmse"], 2) for fold in first]
    mean = next(iter(results.values()))["persistence"]["rmse"]
    rows = [["persistence", *naive, _spread(mean, 2), "–"]]
    for name, found in results.items():
        cells = [_spread(fold["metrics"]["rmse"], 2) for fold in found["folds"]]
        better = f"{found['folds_better']} of {len(found['folds'])}"
        rows.append([name, *cells, _spread(found["metrics"]["rmse"], 2), better])
    caption = (
        "RMSE (points) of walking forward: trained and scaled on the past (each fold's own, unless refit is off), mean "
        "± standard deviation over seeds; the last mean is over folds"
    )
    return Table(caption, headings, rows, frozenset({"persistence"}))


def backtest_means(results: Mapping[str, Any]) -> Table:
    columns = {key: column for key, column in COLUMNS["stock"].items() if key != "scaled_mse"}
    entries = {"persistence": next(iter(results.values()))["persistence"]}
    entries |= {name: found["metrics"] for name, found in results.items()}
    rows = []
    for name, figures in entries.items():
        cells = [name]
        for key, (_, factor, places) in columns.items():
            scaled = {kind: None if value is None else factor * value for kind, value in figures[key].items()}
            cells.append(_spread(scaled, places))
        rows.append(cells)
    headings = ["model", *(heading for heading, _, _ in columns.values())]
    return Table("All figures, mean ± standard deviation over folds", headings, rows, frozenset({"persistence"}))


def digits(networks: Results, comparison: Sequence[Mapping[str, Any]]) -> list[Table]:
    rows = []
    for name, result in networks.items():
        low, high = (100 * bound for bound in result["wilson_95"])
        rows.append([name, f"{low:.2f} to {high:.2f}"])
    caption = "Wilson's 95 % interval of the first seed's accuracy on images that it never saw"
    tables = [Table(caption, ["model", "test accuracy (%)"], rows)]
    if comparison:
        cells = [
            [f"{pair['a']} / {pair['b']}", str(pair["only_a"]), str(pair["only_b"]), _p(pair["p"])]
            for pair in comparison
        ]
        headings = ["pair", "only the first right", "only the second right", "p"]
        tables.append(Table("McNemar's exact test of the first seeds", headings, cells))
    return tables


def memory(found: Mapping[str, Any]) -> Table:
    lengths = list(next(iter(found["errors"].values())))
    rows = [["always says 1", *[_number(found["baseline"], 4)] * len(lengths)]]
    for cell, by_length in found["errors"].items():
        rows.append([cell, *(_spread(mean_and_std(by_seed), 4) for by_seed in by_length.values())])
    headings = ["cell", *(f"{length} steps" for length in lengths)]
    caption = "Mean squared error on sequences that it never saw, mean ± standard deviation over seeds"
    return Table(caption, headings, rows, frozenset({"always says 1"}))


def parity(rows: Sequence[Mapping[str, str]]) -> Table:
    headings = ["what", "the tutorial", "here", "verdict"]
    return Table("The tutorial's figures and what it says it saw", headings, [list(row.values()) for row in rows])


def settings(flat: Mapping[str, Any]) -> Table:
    rows = [[name, json.dumps(value)] for name, value in flat.items()]
    return Table("params.yaml", ["parameter", "value"], rows, prose=True)


def _number(value: float | None, places: int) -> str:
    return "–" if value is None else f"{value:.{places}f}"


def _spread(figure: Mapping[str, float | None], places: int) -> str:
    std = figure["std"]
    return _number(figure["mean"], places) + ("" if std is None else f" ± {std:.{places}f}")


def _p(p: float | None) -> str:
    return "–" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"
