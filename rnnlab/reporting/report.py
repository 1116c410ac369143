"""The sections of the page that belong to no series: digits, memory, the tutorial, and how the page was made."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.comparison.tutorial import note
from rnnlab.core.params_parsing import flatten
from rnnlab.reporting import digits_charts, series_charts, tables
from rnnlab.reporting.page import Block, Chart, Fold, Links, Section, Text
from rnnlab.reporting.track import Pages, Track

# Relative to the page, which names no date and no commit: it would change with each, and dvc.lock, which has its hash,
# could not name its own; the runs in MLflow name both.
PAGES = Links(
    "More:",
    {
        "how it is measured": "../docs/metrics.md",
        "the tutorial, section by section": "../docs/tutorial.md",
        "results on two series": "../docs/results.md",
        "experiments side by side (after make experiments)": "experiments.html",
        "the runs in MLflow, with date, commit and experiment (while make ui runs)": "http://127.0.0.1:5000",
    },
)
ELSEWHERE = (
    "These are not the tutorial's data: the table says whether what it saw holds here. `make tutorial` fetches "
    "its data, the KOSPI index and MNIST, and compares figure by figure."
)


def digits_pages(track: Track, comparison: Mapping[str, Any], images: NDArray[np.float32]) -> Pages:
    """Args:
    images: of the test part, (N, T, F).
    """
    matrices = {name: np.array(track.models[name]["confusion"]) for name in track.models}
    # The best first in all charts, so that a network has one colour, and menus begin with the same one.
    predictions, histories = ({name: of[name] for name in track.models} for of in (track.predictions, track.histories))
    first = {name: table[table["seed"] == table["seed"].min()] for name, table in predictions.items()}
    y_true = next(iter(first.values()))["y_true"].to_numpy()
    read = {name: table["y_pred"].to_numpy() for name, table in first.items()}
    sure = {name: result["reliability"] for name, result in track.models.items()}
    wrong = "Test images that the network misread (its first seed), at most 40: digit → read as"
    section = Section(
        "Digits",
        [
            tables.leaderboard("digits", track.board, list(track.baselines)),
            Chart(
                digits_charts.confusion(matrices), "How often each digit was read as which, test images of all seeds"
            ),
            Chart(digits_charts.misread(images, y_true, read), wrong),
            Chart(
                digits_charts.reliability(sure),
                "The share of right answers by confidence; the larger a point, the more images. On the dotted line a "
                "network is right as often as its confidence says",
            ),
            Chart(series_charts.losses(histories), "Training loss by epoch, mean over seeds"),
            Fold(
                "Statistics",
                [Text(comparison["verdicts"]["digits"]), *tables.digits(track.models, comparison["digits"])],
            ),
        ],
    )
    pictures = {
        name: {
            "confusion": digits_charts.confusion({name: matrices[name]}),
            "misread": digits_charts.misread(images, y_true, {name: read[name]}),
        }
        for name in track.models
    }
    return Pages([Text(comparison["plain"]["digits"])], [section], pictures)


def tutorial(rows: Sequence[Mapping[str, str]], own: bool) -> Section:
    """Args:
    own: whether the data are the tutorial's.
    """
    blocks: list[Block] = [] if own else [Text(ELSEWHERE)]
    if rows:
        blocks += [tables.parity(rows), Text(note(rows))]
    return Section("Beside the tutorial", blocks)


def about(versions: Mapping[str, str], data: str, params: Mapping[str, Any]) -> Section:
    made = ", ".join(f"{name} {version}" for name, version in versions.items()) + "."
    return Section(
        "Data, parameters, versions",
        [PAGES, Text(data), Text(made), Fold("params.yaml", [tables.settings(flatten(params))])],
    )
