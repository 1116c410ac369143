"""The command that trains on a table's file."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rnnlab.core.overrides import command, overrides
from rnnlab.data.columns import listed
from rnnlab.data.duration import describe_duration
from rnnlab.data.rhythm import Rhythm
from rnnlab.data.rows import Options

TRAINS = "In the project's folder this trains all networks of params.yaml on it, with all seeds and folds:"
LEAST = 40  # windows that are worth a training
LENGTHS = 5, 24  # of a window: a season, within these


def window_length(rhythm: Rhythm) -> int:
    """Rows that a network sees of a series, where nobody says how many."""
    return min(max(rhythm.period, LENGTHS[0]), LENGTHS[1])


def command_for(
    path: Path, target: str, features: Sequence[str], length: int | None = None, given: Sequence[str] = ()
) -> str:
    """`dvc exp run` with the parameters that read a single series from a file; as ``run``."""
    return run({"source": "csv", "path": full(path), **columns_of(target, features)}, length, given)


def columns_of(target: str, features: Sequence[str]) -> dict[str, Any]:
    """Parameters of the series; null for prices, whatever an earlier experiment left in params.yaml."""
    prices = target == "Close" and len(features) == 4
    return {"target": None, "features": None} if prices else {"target": target, "features": list(features)}


def full(path: Path) -> str:
    """From the root, without `..`; a link stays what the user calls the file."""
    return str(path.parent.resolve() / path.name)


def without_marks(options: Options, marks: Sequence[int | float]) -> Options:
    """The same, and numbers mark missing values: those of ``options`` and these."""
    key, missing = "series.read.missing", (*options.missing, *marks)
    others = (word for word in options.words if not word.startswith(f"{key}="))
    return replace(options, missing=missing, words=(*others, *overrides({key: None}, {key: missing})))


def offer(
    path: Path,
    target: str,
    features: Sequence[str],
    rows: int,
    length: int,
    options: Options,
    marks: Sequence[int | float],
) -> list[str]:
    """Lines for a person: the command, that without marks where some were found, and how long it takes."""
    lines = [TRAINS, command_for(path, target, features, length, options.words)]
    if marks:
        without = command_for(path, target, features, length, without_marks(options, marks).words)
        lines = [TRAINS, without, f"The same if {listed(marks)} is a value, and does not mark a missing one:", lines[1]]
    return lines + describe_duration(rows, length)


def run(series: Mapping[str, Any], length: int | None = None, given: Sequence[str] = ()) -> str:
    """`dvc exp run` with such parameters of the series, trained on its first 70 %.

    Args:
        length: of the window; None: params.yaml's.
        given: other values of `-S`, as they were typed.
    """
    changed: dict[str, Any] = {**series, "split": {"train": 0.7}} | ({"window": {"length": length}} if length else {})
    # ... is no value that a parameter has: all are said, null too
    nothing = {key: dict.fromkeys(value, ...) if isinstance(value, dict) else ... for key, value in changed.items()}
    words = overrides({"series": nothing, "backtest": {"train": ...}}, {"series": changed, "backtest": {"train": 0.7}})
    return command([*words, *given])
