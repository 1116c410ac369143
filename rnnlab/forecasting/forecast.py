"""The forecast of the days after the last day of a series."""

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class ForecastDay:
    """The forecast of one day; prices and errors in the target's unit."""

    step: int  # days after the last day of the series
    date: pd.Timestamp
    forecast: float  # mean over seeds
    seeds: tuple[float, float]  # lowest and highest forecast of a seed
    persistence: float
    intervals: dict[str, tuple[float, float] | None]  # by level in %; None: too few known errors
    known: int  # number of days whose errors calibrate the intervals
    mae: float | None  # mean absolute error of the model on these days
    persistence_mae: float | None


@dataclass(frozen=True)
class Forecast:
    """Forecasts of a trained model for the days after the last day of a series."""

    model: str
    target: str
    last_date: pd.Timestamp
    days: tuple[ForecastDay, ...]
    unit: str  # what a step is called: day, or row where rows are not days
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON: dates as ISO 8601 text."""
        content = asdict(self) | {"last_date": self.last_date.isoformat()}
        for day in content["days"]:
            day["date"] = day["date"].isoformat()
        return content
