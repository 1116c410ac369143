"""The report: one page in the order in which a person wants it, and each model's pictures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnnlab.comparison.leaderboard import Board
from rnnlab.core.params import Params
from rnnlab.core.params_parsing import flatten
from rnnlab.reporting import panel_tables, plots, tables
from rnnlab.reporting.page import Block, Fold, Picture, Section, Text
from rnnlab.reporting.picture_cache import Draw
from rnnlab.windows.series_info import SeriesInfo

Results = Mapping[str, Mapping[str, Any]]
Pictures = dict[str, dict[str, bytes]]  # by model, by kind

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
    "{name} ends in a sigmoid, which can't leave the range of the training part: {steps} of the test part lie outside and "
    "make {share} % of its squared error (docs/tutorial.md has the experiment with output: linear)."
)
CHANGES = (
    "The losses of networks that learn changes (named _change) are in units of their own, and harder to make small."
)
MEMORY = (
    "A network reads numbers, two of which are marked, and must give their sum at the end: the longer the sequence, "
    "the longer it must remember (Hochreiter and Schmidhuber 1997). Each was trained for {steps} steps; the dotted "
    "line is the error of always saying 1. Where a cell lies on it, it has learned nothing."
)
GRADIENTS = (
    "Why: training follows the gradient, and what happened long ago reaches the output step by step through the "
    "network. The picture shows how much of it arrives before the training begins, over {length} steps. Where the line "
    "falls fast the gradient vanishes, and what lies far back can hardly be learned from; gates can learn to keep it."
)
REACH = "Norm of the gradient by distance, mean of the untrained seeds"
ELSEWHERE = "These are not the tutorial's data and protocol; make tutorial compares with it."


@dataclass(frozen=True)
class Track:
    """What is known of one track."""

    board: Board
    baselines: Results
    models: Results  # the networks', best first
    histories: Mapping[str, pd.DataFrame]
    predictions: Mapping[str, pd.DataFrame]

    @property
    def results(self) -> dict[str, Mapping[str, Any]]:
        return {**self.baselines, **self.models}


def series(
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
                _picture(
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
                _picture(
                    pictures[best]["forecast"], f"{best}, the best network: the whole series, and the first of the test"
                ),
                *_others([_picture(pictures[name]["forecast"], name) for name in others]),
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
                _picture(
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
        blocks.append(_picture(shown, "RMSE of each forecast against the value some steps before the one it is for"))
    return Section("Are the forecasts late?", [*blocks, table])


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def panel(
    track: Track, comparison: Mapping[str, Any], about: Mapping[str, Any], draw: Draw, info: SeriesInfo
) -> tuple[list[Section], Pictures]:
    """The sections of a panel.

    Args:
        comparison: what ``compare`` made, with ``panel`` and ``backtest``.
        about: ``summary``, sentences on the data, and ``left_out``, symbol -> why.
    """
    simple, ratios = list(track.baselines), dict[str, list[float]]()
    for name in track.board["panel"]:
        figures = [each["relative_rmse"] for each in track.results[name]["by_symbol"].values()]
        ratios[name] = [figure for figure in figures if figure is not None]
    best, *others = track.models
    pictures = {
        name: {"forecast": draw(plots.forecast, track.predictions[name], _middle(track, name), info.target, info.words)}
        for name in track.models
    }
    over = draw(plots.over_symbols, ratios, "Errors over symbols (below 1 is better than persistence)")
    compared = comparison["panel"]
    pairs = [panel_tables.signed_ranks(compared)] if compared["between"] else []
    left_out = [panel_tables.left_out(about["left_out"])] if about["left_out"] else []
    return [
        Section(
            f"{info.name}: a panel",
            [
                tables.leaderboard("panel", track.board, simple),
                _picture(
                    over, "RMSE ÷ persistence's of each symbol: median, quartiles, 5 to 95 %, and what lies outside"
                ),
                panel_tables.over_symbols(track.results, list(track.board["panel"]), simple),
                panel_tables.best_and_worst(track.models[best], best),
                _picture(pictures[best]["forecast"], f"{best}: the symbol in the middle"),
                *_others(
                    [_picture(pictures[name]["forecast"], f"{name}: the symbol in the middle") for name in others]
                ),
            ],
        ),
        Section("Is it different over symbols?", [panel_tables.against_persistence(compared, simple), *pairs]),
        Section("Walking forward over the panel", [panel_tables.panel_backtest(comparison["backtest"])]),
        Section("The symbols", [*map(Text, about["summary"]), *left_out]),
        Section(
            "Learning the panel",
            [
                _picture(
                    draw(plots.losses, track.histories, "Training loss, mean over symbols"), "Training loss by epoch"
                )
            ],
        ),
    ], pictures


def _middle(track: Track, name: str) -> str:
    return f"{name}, symbol {track.predictions[name]['symbol'].iloc[0]}"


def digits(
    track: Track, comparison: Mapping[str, Any], images: NDArray[np.float32], draw: Draw
) -> tuple[list[Section], Pictures]:
    pictures: Pictures = {}
    for name, result in track.models.items():
        table = track.predictions[name]
        first = table[table["seed"] == table["seed"].min()]
        pictures[name] = {
            "confusion": draw(plots.confusion, np.array(result["confusion"]), name),
            "misread": draw(plots.misread, images, first["y_true"].to_numpy(), first["y_pred"].to_numpy(), name),
        }
    best, *others = track.models
    sure = {name: result["reliability"] for name, result in track.models.items()}
    blocks: list[Block] = [
        tables.leaderboard("digits", track.board, list(track.baselines)),
        *tables.digits(track.models, comparison["digits"]),
        _picture(pictures[best]["confusion"], f"{best}: how often each digit was read as which"),
        _picture(pictures[best]["misread"], f"{best}: test images that it misread"),
        _picture(draw(plots.reliability, sure, "Test images: how sure, and how right"), "Right answers by confidence"),
        _picture(
            draw(plots.losses, track.histories, "Training loss, mean over seeds and their range"),
            "Training loss by epoch",
        ),
    ]
    kinds = ("confusion", "misread")
    folded = [_picture(pictures[name][kind], f"{name}: {kind}") for name in others for kind in kinds]
    return [Section("Digits", [*blocks, *_others(folded)])], pictures


def memory(found: Mapping[str, Any], draw: Draw) -> Section:
    return Section(
        "Memory",
        [
            Text(MEMORY.format(steps=found["steps"])),
            _picture(draw(plots.memory_errors, found["errors"], found["baseline"]), "Error by length of the sequence"),
            tables.memory(found),
            Text(GRADIENTS.format(length=max(map(len, found["gradients"].values())))),
            _picture(draw(plots.memory_gradients, found["gradients"]), REACH),
        ],
    )


def parity(rows: Sequence[Mapping[str, str]]) -> Section:
    if not rows:
        return Section("Beside the tutorial", [Text(ELSEWHERE)])
    return Section("Beside the tutorial", [tables.parity(rows)])


def about(versions: Mapping[str, str], data: str, params: Mapping[str, Any]) -> Section:
    # Not the commit: the page would change with each, and dvc.lock, which holds its hash, could not name its own.
    made = ", ".join(f"{name} {version}" for name, version in versions.items())
    made += ". The commit stands in the tags of each run in MLflow (make ui)."
    return Section("Data, parameters, versions", [Text(data), Text(made), tables.settings(flatten(params))])


def _others(pictures: Sequence[Picture]) -> list[Block]:
    return [Fold("The other networks", pictures)] if pictures else []


def _picture(png: bytes, caption: str) -> Picture:
    return Picture(png, alt=caption, caption=caption)
