"""The columns of a table of prices: which hold dates and symbols, and how messages name what was found."""

import difflib
import re
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from rnnlab.core.errors import UserError

DATE_NAMES = ("date", "datetime", "timestamp", "time", "날짜", "일자")
SYMBOL_NAMES = ("symbol", "ticker", "code", "종목코드", "종목")
EMPTY = {"", "null", "nan", "na", "n/a", "none", "-"}
POSITIVE = {"Open", "High", "Low", "Close", "Adj Close"}
FIRST_DAY, LAST_DAY = np.datetime64("1900-01-01"), np.datetime64("2100-12-31")
SHOWN = 5  # lines named in a notice
SHOWN_NAMES = 20  # columns named in an error


def find_columns(found: pd.Index, needed: Sequence[str], name: str) -> str:
    """The column of dates; ``name`` is what messages call the file.

    Raises:
        UserError: if there is none, one of those that are needed is missing, or they are not separated by commas.
    """
    if len(found) == 1 and (mark := re.search(r"[;\t|]", found[0])):
        raise UserError(f"{name}: columns are separated by {mark.group()!r}; only the comma is read")
    date_column = next((column for column in found if column.strip().lower() in DATE_NAMES), None)
    if date_column is None and found[0] == "Price":
        raise UserError(f"{name}: has yfinance's header of two levels; download with multi_level_index=False")
    if date_column is None:
        raise UserError(f"{name}: no date column; found {listed(found)}, looked for {listed(DATE_NAMES)}")
    if missing := [column for column in needed if column not in found]:
        near = difflib.get_close_matches(missing[0], found, n=1, cutoff=0.6)
        hint = f" (is {missing[0]} perhaps {near[0]}?)" if near else ""
        raise UserError(f"{name}: no column {listed(missing)}; found {listed(found)}{hint}")
    if date_column in needed:
        raise UserError(f"{name}: column {date_column} holds the dates; it can't be read as numbers too")
    return str(date_column)


def find_symbol_column(found: Iterable[str]) -> str:
    """The column of symbols; empty: there is none."""
    return next((name for name in found if name.strip().lower() in SYMBOL_NAMES), "")


def some(lines: list[int]) -> str:
    more = f" and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    return ", ".join(map(str, lines[:SHOWN])) + more


def listed(names: Sequence[str] | pd.Index) -> str:
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return ", ".join(name if len(name) <= 40 else f"{name[:40]}…" for name in map(str, names[:SHOWN_NAMES])) + more


def shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")


def shown_day(moment: pd.Timestamp) -> str:
    return str(moment.date() if moment == moment.normalize() else moment)
