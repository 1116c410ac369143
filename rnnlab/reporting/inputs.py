"""What the page shows, read from the files of earlier stages."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnnlab.comparison.leaderboard import rank
from rnnlab.core.files import read_json
from rnnlab.core.tables import METRICS, read_table, read_tables
from rnnlab.reporting.report import Track

ABOUT = Path("data/scaled/series/about.json")  # of a panel
IMAGES = Path("data/windows/digits.json")


def read_track(name: str, models: list[str]) -> Track:
    baselines = read_json(METRICS / f"baselines/{'digits' if name == 'digits' else 'series'}.json")
    results: Mapping[str, Any] = {model: read_json(METRICS / f"test/{model}.json") for model in models}
    board = rank({name: baselines | results})
    order = [entry for entry in board[name] if entry in results]
    dates = [] if name == "digits" else ["date"]
    return Track(
        board,
        baselines,
        {model: results[model] for model in order},
        read_tables("history", order),
        read_tables("predictions", order, parse_dates=dates),
    )


def describe_days() -> str:
    if ABOUT.exists():
        return f"{read_json(ABOUT)['summary'][0]}."
    prices = read_table(METRICS / "baselines/series.csv", usecols=["date", "part"])
    parts = (
        f"{part} {len(dates)}, {dates.iloc[0]} to {dates.iloc[-1]}"
        for part, dates in prices.groupby("part", sort=False)["date"]
    )
    return f"Days that are forecast: {'; '.join(parts)}."


def describe_data() -> str:
    images = read_json(IMAGES)
    size = f"{images['length']} x {images['features']} pixels"
    return f"Prices: {describe_days()} Digits: {images['count']:,} images of {size}."
