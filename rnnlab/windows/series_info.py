"""What texts call a series and its steps, and what figures need to know of it beside its numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnlab.core.files import read_json
from rnnlab.core.series_params import SeriesParams

FILE = Path("data/windows/series.json")
SEASONS = {  # word and period of a rhythm: what the value one season before is
    ("hour", 24): "the same hour yesterday",
    ("day", 7): "the same weekday last week",
    ("week", 52): "the same week last year",
    ("month", 12): "the same month last year",
    ("quarter", 4): "the same quarter last year",
}
TODAY = ("day", "trading day")


@dataclass(frozen=True)
class SeriesInfo:
    """Attributes:
    name: of the series.
    target: the column that is forecast.
    unit: of the target.
    word: what a step is called, in the singular.
    period: rows of a season; 1: there is none.
    floor: 0 where the target never was below it in the rows that train; None: it was.
    horizon: steps ahead.
    """

    name: str
    target: str
    unit: str
    word: str
    period: int
    floor: float | None
    horizon: int

    @property
    def words(self) -> str:
        """Steps."""
        return f"{self.word}s"

    def count(self, number: int) -> str:
        """So many steps."""
        return f"{number:,} {self.word if number == 1 else self.words}"

    @property
    def persistence(self) -> str:
        """What persistence says."""
        if self.horizon > 1:
            return f"the value {self.count(self.horizon)} on = the last value"
        return "tomorrow = today" if self.word in TODAY else f"next {self.word} = this {self.word}"

    @property
    def season(self) -> str:
        """What the seasonal naive forecast says, of a series with a season."""
        return SEASONS.get((self.word, self.period), f"{self.period} {self.words} before")

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "SeriesInfo":
        return cls(**content["series"])


def describe(params: SeriesParams, rhythm: Mapping[str, Any], scaler: Mapping[str, Any]) -> SeriesInfo:
    """What params.yaml says, else what the dates say.

    Args:
        rhythm: ``data.rhythm.Rhythm``'s attributes.
        scaler: the content of scaler.json.
    """
    place = scaler["columns"].index(params.target)
    return SeriesInfo(
        name=params.name,
        target=params.target,
        unit=params.unit,
        word=rhythm["word"],
        period=params.period or rhythm["period"],
        floor=0.0 if all(minimum[place] >= 0 for minimum in scaler["minimum"]) else None,
        horizon=params.window.horizon,
    )


def read_info() -> SeriesInfo:
    """Of the series that the pipeline has now."""
    return SeriesInfo.of(read_json(FILE))
