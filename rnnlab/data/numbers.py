"""Numbers as people write them: thousands separators, decimal commas, currencies, %, K, M and B."""

import math
import re
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FACTORS = {"": 1, "%": 1, "k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12, "천": 1e3, "만": 1e4, "억": 1e8, "조": 1e12}
MONEY = r"(?:[$€£¥₩₹₽元円원]|usd|eur|gbp|jpy|krw|chf|cny)"
BLANKS = "'’ \u00a0\u202f"  # between thousands


def to_numbers(cells: pd.Series, decimal: str) -> NDArray[np.float64]:
    """Float64, NaN where a cell is no number; ``decimal`` is the mark before decimals."""
    plain = cells if decimal == "." else cells.where(~cells.str.contains(".", regex=False), "")
    plain = plain if decimal == "." else plain.str.replace(decimal, ".", regex=False)
    numbers = pd.to_numeric(plain, errors="coerce").to_numpy("float64").copy()
    odd = np.isnan(numbers)
    if odd.any():
        pattern = _pattern(decimal)
        numbers[odd] = [_written(text, pattern, decimal) for text in cells[odd]]
    return numbers


@cache
def _pattern(decimal: str) -> re.Pattern[str]:
    """A whole number, so that no `1 2` is read as 12: groups of three digits have one mark between them."""
    point, thousands = (r"\.", ",") if decimal == "." else (",", r"\.")
    groups = rf"\d{{1,3}}(?:(?P<mark>[{thousands}{BLANKS}])\d{{3}})(?:(?P=mark)\d{{3}})*"
    indian = rf"\d{{1,2}}(?:{thousands}\d\d)+{thousands}\d{{3}}"
    plain = rf"(?:\d+(?:{point}\d*)?|{point}\d+)(?:e[+-]?\d+)?"
    number = rf"(?:(?:{groups}|{indian})(?:{point}\d*)?|{plain})"
    return re.compile(
        rf"(?P<debit>\()?(?P<sign>[+-]?)(?:{MONEY}\s?)?(?P<after>[+-]?)(?P<number>{number})"
        rf"\s?(?P<unit>[kmbt%천만억조]?)\s?{MONEY}?(?(debit)\))"
    )


def _written(text: str, pattern: re.Pattern[str], decimal: str) -> float:
    found = pattern.fullmatch(text.strip().replace("−", "-").lower())
    if not found or (found["sign"] and found["after"]):
        return math.nan
    thousands = "," if decimal == "." else "."
    digits = found["number"].translate(dict.fromkeys(map(ord, thousands + BLANKS))).replace(decimal, ".")
    negative = "-" in (found["sign"], found["after"]) or found["debit"]
    return float(digits) * FACTORS[found["unit"]] * (-1 if negative else 1)
