"""Each figure that the tutorial prints and each thing that it says it saw, beside what came out here.

The tutorial shows one run; here are means and standard deviations over seeds. ``TOLERANCES`` says what counts as
reproduced.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rnnlab.comparison.claims import (
    ELSEWHERE,
    MEASURED_ELSEWHERE,
    NOT,
    REPRODUCED,
    RMSES,
    SERIES,
    Kind,
    Row,
    claims,
    make_row,
)
from rnnlab.core.files import read_arrays, read_json
from rnnlab.core.params import Params
from rnnlab.core.tables import METRICS, read_tables
from rnnlab.evaluation.metrics import Array
from rnnlab.windows.artifacts import SPLIT, read_scaler

# What the tutorial prints.
SCALED = {
    "Open": (0.722898, 0.763058, 0.751894, 0.755809, 0.731584),
    "High": (0.732351, 0.750069, 0.745714, 0.742538, 0.717777),
    "Low": (0.745525, 0.769089, 0.769280, 0.764596, 0.739548),
    "Close": (0.759235, 0.757866, 0.756456, 0.756415, 0.729669),
    "Volume": (0.242113, 0.274771, 0.241609, 0.215603, 0.197057),
}
SHAPES = {"rows": 431, "windows": 426, "training windows": 200, "test windows": 226, "steps": 5, "features": 4}
PARAMETERS = {"rnn": 297, "lstm": 1065, "gru": 809, "digits_bilstm": 14410}
RNN_LOSS = {0: 0.0366, 100: 0.0009, 200: 0.0007, 300: 0.0005}
MNIST_TRAIN = {0: "91.99", 1: "97.50", 2: "98.14", 50: "99.74"}  # %, while it trains, as printed
MNIST_END = {"train_accuracy": "99.6", "test_accuracy": "98"}  # %, in evaluation mode

TOLERANCE = 0.5  # percentage points, and half a unit of the last digit that is printed

CANNOT = "cannot be"
TOLERANCES = (
    "Reproduced means: a count or a scaled value is equal; a loss lies within three standard deviations over seeds (of "
    f"one seed: within half its value); an accuracy lies within {TOLERANCE} percentage points; an observation holds in "
    f"the figures of its row. {RMSES}"
)


def has_its_series(params: Params) -> bool:
    """Whether the series track has the tutorial's data and protocol, and its three networks."""
    series = params.series
    protocol = series.window.length, series.window.horizon, series.split.train, series.split.validation
    return (
        series.source == "kospi"
        and series.scale.fit_on == "all"
        and protocol == (5, 1, 200, 0)
        and {*series.features, series.target} == set(SCALED)
        and set(SERIES) <= set(params.models)
    )


def has_its_digits(params: Params) -> bool:
    return params.digits.source == "mnist" and "digits_bilstm" in params.models


def read_rows(params: Params, words: str) -> list[Row]:
    """What a run of the tutorial's own data and protocol got; of another series whether what it says it saw holds.

    Args:
        words: what the series' steps are called.
    """
    rows = []
    names = [*SERIES, "digits_bilstm"]
    results = {name: read_json(METRICS / f"test/{name}.json") for name in names if name in params.models}
    if has_its_series(params):
        about, windows = read_scaler("series"), read_json(Path("data/windows/series.json"))
        inputs, target = read_arrays(Path("data/scaled/series"), "inputs", "target")
        scaled = {name: inputs[:, number] for number, name in enumerate(about["features"])} | {about["target"]: target}
        parts = {part: len(read_arrays(SPLIT / "series" / part, "target")[0]) for part in ("train", "test")}
        histories = read_tables("history", SERIES)
        rows += data_rows(scaled, shapes_of(windows, len(target), parts))
        rows += series_rows(results, histories, read_tables("predictions", SERIES))
    elif set(SERIES) <= set(params.models) and params.board_of("series") == "series":
        histories = read_tables("history", SERIES)
        kind = Kind(words, own=False, prices=params.series.target == "Close")
        rows += claims(results, histories, read_tables("predictions", SERIES), kind)
    if has_its_digits(params):
        history = read_tables("history", ["digits_bilstm"])["digits_bilstm"]
        rows += digits_rows(results["digits_bilstm"], history)
    return rows


def shapes_of(windows: Mapping[str, int], rows: int, part_rows: Mapping[str, int]) -> dict[str, int]:
    """What SHAPES counts, of a chain's windows and of the rows of the whole series and of its parts."""
    lost = windows["length"] + windows["horizon"] - 1  # rows that begin no window
    found = {"rows": rows, "windows": windows["count"], "steps": windows["length"], "features": windows["features"]}
    return found | {"training windows": part_rows["train"] - lost, "test windows": part_rows["test"] - lost}


def data_rows(scaled: Mapping[str, Array], shapes: Mapping[str, int]) -> list[Row]:
    """The first five scaled values of each column, and the counts that the chain made, by the names in SHAPES."""
    rows = []
    for column, expected in SCALED.items():
        ours = scaled[column][: len(expected)].round(6).tolist()
        same = sum(a == b for a, b in zip(ours, expected, strict=True))
        here = f"{same} of {len(expected)} to six decimals"
        verdict = _verdict(same == len(expected))
        if column == "Volume" and same < len(expected):
            verdict = CANNOT
            here += "; its file had a day of zero volume, which the public data have not"
        rows.append(
            make_row(f"{column}, first five scaled", ", ".join(f"{value:.6f}" for value in expected), here, verdict)
        )
    return rows + [_exact(name, expected, shapes[name]) for name, expected in SHAPES.items()]


def series_rows(
    results: Mapping[str, Mapping[str, Any]],
    histories: Mapping[str, pd.DataFrame],
    predictions: Mapping[str, pd.DataFrame],
) -> list[Row]:
    """Of the three networks by their names in SERIES."""
    rows = [_exact(f"{name}, parameters", PARAMETERS[name], results[name]["parameters"]) for name in SERIES]
    losses = histories["rnn"].pivot(index="epoch", columns="seed", values="train_loss")
    for epoch, expected in RNN_LOSS.items():
        if epoch in losses.index:
            by_seed = losses.loc[epoch].to_numpy(float)
            mean, std = float(by_seed.mean()), float(by_seed.std(ddof=min(1, len(by_seed) - 1)))
            # it prints four decimals; of one seed half the value is all that can be asked
            close = bool(abs(round(mean, 4) - expected) <= (3 * std if len(by_seed) > 1 else expected / 2) + 5e-5)
            here = f"{mean:.4f} ± {std:.4f}" if len(by_seed) > 1 else f"{mean:.4f}"
            rows.append(make_row(f"RNN's loss, epoch {epoch}", f"{expected:.4f}", here, _verdict(close)))
    return [*rows, *claims(results, histories, predictions, Kind("days", own=True, prices=True))]


def digits_rows(result: Mapping[str, Any], history: pd.DataFrame) -> list[Row]:
    """Of the bidirectional LSTM."""
    rows = [_exact("digits_bilstm, parameters", PARAMETERS["digits_bilstm"], result["parameters"])]
    by_epoch = 100 * history.groupby("epoch")["train_accuracy"].mean()
    rows += [
        _percent(f"MNIST, train accuracy (%), epoch {epoch}", expected, by_epoch[epoch])
        for epoch, expected in MNIST_TRAIN.items()
        if epoch in by_epoch.index
    ]
    return rows + [
        _percent(f"MNIST, {name.replace('_', ' ')} (%) at the end", expected, 100 * result["metrics"][name]["mean"])
        for name, expected in MNIST_END.items()
    ]


def to_markdown(rows: Sequence[Row]) -> str:
    lines = ["| what | tutorial | here | verdict |", "| --- | --- | --- | --- |"]
    lines += ["| " + " | ".join(row.values()) + " |" for row in rows]
    return "\n".join([*lines, "", note(rows)]) + "\n"


def note(rows: Sequence[Mapping[str, str]]) -> str:
    """How the rows are to be read."""
    return TOLERANCES if any(row["verdict"] not in ELSEWHERE for row in rows) else MEASURED_ELSEWHERE


def _exact(what: str, expected: int, found: int) -> Row:
    return make_row(what, f"{expected:,}", f"{found:,}", _verdict(expected == found))


def _percent(what: str, printed: str, found: float) -> Row:
    rounding = 0.5 * 10.0 ** -len(printed.partition(".")[2])
    return make_row(what, printed, f"{found:.2f}", _verdict(abs(found - float(printed)) <= TOLERANCE + rounding))


def _verdict(right: bool) -> str:
    return REPRODUCED if right else NOT
