"""Numbers as people write them: thousands separators, decimal commas, currencies, %, K, M and B."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FACTORS = {"k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}
AROUND = r"[$€£¥₩₹\s'\u00a0\u202f]"  # currencies, blanks, and apostrophes between thousands
PLAIN = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"


def to_numbers(cells: pd.Series, decimal: str) -> NDArray[np.float64]:
    """Float64, NaN where a cell is no number; ``decimal`` is the mark before decimals."""
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy("float64").copy()
    odd = np.isnan(numbers) if decimal == "." else np.ones(len(cells), bool)
    if odd.any():
        numbers[odd] = _written(cells[odd], decimal)
    return numbers


def _written(cells: pd.Series, decimal: str) -> NDArray[np.float64]:
    text = cells.str.replace(AROUND, "", regex=True).str.replace("−", "-").str.lower()
    text = text.str.replace(r"^\((.+)\)$", r"-\1", regex=True)  # accountants' negative numbers
    thousands = r"\." if decimal == "," else ","
    grouped = text.str.contains(rf"^[+-]?\d{{1,3}}(?:{thousands}\d{{3}})+(?!\d)", regex=True)
    text = text.where(~grouped, text.str.replace(thousands, "", regex=True))
    if decimal == ",":
        text = text.where(~text.str.contains(".", regex=False), "").str.replace(",", ".", regex=False)
    unit = text.str.extract(r"([kmbt%])$")[0]
    bare = text.str.replace(r"[kmbt%]$", "", regex=True)
    numbers = pd.to_numeric(bare.where(bare.str.fullmatch(PLAIN)), errors="coerce").to_numpy("float64")
    factors = unit.map(FACTORS).fillna(1.0).to_numpy("float64")
    return np.asarray(numbers * factors, np.float64)
