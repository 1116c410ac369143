"""The tables of metrics/, read back."""

from pathlib import Path
from typing import Any

import pandas as pd


def read_table(path: Path, **words: Any) -> pd.DataFrame:
    """A CSV file, with words for pandas; symbols are text, also those that are called 005930 or NA."""
    table: pd.DataFrame = pd.read_csv(path, dtype={"symbol": str}, keep_default_na=False, na_values=[""], **words)
    return table
