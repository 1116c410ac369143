"""The tables of metrics/, read back."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd


def read_table(path: Path, **options: Any) -> pd.DataFrame:
    """A CSV file, with further options of pandas; symbols are read as text, also 005930 and NA."""
    table: pd.DataFrame = pd.read_csv(path, dtype={"symbol": str}, keep_default_na=False, na_values=[""], **options)
    return table


def read_tables(folder: Path, models: Iterable[str]) -> dict[str, pd.DataFrame]:
    return {name: read_table(folder / f"{name}.csv") for name in models}
