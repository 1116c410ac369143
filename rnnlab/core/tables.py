"""The tables of metrics/, read back."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from rnnlab.core.files import read_json

METRICS = Path("metrics")


def read_table(path: Path, **options: Any) -> pd.DataFrame:
    """A CSV file, with further options of pandas; symbols are read as text, also 005930 and NA."""
    table: pd.DataFrame = pd.read_csv(path, dtype={"symbol": str}, keep_default_na=False, na_values=[""], **options)
    return table


def read_tables(kind: str, models: Iterable[str], **options: Any) -> dict[str, pd.DataFrame]:
    """Of each model the table of a kind: history, predictions, backtest."""
    return {name: read_table(METRICS / kind / f"{name}.csv", **options) for name in models}


def read_baselines(track: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The figures of a track's simple rules, or of a panel's, by name; and why others are left out."""
    found = read_json(METRICS / f"baselines/{'digits' if track == 'digits' else 'series'}.json")
    return found["rules"], found["left_out"]
