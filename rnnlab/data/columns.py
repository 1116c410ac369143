"""The columns of a table: which one a person means, which hold dates and symbols, how messages name them."""

import difflib
import re
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from rnnlab.core.errors import UserError

DATE_NAMES = (
    "date", "datetime", "date time", "timestamp", "time", "day", "month", "week", "quarter", "year", "period",
    "ds", "ts", "unix", "epoch",
    "data", "datum", "observation date", "open time", "날짜", "일자", "일시", "년월", "연도", "기준일", "기준일자",
    "年月日", "日期", "日付", "fecha", "дата", "dato", "año", "ano", "année", "jahr",
)  # fmt: skip
CLOCK_NAMES = ("time", "hour", "시간", "uhrzeit")  # beside a column of days
SYMBOL_NAMES = ("symbol", "ticker", "code", "name", "종목코드", "종목")
# Cells without a value, in small letters: pandas' words, those of spreadsheets, and others that people write.
EMPTY = frozenset(
    (
        "", "<na>", "n/a", "na", "nan", "-nan", "none", "null", "#na", "#n/a", "#n/a n/a",
        "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan", "#div/0!", "#value!", "#ref!", "#name?", "#num!",
        "-", "--", "–", "—", ".", "..", "n.a.", "n/d", "?",
    )
)  # fmt: skip
# What columns of prices are called elsewhere; the first that a table has is taken.
ALIASES = {
    "open": ("open", "시가", "오픈", "始値", "开盘"),
    "high": ("high", "고가", "高値", "最高"),
    "low": ("low", "저가", "安値", "最低"),
    "close": ("close", "종가", "終値", "收盘", "close/last", "price", "last"),
    "volume": ("volume", "vol", "거래량", "出来高", "成交量"),
    "adj close": ("adj close", "adjusted close", "수정종가"),
}
FOREIGN_NAMES = [name for name in (*DATE_NAMES, *sum(ALIASES.values(), ())) if not name.isascii()]
PRICES = ("open", "high", "low", "close")
FIRST_DAY, LAST_DAY = np.datetime64("1000-01-01"), np.datetime64("2200-12-31")
SHOWN = 5  # lines named in a notice
SHOWN_NAMES = 20  # columns named in an error


def plain(name: str) -> str:
    """A column's name without regard to case, blanks and underscores, and to brackets and marks at its ends."""
    return re.sub(r"[\s_]+", " ", name.strip().strip("<>.*#").strip()).casefold()


def match(wanted: str, found: Sequence[str]) -> str | None:
    """The column that a person means: of this very name, else of its plain name, else called so elsewhere."""
    if exact := next((name for name in found if wanted in (name, name.strip())), None):
        return exact
    by_plain = {plain(name): name for name in reversed(found)}
    for name in (plain(wanted), *ALIASES.get(canonical(wanted), ())):
        if name in by_plain:
            return by_plain[name]
    return None


def canonical(name: str) -> str:
    """Which of a price's columns it is; else its plain name."""
    return next((key for key, names in ALIASES.items() if plain(name) in names), plain(name))


def hold_prices(found: Iterable[str]) -> bool:
    """Whether open, high, low and close stand together: a column High alone may be a temperature's."""
    return {canonical(name) for name in found} >= set(PRICES)


def price_of(column: str, found: Iterable[str]) -> str:
    """Which price a table's column is; empty: none. High and Low are ones where open, high, low and close stand."""
    price = canonical(column)
    alone = plain(column) in ("open", "close", "시가", "종가")
    return price if price in PRICES and (alone or hold_prices(found)) else ""


def find_columns(found: Sequence[str], needed: Sequence[str], name: str, command: str = "") -> dict[str, str]:
    """Of each column that is needed the one that the table has.

    Args:
        name: what messages call the file.
        command: that would read the file; empty: there is none.

    Raises:
        UserError: if one is missing.
    """
    columns = {column: match(column, found) for column in needed}
    if missing := [column for column, own in columns.items() if own is None]:
        near = difflib.get_close_matches(missing[0], found, n=1, cutoff=0.6)
        hint = f" (is {missing[0]} perhaps {near[0]}?)" if near else ""
        cure = f"; this reads it:\n  {command}" if command else ""
        raise UserError(f"{name}: no column {listed(missing)}; found {listed(found)}{hint}{cure}")
    return {column: own for column, own in columns.items() if own is not None}


def find_symbol_column(found: Iterable[str]) -> str:
    """The column of symbols; empty: there is none."""
    return next((name for name in found if plain(name) in SYMBOL_NAMES), "")


def some(lines: list[int]) -> str:
    more = f" and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    return ", ".join(map(str, lines[:SHOWN])) + more


def listed(names: Sequence[object] | pd.Index) -> str:
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return ", ".join(name if len(name) <= 40 else f"{name[:40]}…" for name in map(str, names[:SHOWN_NAMES])) + more


def shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")


def shown_day(moment: pd.Timestamp) -> str:
    return str(moment.date() if moment == moment.normalize() else moment)
