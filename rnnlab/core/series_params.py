"""The section `series` of params.yaml."""

import codecs
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from rnnlab.core.param_types import Column, Day, Name, Positive, Share, StrictModel, Unique


def _stem(path: str) -> str:
    """A file's name without its endings, as a name for its series."""
    return re.sub(r"[/:\x00-\x1f]+", "-", Path(path).name.split(".")[0])[:100] or "series"


def _known_encoding(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise ValueError(f"there is no encoding {name}; utf-8, cp949 and cp1252 are some") from None


class Scale(StrictModel):
    fit_on: Literal["train", "all"]


class Window(StrictModel):
    length: Positive  # rows
    horizon: Annotated[int, Field(ge=1, le=20)]  # rows


class SeriesSplit(StrictModel):
    train: Positive | Share
    validation: Annotated[int, Field(ge=0, lt=2**31)] | Share


PRICES = {"features": ("Open", "High", "Low", "Volume"), "target": "Close"}
# What a source says of its series, where params.yaml does not.
SOURCES: dict[str, dict[str, Any]] = {
    "sample": PRICES | {"name": "GOOG", "unit": "dollars"},
    "kospi": PRICES | {"name": "KOSPI", "unit": "points"},
    "laser": {"name": "laser", "unit": "intensity", "features": ("Intensity",), "target": "Intensity"},
    "elnino": {"name": "elnino", "unit": "°C", "features": ("SST",), "target": "SST"},
    "sunspots": {"name": "sunspots", "unit": "sunspots", "features": ("Sunspots",), "target": "Sunspots"},
    "csv": PRICES,
    "panel": PRICES,
}


class Read(StrictModel):
    """How a table's text is read; None: found in it."""

    separator: Annotated[str, StringConstraints(min_length=1, max_length=1)] | None
    decimal: Literal[".", ","] | None
    encoding: Annotated[str, AfterValidator(_known_encoding)] | None
    date_format: Annotated[str, StringConstraints(pattern="%")] | None
    missing: Annotated[tuple[str | int | float, ...], Field(strict=False)]


class Reading(StrictModel):
    """How a table is read, whatever is made of it."""

    date: Column | Annotated[tuple[Column, Column], Field(strict=False)] | Literal[False] | None
    read: Read
    check_prices: bool


class SeriesParams(Reading):
    source: Literal["sample", "kospi", "laser", "elnino", "sunspots", "csv", "panel"]
    path: Annotated[str, StringConstraints(pattern=r"^[^\x00]+$")]
    name: Name
    unit: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    panel: Literal["per_symbol", "global"]
    start: Day | None
    end: Day | None
    rows: Positive | None
    features: Annotated[tuple[Column, ...], Field(strict=False, min_length=1)]
    target: Column
    period: Positive | None  # rows of a season
    calendar: Annotated[tuple[Literal["hour", "weekday", "month"], ...], Field(strict=False), Unique]
    scale: Scale
    window: Window
    split: SeriesSplit

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, content: Any) -> Any:
        """Null: what the source says of its series; a target alone is read from its own past."""
        source = SOURCES.get(str(content.get("source"))) if isinstance(content, Mapping) else None
        if source is None:
            return content  # pydantic says what is wrong
        target = content.get("target") or source["target"]
        known = {"name": _stem(str(content.get("path"))), "unit": target} | source
        if target != source["target"]:
            known |= {"unit": target, "features": (target,)}
        return {**content, **{key: value for key, value in known.items() if key in content and content[key] is None}}

    @property
    def kind(self) -> str | None:
        """Which networks a panel has, per_symbol or global; None: it is a single series."""
        return self.panel if self.source == "panel" else None

    @property
    def place(self) -> str:
        """Where the data are from, for messages."""
        return self.path if self.source in ("csv", "panel") else f"source {self.source}"

    @model_validator(mode="after")
    def _check(self) -> "SeriesParams":
        if len(set(self.features)) < len(self.features):
            raise ValueError("features names a column twice")
        if self.name == "digits":
            raise ValueError("name digits is that of the other track: give the series another")
        if self.start and self.end and self.start > self.end:
            raise ValueError(f"start ({self.start}) lies after end ({self.end})")
        return self
