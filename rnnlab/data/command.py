"""The command that forecasts a table's file, as far as its beginning tells."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd

from rnnlab.core.overrides import command, overrides
from rnnlab.data.columns import EMPTY, canonical, hold_prices, match
from rnnlab.data.dates_found import Dated
from rnnlab.data.dialect import Dialect
from rnnlab.data.numbers import to_numbers


def number_columns(dialect: Dialect, dated: Dated) -> list[str]:
    """The columns that hold numbers, and vary; where none has numbers alone those that nearly do."""
    shares: dict[str, float] = {}
    places = [dialect.names.index(column) for column in dated.columns]
    rows = [row for row in dialect.sample if all(len(row) > place and row[place].strip() for place in places)]
    for place, column in enumerate(dialect.names):
        cells = [row[place].strip() for row in rows if len(row) > place and row[place].strip().lower() not in EMPTY]
        if column in dated.columns or not column.strip() or len(set(cells)) < 2:
            continue
        text = pd.Series(cells, dtype="str")
        shares[column.strip()] = max(float(pd.notna(to_numbers(text, decimal)).mean()) for decimal in ".,")
    least = 1.0 if 1.0 in shares.values() else 0.9
    return [column for column, share in shares.items() if share >= least]


def suggest(dialect: Dialect, dated: Dated, target: str | None = None) -> tuple[str, tuple[str, ...]]:
    """The column to forecast, and those that networks may read; empty: none holds numbers.

    Args:
        target: None: Close of prices, else the first that holds numbers.
    """
    numbers = number_columns(dialect, dated)
    if target is None and hold_prices(dialect.names) and match("Close", numbers):
        kept = [name for name in ("Open", "High", "Low", "Volume") if match(name, numbers)]
        return "Close", tuple(kept)
    if not numbers:
        return "", ()
    target = (match(target, dialect.names) or target) if target else numbers[0]
    return target, (target, *(name for name in numbers if name != target))


def command_for(source: Path | BinaryIO, dialect: Dialect, dated: Dated, target: str | None = None) -> str:
    """`dvc exp run` with the words that read the file; empty: it is no file of its own, or has no numbers."""
    target, features = suggest(dialect, dated, target)
    if not isinstance(source, Path) or not target:
        return ""
    if target != "Close":
        return run({"source": "csv", "path": str(source.absolute()), "target": target, "features": list(features)})
    # of a volume that does not vary nothing can be learned
    own = {} if any(canonical(name) == "volume" for name in features) else {"features": list(features)}
    return run({"source": "csv", "path": str(source.absolute()), **own})


def run(series: Mapping[str, Any], length: int | None = None) -> str:
    """`dvc exp run` with such parameters of the series, trained on its first 70 %.

    Args:
        length: of the window; None: params.yaml's.
    """
    changed: dict[str, Any] = {**series, "split": {"train": 0.7}} | ({"window": {"length": length}} if length else {})
    nothing = {key: dict.fromkeys(value) if isinstance(value, dict) else None for key, value in changed.items()}
    return command(
        overrides({"series": nothing, "backtest": {"train": None}}, {"series": changed, "backtest": {"train": 0.7}})
    )
