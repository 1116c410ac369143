"""The command that trains on a table's file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rnnlab.core.overrides import command, overrides
from rnnlab.data.rhythm import Rhythm

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
    own = {} if target == "Close" and len(features) == 4 else {"target": target, "features": list(features)}
    return run({"source": "csv", "path": str(path.absolute()), **own}, length, given)


def run(series: Mapping[str, Any], length: int | None = None, given: Sequence[str] = ()) -> str:
    """`dvc exp run` with such parameters of the series, trained on its first 70 %.

    Args:
        length: of the window; None: params.yaml's.
        given: other values of `-S`, as they were typed.
    """
    changed: dict[str, Any] = {**series, "split": {"train": 0.7}} | ({"window": {"length": length}} if length else {})
    nothing = {key: dict.fromkeys(value) if isinstance(value, dict) else None for key, value in changed.items()}
    words = overrides({"series": nothing, "backtest": {"train": None}}, {"series": changed, "backtest": {"train": 0.7}})
    return command([*words, *given])
