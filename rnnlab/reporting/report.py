"""The report: one page in the order in which a person wants it, and each model's pictures."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.core.params_parsing import flatten
from rnnlab.reporting import panel_tables, plots, tables
from rnnlab.reporting.page import Block, Section, Text
from rnnlab.reporting.picture_cache import Draw
from rnnlab.reporting.track import Pictures, Track, folded, picture
from rnnlab.windows.series_info import SeriesInfo

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
                picture(
                    over, "RMSE ÷ persistence's of each symbol: median, quartiles, 5 to 95 %, and what lies outside"
                ),
                panel_tables.over_symbols(track.results, list(track.board["panel"]), simple),
                panel_tables.best_and_worst(track.models[best], best),
                picture(pictures[best]["forecast"], f"{best}: the symbol in the middle"),
                *folded([picture(pictures[name]["forecast"], f"{name}: the symbol in the middle") for name in others]),
            ],
        ),
        Section("Is it different over symbols?", [panel_tables.against_persistence(compared, simple), *pairs]),
        Section("Walking forward over the panel", [panel_tables.panel_backtest(comparison["backtest"])]),
        Section("The symbols", [*map(Text, about["summary"]), *left_out]),
        Section(
            "Learning the panel",
            [
                picture(
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
        picture(pictures[best]["confusion"], f"{best}: how often each digit was read as which"),
        picture(pictures[best]["misread"], f"{best}: test images that it misread"),
        picture(draw(plots.reliability, sure, "Test images: how sure, and how right"), "Right answers by confidence"),
        picture(
            draw(plots.losses, track.histories, "Training loss, mean over seeds and their range"),
            "Training loss by epoch",
        ),
    ]
    kinds = ("confusion", "misread")
    pairs = [picture(pictures[name][kind], f"{name}: {kind}") for name in others for kind in kinds]
    return [Section("Digits", [*blocks, *folded(pairs)])], pictures


def memory(found: Mapping[str, Any], draw: Draw) -> Section:
    return Section(
        "Memory",
        [
            Text(MEMORY.format(steps=found["steps"])),
            picture(draw(plots.memory_errors, found["errors"], found["baseline"]), "Error by length of the sequence"),
            tables.memory(found),
            Text(GRADIENTS.format(length=max(map(len, found["gradients"].values())))),
            picture(draw(plots.memory_gradients, found["gradients"]), REACH),
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
