"""The tables of the report, of results of a single price series, of the digits and of memory."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rnnlab.comparison.leaderboard import COLUMNS, Board, dashes, to_rows
from rnnlab.evaluation.metrics import mean_and_std
from rnnlab.reporting.formatting import format_mean, number, p_value
from rnnlab.reporting.page import Table

Results = Mapping[str, Mapping[str, Any]]  # name -> what ``evaluation`` returns

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


def majority_sentence(result: Mapping[str, Any]) -> str:
    """A sentence: the share of right directions that no knowledge is needed for."""
    share = result["majority_direction"]
    return (
        ""
        if share is None
        else f"Who always names the commoner direction is right on {100 * share:.1f} % of the days. "
    )


def lag(results: Results, order: Sequence[str], baselines: Sequence[str]) -> Table:
    """By how many days the forecasts are late, which makes their curves look good."""
    rows = []
    for name in order:
        found = results[name]["lag"]
        rows.append(
            [
                name,
                "–" if found["shift"] is None else str(found["shift"]),
                number(found["rmse_by_shift"][0] if found["rmse_by_shift"] else None, 2),
                number(min(found["rmse_by_shift"], default=None), 2),
                number(found["correlation_with_last"], 4),
                number(found["correlation_with_target"], 4),
            ]
        )
    headings = ["model", "late by (days)", "RMSE as it is", "RMSE moved back", "r with last price", "r with target"]
    caption = (
        "Of the mean of the seeds' forecasts: by how many days it must be moved back to fit best, its error as it is "
        "and moved back (both without the first few days, which have no price to be moved to), and its correlation r "
        "with the last price that it knew and with the price that it forecasts"
    )
    return Table(caption, headings, rows, frozenset(baselines))


def differences(comparison: Mapping[str, Any], baselines: Sequence[str]) -> Table:
    rows = []
    for name, test in sorted(comparison["against_persistence"].items(), key=lambda item: item[1]["difference"]):
        seeds = f"{test['seeds_better']} of {test['seeds']}" if "seeds" in test else "–"
        rows.append([name, number(test["difference"], 1), number(test["statistic"], 2), p_value(test["p_holm"]), seeds])
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
            number(pair["difference"], 1),
            number(pair["statistic"], 2),
            p_value(pair["p_holm"]),
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
            cells += [number(share, 1), number(found["width"], 1), number(found["score"], 1)]
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
    naive = [number(fold["persistence"]["rmse"], 2) for fold in first]
    mean = next(iter(results.values()))["persistence"]["rmse"]
    rows = [["persistence", *naive, format_mean(mean, 2), "–"]]
    for name, found in results.items():
        cells = [format_mean(fold["metrics"]["rmse"], 2) for fold in found["folds"]]
        better = f"{found['folds_better']} of {len(found['folds'])}"
        rows.append([name, *cells, format_mean(found["metrics"]["rmse"], 2), better])
    caption = (
        "RMSE (points) of walking forward: trained and scaled on the past (each fold's own, unless refit is off), mean "
        "± standard deviation over seeds; the last mean is over folds"
    )
    return Table(caption, headings, rows, frozenset({"persistence"}))


def backtest_means(results: Mapping[str, Any]) -> Table:
    columns = {key: column for key, column in COLUMNS["series"].items() if key != "scaled_mse"}
    entries = {"persistence": next(iter(results.values()))["persistence"]}
    entries |= {name: found["metrics"] for name, found in results.items()}
    rows = []
    for name, figures in entries.items():
        cells = [name]
        for key, (_, factor, places) in columns.items():
            scaled = {kind: None if value is None else factor * value for kind, value in figures[key].items()}
            cells.append(format_mean(scaled, places))
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
            [f"{pair['a']} / {pair['b']}", str(pair["only_a"]), str(pair["only_b"]), p_value(pair["p"])]
            for pair in comparison
        ]
        headings = ["pair", "only the first right", "only the second right", "p"]
        tables.append(Table("McNemar's exact test of the first seeds", headings, cells))
    return tables


def memory(found: Mapping[str, Any]) -> Table:
    lengths = list(next(iter(found["errors"].values())))
    rows = [["always says 1", *[number(found["baseline"], 4)] * len(lengths)]]
    for cell, by_length in found["errors"].items():
        rows.append([cell, *(format_mean(mean_and_std(by_seed), 4) for by_seed in by_length.values())])
    headings = ["cell", *(f"{length} steps" for length in lengths)]
    caption = "Mean squared error on sequences that it never saw, mean ± standard deviation over seeds"
    return Table(caption, headings, rows, frozenset({"always says 1"}))


def parity(rows: Sequence[Mapping[str, str]]) -> Table:
    headings = ["what", "the tutorial", "here", "verdict"]
    return Table("The tutorial's figures and what it says it saw", headings, [list(row.values()) for row in rows])


def settings(flat: Mapping[str, Any]) -> Table:
    rows = [[name, json.dumps(value)] for name, value in flat.items()]
    return Table("params.yaml", ["parameter", "value"], rows, prose=True)
