"""A series from a file, and as windows; DataFrames in.

Letters: N windows, T time steps, F features.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rnnlab.core.errors import UserError
from rnnlab.core.series_params import PRICES, SOURCES
from rnnlab.data.csv_reader import open_table, read_rows
from rnnlab.data.dates_found import find_dates
from rnnlab.data.number_columns import find_numbers
from rnnlab.data.rhythm import find_rhythm
from rnnlab.data.rows import GUESS
from rnnlab.data.series import Series
from rnnlab.data.sources import as_csv
from rnnlab.evaluation.series_evaluation import Season
from rnnlab.windows.artifacts import PARTS
from rnnlab.windows.panel import Panel, PanelPart, SplitDates
from rnnlab.windows.panel_scaling import fit_scalers
from rnnlab.windows.windows import Windows


@dataclass(frozen=True)
class WindowedSeries:
    """A series, scaled to [0, 1] by its training part, seen as windows, and parted in time order.

    Attributes:
        whole: all windows.
        parts: those that ``train``, are for ``validation``, and ``test``.
        scaler: of each column the minimum and maximum, and which are features and target.
        period: rows of a season.
    """

    whole: Panel
    parts: Mapping[str, Panel]
    scaler: Mapping[str, Any]
    period: int

    def windows(self, part: str) -> Windows:
        """The windows of train, validation or test: ``x`` (N, T, F) and ``y`` (N, 1), scaled."""
        return self.parts[part].windows(0)

    @property
    def season(self) -> Season:
        place = self.scaler["columns"].index(self.scaler["target"])
        return Season(self.period, 0.0 if self.scaler["minimum"][0][place] >= 0 else None)


def read_series(source: str | Path, target: str | None = None, features: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a table's file (CSV in any dialect, .gz, .parquet), or a built-in series.

    Args:
        source: a path, or sample, laser, elnino, sunspots (which ship with the dependencies) or kospi (downloaded).
        target: the column to forecast; None: Close of prices, else the first that holds numbers.
        features: the columns that networks read; None: all that hold numbers, of prices Open, High, Low and Volume.

    Returns:
        The rows in order of time: index of dates, or of numbers of rows; columns as float64, the target last.

    Raises:
        UserError: naming file, line and column of what is wrong.
    """
    if str(source) in SOURCES and str(source) not in ("csv", "panel"):
        known, name = SOURCES[str(source)], f"source {source}"
        target, chosen = target or known["target"], features or known["features"]
        file: Path | io.BytesIO = io.BytesIO(as_csv(str(source)))
    else:
        file, name = Path(source), str(source)
        dialect = open_table(file, name, GUESS).dialect
        target, found = find_numbers(dialect, find_dates(dialect, None, None, name)).choose(target, name)
        chosen = features or found
    frame = read_rows(file, [*chosen, target], name).frame
    ordered = [column for column in chosen if column != target]
    return frame[[*ordered, target]]


def make_windows(
    frame: pd.DataFrame,
    target: str | None = None,
    features: Sequence[str] | None = None,
    *,
    length: int = 5,
    horizon: int = 1,
    train: int | float = 0.7,
    validation: int | float = 0,
) -> WindowedSeries:
    """Scale a series, see it as windows, and part these in time order, as the stages scale, window and split do.

    Args:
        frame: rows in order of time, at regular dates or numbers; columns of numbers.
        target: the column to forecast; None: the last.
        features: the columns that networks read; None: all, the target too, but of prices Open, High, Low and Volume.
        length: rows that a network sees, T.
        horizon: rows ahead that it forecasts.
        train, validation: windows: a number, or a share between 0 and 1. What is left tests.

    Raises:
        UserError: if a column is missing, does not vary or holds no finite numbers; if the rows are too few.
    """
    target = frame.columns[-1] if target is None else target
    if not features:
        prices = target == PRICES["target"] and set(PRICES["features"]) <= set(frame.columns)
        features = PRICES["features"] if prices else [target, *(name for name in frame.columns if name != target)]
    columns = tuple(dict.fromkeys([*features, target]))
    if missing := [column for column in columns if column not in frame.columns]:
        raise UserError(f"there is no column {missing[0]}; there are {', '.join(map(str, frame.columns))}")
    values, dates = frame[list(columns)].to_numpy(np.float64), frame.index.to_numpy()
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        raise UserError(f"column {columns[bad[0][1]]} holds no number at {frame.index[bad[0][0]]}")
    if not (dates[1:] > dates[:-1]).all():
        raise UserError("the rows are not in order of time, or a date is given twice: frame.sort_index() orders them")
    series = Series(("series",), np.array([[0, len(dates)]]), dates, values)
    split = SplitDates.at(dates, length, horizon, train, validation)
    scalers = fit_scalers(series.all, columns, split, "train", 1)
    inputs, scaled = np.empty((len(dates), len(features))), np.empty(len(dates))
    scalers.scale_into({"inputs": inputs, "target": scaled, "dates": dates.copy()}, series.all, features, target)
    whole = Panel(series.symbols, series.spans, inputs, scaled, dates, length, horizon)
    parts = {}
    for name in PARTS:
        part = PanelPart.of(whole, split, name)
        (own,) = part.windows
        parts[name] = Panel(series.symbols, part.spans, own.inputs, own.target, own.dates, length, horizon)
    scaler = {"features": list(features), "target": target} | scalers.to_dict()
    return WindowedSeries(whole, parts, scaler, find_rhythm(dates).period)
