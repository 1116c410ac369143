"""The command that forecasts a table's file, as far as its beginning tells."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from rnnlab.core.overrides import command, overrides
from rnnlab.data.columns import SHOWN_NAMES, canonical, hold_prices, match, shown
from rnnlab.data.dates_found import Dated, part_of
from rnnlab.data.dialect import Dialect
from rnnlab.data.numbers import to_numbers

LENGTHS = 5, 24  # rows of a window


def number_columns(dialect: Dialect, dated: Dated) -> list[str]:
    """The columns that hold numbers, and vary; where none has numbers alone those that nearly do."""
    shares: dict[str, float] = {}
    places = [dialect.names.index(column) for column in dated.columns]
    rows = [row for row in dialect.sample if all(len(row) > place and row[place].strip() for place in places)]
    for place, column in enumerate(dialect.names):
        cells = [
            row[place].strip() for row in rows if len(row) > place and row[place].strip().lower() not in dialect.empty
        ]
        if column in dated.columns or not column.strip() or len(set(cells)) < 2:
            continue
        text = pd.Series(cells, dtype="str")
        shares[column.strip()] = max(float(pd.notna(to_numbers(text, decimal)).mean()) for decimal in ".,")
    least = 1.0 if 1.0 in shares.values() else 0.9
    return [column for column, share in shares.items() if share >= least]


def describe_unread(dialect: Dialect, dated: Dated, read: Collection[str]) -> list[str]:
    """A sentence on the columns that are not read, each with the first cell that is no number."""
    said = []
    for place, column in enumerate(dialect.names):
        if column in dated.columns or column.strip() in read or not column.strip():
            continue
        rows = [(line, row[place]) for line, row in zip(dialect.lines, dialect.sample, strict=True) if len(row) > place]
        filled = [(line, cell.strip()) for line, cell in rows if cell.strip().lower() not in dialect.empty]
        text = pd.Series([cell for _, cell in filled], dtype="str")
        bad = min((np.isnan(to_numbers(text, decimal)) for decimal in ".,"), key=np.sum)
        odd = next((f"line {line}: {shown(cell)}" for (line, cell), no in zip(filled, bad, strict=True) if no), "")
        why = odd or ("counts the rows, or years" if _is_counter(dialect, column) else "does not vary")
        said.append(f"{column.strip()} ({why})")
    return [f"not read: {', '.join(said[:SHOWN_NAMES])}"] if said else []


def no_numbers(path: Path, dialect: Dialect, dated: Dated) -> str:
    """The message on a table without a column of numbers."""
    return f"{path}: no column holds numbers; {'; '.join(describe_unread(dialect, dated, ())) or 'it has no columns'}"


def _is_counter(dialect: Dialect, column: str) -> bool:
    """Whether a column numbers the rows, or holds their years: nothing to forecast."""
    steps = np.diff(to_numbers(pd.Series(dialect.cells(match(column, dialect.names) or column), dtype="str"), "."))
    return part_of(column) == "year" or (len(steps) > 2 and steps[0] != 0 and bool((steps == steps[0]).all()))


def suggest(dialect: Dialect, dated: Dated, target: str | None = None) -> tuple[str, tuple[str, ...]]:
    """The column to forecast, and those that networks may read; empty: none holds numbers.

    Args:
        target: None: Close of prices, else the first that holds numbers.
    """
    numbers = number_columns(dialect, dated)
    numbers = [column for column in numbers if not _is_counter(dialect, column)] or numbers
    if target is None and hold_prices(dialect.names) and match("Close", numbers):
        kept = [name for name in ("Open", "High", "Low", "Volume") if match(name, numbers)]
        return "Close", tuple(kept)
    if not numbers:
        return "", ()
    target = (match(target, dialect.names) or target) if target else numbers[0]
    return target, (target, *(name for name in numbers if name != target))


def window_length(period: int) -> int:
    """A window's length to begin with: a season, within limits."""
    return min(max(period, LENGTHS[0]), LENGTHS[1])


def command_for(
    source: Path | BinaryIO,
    dialect: Dialect,
    dated: Dated,
    target: str | None = None,
    length: int | None = None,
    said: Mapping[str, Any] = {},  # is not changed
) -> str:
    """`dvc exp run` with the words that read the file; empty: it is no file of its own, or has no numbers.

    Args:
        length: of the window; None: params.yaml's.
        said: how it is read, as ``Options.changed`` has it.
    """
    target, features = suggest(dialect, dated, target)
    if not isinstance(source, Path) or not target:
        return ""
    series: dict[str, Any] = {"source": "csv", "path": str(source.absolute()), **said}
    if target != "Close":
        series |= {"target": target, "features": list(features)}
    elif not any(canonical(name) == "volume" for name in features):  # of one that does not vary nothing can be learned
        series |= {"features": list(features)}
    return run(series, length)


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
