"""The forecast of the steps after the last row of a series."""

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

Moment = pd.Timestamp | int  # the number of a row without a date


@dataclass(frozen=True)
class ForecastStep:
    """The forecast of one step; values and errors in the target's unit."""

    step: int  # after the last row of the series
    date: Moment
    forecast: float  # mean over seeds
    seeds_range: tuple[float, float]  # lowest and highest forecast of a seed
    persistence: float  # the last value
    intervals: dict[str, tuple[float, float] | None]  # by level in %; None: too few known errors
    known: int  # number of steps whose errors calibrate the intervals
    mae: float | None  # mean absolute error of the model on these steps
    persistence_mae: float | None


@dataclass(frozen=True)
class Forecast:
    """Forecasts of a trained model for the steps after the last row of a series."""

    model: str
    target: str
    last_date: Moment
    steps: tuple[ForecastStep, ...]
    word: str  # what a step is called: hour, trading day, row, ...
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON: dates as ISO 8601 text, rows as numbers."""
        content = asdict(self) | {"last_date": _plain(self.last_date)}
        for step in content["steps"]:
            step["date"] = _plain(step["date"])
        return content


def _plain(date: Moment) -> str | int:
    return date.isoformat() if isinstance(date, pd.Timestamp) else int(date)
