"""Tables written as CSV. Without pandas: its import takes as long as the work of most stages that write one."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.core.files import write_text

Table = Mapping[str, Any]  # columns by name, array-like; a scalar stands in each row


def write_table(path: Path, tables: Sequence[Table], number: str = "%.6f") -> None:
    """Tables of the same columns, one below the other.

    Args:
        number: how a real number is written; one that is not there (NaN) is an empty cell.
    """
    whole = [np.broadcast_arrays(*table.values()) for table in tables]
    columns = [_cells(np.concatenate(parts), number) for parts in zip(*whole, strict=True)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(tables[0])
    writer.writerows(zip(*columns, strict=True))
    write_text(path, text.getvalue())


def columns_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The table of rows that have the same columns."""
    return {name: [row[name] for row in rows] for name in rows[0]}


def _cells(column: NDArray[Any], number: str) -> list[Any]:
    if column.dtype.kind == "O":  # None among numbers
        column = column.astype(np.float64)
    if column.dtype.kind == "f":
        return ["" if value != value else number % value for value in column.tolist()]
    if column.dtype.kind == "M":  # no finer than they are
        unit: Any = next(unit for unit in ("D", "s", "us", "ns") if (column == column.astype(f"M8[{unit}]")).all())
        return [text.replace("T", " ") for text in np.datetime_as_string(column, unit).tolist()]
    cells: list[Any] = column.tolist()
    return cells
