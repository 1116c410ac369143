"""data/raw of the series track: the rows of all symbols as they were read, of a single series of one."""

from pathlib import Path
from typing import Any

import numpy as np

from rnnlab.core.files import read_arrays, read_json
from rnnlab.core.series_params import SeriesParams
from rnnlab.data.series import Series

RAW = Path("data/raw/series")
SERIES = "series"  # the symbol of a single one


def read_raw(series: SeriesParams) -> tuple[Series, tuple[str, ...]]:
    """The rows that ``series.start``, ``end`` and ``rows`` leave, and the names of their columns.

    Raises:
        UserError: if no row is left.
    """
    whole, columns = read_raw_panel()
    return whole.select(series.start, series.end, series.rows), columns


def read_raw_panel() -> tuple[Series, tuple[str, ...]]:
    """All symbols as they were read, and the columns' names."""
    about = read_json(RAW / "panel.json")
    dates, values = read_arrays(RAW, "dates", "values")
    return Series(tuple(about["symbols"]), np.array(about["spans"]), dates, values), tuple(about["columns"])


def read_summary() -> list[str]:
    """What `fetch` found out about the data, as sentences."""
    about: dict[str, Any] = read_json(RAW / "panel.json")
    return list(about["summary"])
