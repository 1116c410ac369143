"""The sections of a single series."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rnnlab.core.params import Params
from rnnlab.reporting import plots, tables
from rnnlab.reporting.page import Block, Section, Text
from rnnlab.reporting.picture_cache import Draw
from rnnlab.reporting.track import Pictures, Track, folded, picture
from rnnlab.windows.series_info import SeriesInfo

LATE = (
    "Where a series moves little from one {word} to the next, the last value, drawn later, lies close to the next one. "
    "A network that has learned this echo draws a fine curve and has foreseen nothing. It shows when a forecast is "
    "moved back: a forecast fits best where it stands, an echo one or more {words} before, as here {names}."
)
ON_TIME = "Moved back, each forecast of a network fits worse than where it stands: none is an echo of the last value."
UNREAD = (
    "The networks do not read {target}, which they forecast and which the rules know up to the last value "
    "(series.features; docs/tutorial.md has the experiment)."
)
SIGMOID = (
    "{name} ends in a sigmoid, which can't leave the range of the training part: {steps} of the test part lie outside "
    "and make {share} % of its squared error (docs/tutorial.md has the experiment with output: linear)."
)
CHANGES = (
    "The losses of networks that learn changes (named _change) are in units of their own, and harder to make small."
)


def series_sections(
    track: Track, comparison: Mapping[str, Any], draw: Draw, info: SeriesInfo, params: Params
) -> tuple[list[Section], Pictures]:
    results, order, simple = track.results, list(track.board["series"]), list(track.baselines)
    target = f"{info.target} ({info.unit})" if info.unit != info.target else info.target
    pictures = {
        name: {"forecast": draw(plots.forecast, track.predictions[name], name, target, info.words)}
        for name in track.models
    }
    best, *others = track.models
    walked, judged = comparison["backtest"], comparison["series"]
    pairs = [tables.pairs(judged)] if judged["between"] else []
    return [
        Section(
            f"{info.name}: walking forward",
            [
                picture(
                    draw(plots.backtest, walked, list(walked["judged"]["networks"])),
                    "RMSE of each fold, divided by persistence's",
                ),
                tables.backtest(walked, info),
            ],
        ),
        Section(
            f"{info.name}: a single split",
            [
                tables.leaderboard("series", track.board, simple, info.unit),
                Text(tables.majority_sentence(results[best]) + tables.formulas(info)),
                picture(
                    pictures[best]["forecast"], f"{best}, the best network: the whole series, and the first of the test"
                ),
                *folded([picture(pictures[name]["forecast"], name) for name in others]),
                *_handicaps(track, info, params),
            ],
        ),
        _late(track, info, draw),
        Section(
            "Is it different?", [tables.every_rule(judged, info), tables.differences(judged, simple, info), *pairs]
        ),
        Section("How sure is a forecast?", [tables.intervals(results, order, simple, info)]),
        Section(
            "Learning the series",
            [
                picture(
                    draw(plots.losses, track.histories, "Training loss, mean over seeds and their range"),
                    "Training loss by epoch",
                ),
                Text(CHANGES),
            ],
        ),
    ], pictures


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


def _late(track: Track, info: SeriesInfo, draw: Draw) -> Section:
    """Whether the forecasts are echoes of the last value."""
    lags = {name: track.results[name]["lag"] for name in [*track.models, "persistence"]}
    late = [name for name in track.models if (lags[name]["shift"] or 0) >= 1]
    table = tables.lag(track.results, list(track.board["series"]), list(track.baselines), info)
    blocks: list[Block] = [
        Text(LATE.format(word=info.word, words=info.words, names=_listed(late)) if late else ON_TIME)
    ]
    if by_shift := {name: lag["rmse_by_shift"] for name, lag in lags.items() if lag["rmse_by_shift"]}:
        shown = draw(plots.shifts, by_shift, info.unit, info.words)
        blocks.append(picture(shown, "RMSE of each forecast against the value some steps before the one it is for"))
    return Section("Are the forecasts late?", [*blocks, table])


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
