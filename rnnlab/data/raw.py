"""data/raw of the series track read back: the rows of all symbols, of a single series of one."""

from pathlib import Path

import numpy as np

from rnnlab.core.files import read_arrays, read_json
from rnnlab.core.params import SeriesParams
from rnnlab.data.series import Series

RAW = Path("data/raw/series")
SERIES = "series"  # the symbol of a single one


def read_raw(series: SeriesParams) -> tuple[Series, tuple[str, ...]]:
    """The rows that ``series.start``, ``end`` and ``rows`` leave, and the names of their columns.

    Raises:
        UserError: if no row is left.
    """
    whole, columns = read_raw_panel() if series.kind else _read_single(series)
    return whole.select(series.start, series.end, series.rows), columns


def read_raw_panel() -> tuple[Series, tuple[str, ...]]:
    """All symbols as they were read, and the columns' names."""
    about = read_json(RAW / "panel.json")
    dates, values = read_arrays(RAW, "dates", "values")
    return Series(tuple(about["symbols"]), np.array(about["spans"]), dates, values), tuple(about["columns"])


def read_summary() -> list[str]:
    """What `fetch` found out about a panel, as sentences."""
    sentences: list[str] = read_json(RAW / "panel.json")["summary"]
    return sentences


def _read_single(series: SeriesParams) -> tuple[Series, tuple[str, ...]]:
    from rnnlab.data.csv_reader import read_prices  # with pandas, which a panel can do without

    columns = tuple(dict.fromkeys([*series.features, series.target]))
    frame = read_prices(RAW / "prices.csv", columns).frame
    values = np.empty((len(frame), len(columns)), order="F")
    for number, column in enumerate(columns):  # one by one, and each is let go of: they may be long
        values[:, number] = frame.pop(column)
    return Series((SERIES,), np.array([[0, len(frame)]]), frame.index.to_numpy(), values), columns
