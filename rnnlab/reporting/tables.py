"""The tables of the report, of results of a single series, of the digits and of memory."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rnnlab.comparison.leaderboard import Board, dashes, to_rows
from rnnlab.comparison.verdict import HOW
from rnnlab.core.figures import places, write, write_mean, write_p
from rnnlab.evaluation.metrics import mean_and_std
from rnnlab.reporting.page import Table
from rnnlab.windows.series_info import SeriesInfo

Results = Mapping[str, Mapping[str, Any]]  # name -> what ``evaluation`` returns
Judged = Mapping[str, Any]  # what ``comparison.judge`` made


def formulas(info: SeriesInfo) -> str:
    scale = f"the value {info.count(info.period)} before" if info.period > 1 else "the last value"
    return (
        "The figures are of the mean of the seeds' forecasts, the forecast that is served. ± is the standard deviation "
        "of the figures of single seeds: it shows how much the random start matters, not how certain a figure is. "
        f"RMSE is the root of the mean squared error, MAE the mean absolute error, in {info.unit}. MASE is MAE divided "
        f"by the MAE of {scale} within the training part (Hyndman and Koehler 2006). MAPE is the mean of "
        "|error| / |value|. Direction is the share of steps whose rise or fall was foreseen, of those that moved. R² "
        "and sMAPE stand in metrics/test: of a level that moves slowly any forecast has an R² near 1."
    )


def leaderboard(track: str, board: Board, baselines: Sequence[str], unit: str = "") -> Table:
    headings, *rows = to_rows(track, board[track], unit)
    spread = "seeds" if track == "digits" else "the seeds' own figures"
    taken = "; `rnnlab forecast` and `rnnlab promote` take the first network" if track == "series" else ""
    caption = f"Best first{taken}; ± standard deviation of {spread}. Simple rules are in italics."
    caption = " ".join([caption, *dashes(track, board[track])])
    return Table(caption, ["model", *headings[1:]], rows, frozenset(baselines))


def majority_sentence(result: Mapping[str, Any]) -> str:
    """A sentence: the share of right directions that no knowledge is needed for."""
    share = result["majority_direction"]
    return (
        ""
        if share is None
        else f"Always saying the more frequent direction would be right in {100 * share:.1f} % of the cases. "
    )


def lag(results: Results, order: Sequence[str], baselines: Sequence[str], info: SeriesInfo) -> Table:
    """By how many steps the forecasts are late, which makes their curves look good."""
    errors = {name: results[name]["lag"]["rmse_by_shift"] for name in order}
    decimals = places([by_shift[0] for by_shift in errors.values() if by_shift], 4)
    rows = []
    for name in order:
        found = results[name]["lag"]
        rows.append(
            [
                name,
                "–" if found["shift"] is None else str(found["shift"]),
                write(errors[name][0] if errors[name] else None, decimals),
                write(min(errors[name], default=None), decimals),
                write(found["correlation_with_last"], 4),
                write(found["correlation_with_target"], 4),
            ]
        )
    headings = ["model", f"late by ({info.words})", "RMSE as it is", "RMSE moved back", "r with last", "r with target"]
    caption = (
        f"Of the mean of the seeds' forecasts: by how many {info.words} it must be moved back to fit best, its RMSE "
        f"({info.unit}) as it is and moved back, and its correlation r with the last value that it knew and with the "
        f"value that it forecasts. Both RMSEs leave out the first {info.words} of the test part, before which there is "
        "no value to move a forecast to: so they differ from those of the ranking"
    )
    return Table(caption, headings, rows, frozenset(baselines))


def every_rule(judged: Judged, info: SeriesInfo) -> Table:
    """Each network against each simple rule, and what follows of the claim that it beats all of them."""
    rules = list(next(iter(judged["against"].values())))
    rows = []
    for name, found in judged["networks"].items():
        cells = [write_p(judged["against"][name][rule]["p"]) for rule in rules]
        rows.append([name, *cells, found["hardest"], write_p(found["p"]), write_p(found["p_holm"])])
    caption = (
        "One-sided p-values that a network's squared errors are smaller than a rule's, on "
        f"{info.count(judged['steps'])}. "
        "The claim that it beats every rule has the largest of them (Berger 1982: intersection-union), then corrected "
        f"for the number of networks by Holm. {_left_out(judged)}"
    )
    headings = ["model", *rules, "hardest rule", "p (every rule)", "p (Holm)"]
    return Table(caption, headings, rows)


def _left_out(judged: Judged) -> str:
    reasons = "; ".join(f"{name}: {why}" for name, why in judged["left_out"].items())
    return f"Left out: {reasons}." if reasons else ""


def differences(judged: Judged, baselines: Sequence[str], info: SeriesInfo) -> Table:
    against = judged["against_persistence"]
    decimals = places([test["difference"] for test in against.values()], 3)
    rows = []
    for name, test in sorted(against.items(), key=lambda item: item[1]["difference"]):
        seeds = f"{test['seeds_better']} of {test['seeds']}" if "seeds" in test else "–"
        figures = (write(test["difference"], decimals), write(test["statistic"], 2), write_p(test["p_holm"]))
        rows.append([name, *figures, write(test["acf1"], 2), seeds])
    headings = [
        "model",
        "squared error − persistence's",
        "Diebold-Mariano",
        "p (Holm)",
        "acf(1)",
        "seeds that are better",
    ]
    caption = (
        f"Against persistence ({info.persistence}) on {info.count(judged['steps'])}: the mean difference of squared "
        "errors (below 0 is better), the Diebold-Mariano statistic with a long-run variance (docs/metrics.md), its "
        "two-sided p-value as Holm corrects it, and the first autocorrelation of the differences. Networks that learn "
        "the change nest persistence: the test is that of Giacomini and White (2006) for a fixed training part"
    )
    return Table(caption, headings, rows, frozenset(baselines))


def intervals(results: Results, order: Sequence[str], baselines: Sequence[str], info: SeriesInfo) -> Table:
    found = {name: [results[name]["intervals"][level] for level in ("80", "95")] for name in order}
    decimals = places([each["width"] for pair in found.values() for each in pair], 3)
    rows = []
    for name, pair in found.items():
        cells = [name]
        for each in pair:
            share = None if each["coverage"] is None else 100 * each["coverage"]
            cells += [write(share, 1), write(each["width"], decimals), write(each["score"], decimals)]
        rows.append(cells)
    headings = ["model"] + [
        f"{level} %: {what}" for level in ("80", "95") for what in ("covered (%)", "width", "score")
    ]
    floor = "Bounds below zero are set to zero, as no value of the training part was below it. " * (info.floor == 0)
    caption = (
        "Rolling conformal intervals of the mean forecast, calibrated on the last known errors, 100 at most: how many "
        f"{info.words} they covered, their mean width in {info.unit}, and the interval score (smaller is better). "
        f"{floor}The first {info.words} have none: an 80 % interval needs 4 known errors, one of 95 % needs 19"
    )
    return Table(caption, headings, rows, frozenset(baselines))


def backtest(found: Mapping[str, Any], info: SeriesInfo) -> Table:
    """Of each network and rule the error of each fold, and of all folds together."""
    folds, rmse, judged = found["folds"], found["rmse"], found["judged"]
    decimals = places([figure["mean"] for by_fold in rmse.values() for figure in by_fold], 4)
    rows = []
    for name in sorted(judged["rmse"], key=lambda entry: judged["rmse"][entry]):
        cells = [write_mean(figure["mean"], figure["std"], decimals) for figure in rmse[name]]
        cells = cells if len(folds) > 1 else []  # one fold is all folds
        chance = write_p(judged["networks"][name]["p_holm"]) if name in judged["networks"] else "–"
        rows.append([name, write(judged["rmse"][name], decimals), *cells, chance])
    by_fold = [f"{fold['first']} to {fold['last']}" for fold in folds] if len(folds) > 1 else []
    headings = ["model", "all folds" if by_fold else "RMSE", *by_fold, "p (every rule)"]
    caption = (
        f"RMSE ({info.unit}) of walking forward over {info.count(judged['steps'])}: networks and rules trained and "
        "scaled on the past alone (each fold's own, unless refit is off), best first; ± standard deviation of the "
        f"seeds' own. The last column is the claim that a network beats every rule on all folds together ({HOW})"
    )
    return Table(caption, headings, rows, frozenset(set(rmse) - set(judged["networks"])))


def digits(networks: Results, comparison: Sequence[Mapping[str, Any]]) -> list[Table]:
    rows = []
    for name, result in networks.items():
        low, high = (100 * bound for bound in result["wilson_95"])
        rows.append([name, f"{low:.2f} to {high:.2f}"])
    caption = "Wilson's 95 % interval of the first seed's accuracy on the test images"
    tables = [Table(caption, ["model", "test accuracy (%)"], rows)]
    if comparison:
        cells = [
            [f"{pair['a']} / {pair['b']}", str(pair["only_a"]), str(pair["only_b"]), write_p(pair["p"])]
            for pair in comparison
        ]
        headings = ["pair", "only the first right", "only the second right", "p"]
        tables.append(Table("McNemar's exact test of the first seeds", headings, cells))
    return tables


def memory(found: Mapping[str, Any]) -> Table:
    lengths = list(next(iter(found["errors"].values())))
    rows = [["always says 1", *[write(found["baseline"], 4)] * len(lengths)]]
    for cell, by_length in found["errors"].items():
        rows.append([cell, *(_of_seeds(by_seed) for by_seed in by_length.values())])
    headings = ["cell", *(f"{length} steps" for length in lengths)]
    caption = "Mean squared error on test sequences, mean ± standard deviation over seeds"
    return Table(caption, headings, rows, frozenset({"always says 1"}))


def _of_seeds(figures: Sequence[float]) -> str:
    found = mean_and_std(figures)
    return write_mean(found["mean"], found["std"], 4)


def parity(rows: Sequence[Mapping[str, str]]) -> Table:
    headings = ["what", "the tutorial", "here", "verdict"]
    cells = [list(row.values()) for row in rows]
    return Table("The tutorial's figures and what it says it saw", headings, cells, prose=True)


def settings(flat: Mapping[str, Any]) -> Table:
    rows = [[name, json.dumps(value)] for name, value in flat.items()]
    return Table("All parameters", ["parameter", "value"], rows, prose=True)
