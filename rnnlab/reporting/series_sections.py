"""The sections of a single series."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from rnnlab.comparison import verdict
from rnnlab.core.params import Params
from rnnlab.reporting import learned_sections, series_charts, tables
from rnnlab.reporting.chart_style import most_rows
from rnnlab.reporting.page import Block, Chart, Fold, Section, Text
from rnnlab.reporting.track import Pages, Track
from rnnlab.windows.series_info import SeriesInfo

TUTORIAL = ("rnn", "lstm", "gru")
SHOWN_FIRST = 3  # networks, of others than the tutorial's
USE = (
    "Point at this chart for the values of one {word}; click a name in its legend to hide or show a line; drag to "
    "move, Ctrl and the mouse wheel to zoom, double click to go back. The charts of late forecasts, training and "
    "memory work alike."
)
OTHER = "On the single split the best network is {name}; `rnnlab forecast` and `rnnlab promote` take this one."
LATE = (
    "Where a series moves little from one {word} to the next, a forecast that repeats the last value lies close to the "
    "next one: its curve looks good, and it predicts nothing. The chart shows each forecast's error when the forecast "
    "is moved back by some {words}. A forecast that repeats the last value fits best one or more {words} before, as "
    "here {names}."
)
ON_TIME = "Moved back, each network's forecast fits worse than where it is: none repeats the last value."
UNREAD = (
    "The networks do not read {target}, the column that they forecast (series.features; docs/tutorial.md has the "
    "experiment). The simple rules know its last value, and so do networks that learn the change: they add to it."
)
SIGMOID = (
    "{name} ends in a sigmoid, which cannot leave the range of the training part: {steps} of the test part lie outside "
    "it and make {share} % of its squared error (docs/tutorial.md has the experiment with output: linear)."
)
CHANGES = "{names} learn the change of the target: their losses have a unit of their own."
WALKED = (
    "Walking forward: the test part is cut into folds, and each network and rule is trained on the past of each fold. "
    "The vertical lines are the standard deviation of the seeds."
)


def series_pages(track: Track, comparison: Mapping[str, Any], info: SeriesInfo, params: Params) -> Pages:
    """Args:
    comparison: what ``compare`` made, with ``plain``, ``verdicts``, ``series`` and ``backtest``.
    """
    target = f"{info.target} ({info.unit})" if info.unit != info.target else info.target
    walked = comparison["backtest"]
    best_rule = min(track.baselines, key=lambda rule: walked["judged"]["rmse"].get(rule, float("inf")))
    networks, simple = list(track.models), list(track.baselines)
    folds = series_charts.folds(walked, [name for name in track.predictions if name in walked["judged"]["networks"]])
    changed = [name for name in track.histories if params.models[name].target == "change"]
    sections: list[Section] = [
        Section(
            "Which model is best",
            [
                Text(WALKED),
                Chart(folds, "RMSE of each fold, divided by persistence's"),
                tables.backtest(walked, info),
                Fold(
                    "The ranking on a single split",
                    [
                        tables.leaderboard("series", track.board, simple, info.unit),
                        Text(tables.majority_sentence(track.results[networks[0]]) + tables.formulas(info)),
                    ],
                ),
            ],
        ),
        Section("Each network's forecasts", [_each_model(track, target, info), *_handicaps(track, info, params)]),
        _late(track, info),
        *learned_sections.series(track, info),
        Section(
            "Training",
            [
                Chart(series_charts.losses(track.histories), "Training loss by epoch, mean over seeds"),
                *([Text(CHANGES.format(names=", ".join(changed)))] if changed else []),
            ],
        ),
        _statistics(track, comparison, info),
    ]
    other = [] if networks[0] == verdict.best_network(walked["judged"]) else [Text(OTHER.format(name=networks[0]))]
    chart = _first_chart(track, best_rule, target, info)
    opening: list[Block] = [Text(comparison["plain"]["series"]), *other, chart]
    alone = series_charts.each_model(
        {name: _test(table) for name, table in track.predictions.items()}, target, info.words
    )
    pictures = {name: {"forecast": spec} for name, spec in alone.items()}
    return Pages(opening, sections, pictures)


def _test(table: pd.DataFrame, models: int = 1) -> pd.DataFrame:
    return table[table["part"] == "test"].tail(most_rows(models))


def _first_chart(track: Track, rule: str, target: str, info: SeriesInfo) -> Chart:
    """The test part with the tutorial's networks, where they are, and the best simple rule."""
    names = [name for name in TUTORIAL if name in track.models] or list(track.models)[:SHOWN_FIRST]
    first = _test(track.predictions[names[0]])
    table = pd.DataFrame({"date": first["date"], "actual": first["y_true"]})
    table = table.assign(**{name: track.predictions[name]["y_pred"].loc[first.index] for name in names})
    rules = track.rules[track.rules["part"] == "test"].tail(len(first))
    table = table.assign(**{rule: rules[rule].to_numpy()})
    whole = len(first) == (track.predictions[names[0]]["part"] == "test").sum()
    part = "The test part" if whole else f"The last {info.count(len(first))} of the test part"
    caption = f"{part}: {', '.join(names)} and {rule}, the best simple rule in walking forward. "
    return Chart(series_charts.values(table, names, rule, target, info.words), caption + USE.format(word=info.word))


def _each_model(track: Track, target: str, info: SeriesInfo) -> Chart:
    shown = {name: track.predictions[name].tail(most_rows(len(track.models))) for name in track.models}
    whole = len(next(iter(shown.values()))) == len(next(iter(track.predictions.values())))
    what = "The whole series" if whole else f"The last {info.count(len(next(iter(shown.values()))))}"
    caption = (
        f"{what}, with the network that the menu names; the training part ends at the dashed line. The intervals are "
        "conformal: the errors of earlier forecasts set their width"
    )
    return Chart(series_charts.model_values(shown, target, info.words), caption)


def _handicaps(track: Track, info: SeriesInfo, params: Params) -> Iterator[Text]:
    """What networks can't know or say that simple rules can."""
    if info.target not in params.series.features:
        yield Text(UNREAD.format(target=info.target))
    for name in track.models:
        table = track.predictions[name]
        if params.model(name).output != "sigmoid":
            continue
        known, test = table["y_true"][table["part"] == "train"], table[table["part"] == "test"]
        outside = (test["y_true"] < known.min()) | (test["y_true"] > known.max())
        errors = (test["y_true"] - test["y_pred"]) ** 2
        if outside.any():
            share = 100 * errors[outside].sum() / errors.sum()
            steps = f"{outside.sum()} of {info.count(len(test))}"
            yield Text(SIGMOID.format(name=name, steps=steps, share=f"{share:.0f}"))


def _late(track: Track, info: SeriesInfo) -> Section:
    """Whether the forecasts repeat the last value."""
    lags = {name: track.results[name]["lag"] for name in [*track.predictions, "persistence"]}
    late = [name for name in track.predictions if (lags[name]["shift"] or 0) >= 1]
    table = tables.lag(track.results, list(track.board["series"]), list(track.baselines), info)
    said = LATE.format(word=info.word, words=info.words, names=_listed(late)) if late else ON_TIME
    blocks: list[Block] = [Text(said)]
    if by_shift := {name: lag["rmse_by_shift"] for name, lag in lags.items() if lag["rmse_by_shift"]}:
        shown = series_charts.shifts(by_shift, info.unit, info.words)
        blocks.append(Chart(shown, "RMSE of each forecast against the value some steps before the one it is for"))
    return Section("Are the forecasts late?", [*blocks, Fold("The figures", [table])])


def _statistics(track: Track, comparison: Mapping[str, Any], info: SeriesInfo) -> Section:
    judged, simple, order = comparison["series"], list(track.baselines), list(track.board["series"])
    walked, blocks = comparison["backtest"]["judged"], list[Block]()
    for title, found in (("walking forward", walked), ("on the single split", judged)):
        blocks += [
            Fold(f"Does a network beat every simple rule beyond chance, {title}?", [tables.every_rule(found, info)])
        ]
    blocks.append(Fold("The models against persistence", [tables.differences(judged, simple, info)]))
    if judged["between"]:
        matrix = series_charts.pairs(judged["between"], list(track.predictions), info.unit)
        caption = (
            "Diebold-Mariano tests of networks against each other on the single split; the figures are p-values (Holm)"
        )
        blocks.append(Fold("The networks against each other", [Chart(matrix, caption)]))
    blocks.append(Fold("How sure is a forecast? (intervals)", [tables.intervals(track.results, order, simple, info)]))
    return Section("Statistics", [Text(comparison["verdicts"]["series"]), *blocks])


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
