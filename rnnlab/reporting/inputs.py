"""What the page shows, read from the files of earlier stages."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from rnnlab.comparison.leaderboard import rank
from rnnlab.core.files import read_json
from rnnlab.core.tables import METRICS, read_baselines, read_table, read_tables
from rnnlab.reporting.track import Track
from rnnlab.windows.artifacts import PARTS
from rnnlab.windows.series_info import read_info

ABOUT = Path("data/scaled/series/about.json")
VERBS = {"train": "train", "validation": "validate", "test": "test"}
IMAGES = Path("data/windows/digits.json")


def read_track(name: str, models: list[str]) -> Track:
    baselines, _ = read_baselines(name)
    results: Mapping[str, Any] = {model: read_json(METRICS / f"test/{model}.json") for model in models}
    board = rank({name: {**baselines, **results}})
    order = [entry for entry in board[name] if entry in results]
    learned = {model: METRICS / f"learned/{model}.json" for model in order}
    return Track(
        board,
        baselines,
        {model: results[model] for model in order},
        read_tables("history", models),
        {name: _with_dates(table) for name, table in read_tables("predictions", models).items()},
        read_table(METRICS / "baselines/series.csv") if name == "series" else pd.DataFrame(),
        {model: found for model, path in learned.items() if path.exists() and (found := read_json(path))},
    )


def _with_dates(table: pd.DataFrame) -> pd.DataFrame:
    """A table whose column date, if it has one and rows are not only counted, holds moments."""
    if "date" in table and not pd.api.types.is_integer_dtype(table["date"]):
        return table.assign(date=pd.to_datetime(table["date"], format="ISO8601"))
    return table


def describe_steps() -> str:
    about = read_json(ABOUT)
    if about["panel"]:
        return f"{about['summary'][0]}."
    rows, info = read_table(METRICS / "baselines/series.csv", usecols=["date", "part"]), read_info()
    parts = (
        f"{info.count(len(dates))} {verb} ({dates.iloc[0]} to {dates.iloc[-1]})"
        for verb, dates in ((VERBS[part], rows["date"][rows["part"] == part]) for part in PARTS)
        if len(dates)
    )
    said = "; ".join(sentence.removeprefix("read as: ") for sentence in about["summary"])
    read = f" Read from its file: {said}." if said else ""
    return f"{', '.join(parts)}.{read}"


def describe_data() -> str:
    images = read_json(IMAGES)
    size = f"{images['length']} x {images['features']} pixels"
    return f"The series is {read_info().name}. {describe_steps()} The digits are {images['count']:,} images of {size}."
