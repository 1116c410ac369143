"""The tables of metrics/, read back."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

METRICS = Path("metrics")


def read_table(path: Path, **options: Any) -> pd.DataFrame:
    """A CSV file, with further options of pandas; symbols are read as text, also 005930 and NA."""
    table: pd.DataFrame = pd.read_csv(path, dtype={"symbol": str}, keep_default_na=False, na_values=[""], **options)
    return table


def read_tables(kind: str, models: Iterable[str], **options: Any) -> dict[str, pd.DataFrame]:
    """Of each model the table of a kind: history, predictions, backtest."""
    return {name: read_table(METRICS / kind / f"{name}.csv", **options) for name in models}
