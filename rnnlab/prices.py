"""Daily (or other regular) prices from a CSV file: read, checked, sorted."""

import datetime
import difflib
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd

from rnnlab.errors import UserError

DATE_NAMES = ("date", "datetime", "timestamp", "time", "날짜", "일자")
EMPTY = {"", "null", "nan", "na", "n/a", "none", "-"}
OFFSET = re.compile(r"(:\d\d(?:\.\d+)?)\s*(?:Z|UTC|[+-]\d\d:?\d\d)$")
SHOWN = 5  # lines named in a notice


@dataclass(frozen=True)
class Prices:
    """Rows in order of time, and what a person should know of how they came about."""

    frame: pd.DataFrame  # index: dates; columns as asked for, float64
    notices: tuple[str, ...]


def read_prices(source: Path | BinaryIO, columns: Sequence[str], name: str = "") -> Prices:
    """Read the date column and ``columns`` of a CSV file; other columns are ignored.

    Args:
        source: the file; comma-separated, UTF-8, a header in line 1.
        columns: the columns that must be there.
        name: what messages call the file, where that is not its path.

    Raises:
        UserError: naming file, line and column of what is wrong.
    """
    name = name or str(source)
    table = _read_text(source, name)
    date_column = next((c for c in table.columns if c.strip().lower() in DATE_NAMES), None)
    if date_column is None and table.columns[0] == "Price":
        raise UserError(f"{name}: has yfinance's header of two levels; download with multi_level_index=False")
    if date_column is None:
        raise UserError(f"{name}: no date column; found {_listed(table.columns)}, looked for {_listed(DATE_NAMES)}")
    if missing := [column for column in columns if column not in table.columns]:
        near = difflib.get_close_matches(missing[0], table.columns, n=1, cutoff=0.6)
        hint = f" (is {missing[0]} perhaps {near[0]}?)" if near else ""
        raise UserError(f"{name}: no column {_listed(missing)}; found {_listed(table.columns)}{hint}")

    needed = list(dict.fromkeys(columns))
    cells = table[[date_column, *needed]].apply(lambda column: column.str.strip())
    notices = []
    empty = cells.apply(lambda column: column.str.lower().isin(EMPTY))
    blank = table.apply(lambda column: column.str.strip() == "").all(axis=1)
    if dropped := _lines(empty.any(axis=1) & ~blank):
        notices.append(f"{name}: {len(dropped)} rows with empty cells dropped (line {_some(dropped)})")
    cells = cells[~empty.any(axis=1)]
    if cells.empty:
        raise UserError(f"{name}: no row with a date and {_listed(needed)}")

    values = {column: _numbers(cells[column], column, name) for column in needed}
    dates = _dates(cells[date_column], date_column, name)
    repeated = dates[dates.duplicated(keep=False)]
    if len(repeated):
        first = repeated.iloc[0]
        raise UserError(
            f"{name}: {_day(first)} stands more than once in column {date_column} "
            f"(line {_some(_lines(dates == first))}); one row a date is allowed"
        )
    frame = pd.DataFrame(values)
    frame.index = pd.DatetimeIndex(dates, name="Date")
    if not frame.index.is_monotonic_increasing:
        frame = frame.sort_index()
        notices.append(f"{name}: the dates were not in order; rows sorted by date")
    return Prices(frame, tuple(notices))


def select(
    frame: pd.DataFrame, start: datetime.date | None, end: datetime.date | None, rows: int | None
) -> pd.DataFrame:
    """The days from ``start`` to ``end``, both included, and of these the last ``rows``.

    Raises:
        UserError: if nothing is left.
    """
    first = pd.Timestamp(start) if start else frame.index[0]
    stop = pd.Timestamp(end) + pd.Timedelta(days=1) if end else frame.index[-1] + pd.Timedelta(days=1)
    chosen = frame[(frame.index >= first) & (frame.index < stop)]
    if chosen.empty:
        raise UserError(
            f"no row from stock.start={start} to stock.end={end}: "
            f"the data go from {_day(frame.index[0])} to {_day(frame.index[-1])}"
        )
    return chosen if rows is None else chosen.iloc[-rows:]


def _read_text(source: Path | BinaryIO, name: str) -> pd.DataFrame:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # rows longer than the header: cells would be lost
            # As text, so that each bad cell can be named as it stands in the file.
            table = pd.read_csv(
                source,
                dtype=str,
                keep_default_na=False,
                skip_blank_lines=False,
                encoding="utf-8-sig",
                index_col=False,
            )
    except pd.errors.ParserWarning:
        raise UserError(f"{name}: rows hold more cells than the header names; is the separator a comma?") from None
    except FileNotFoundError:
        raise UserError(f"{name}: there is no such file (stock.path)") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{name}: is not UTF-8 text ({error.reason} at byte {error.start})") from None
    except pd.errors.EmptyDataError:
        raise UserError(f"{name}: is empty; a header line and rows are needed") from None
    except (pd.errors.ParserError, OSError) as error:
        raise UserError(f"{name}: can't be read as comma-separated text: {' '.join(str(error).split())}") from None
    if len(table.columns) == 1 and (found := re.search(r"[;\t|]", table.columns[0])):
        raise UserError(f"{name}: columns are separated by {found.group()!r}; only the comma is read")
    if table.empty:
        raise UserError(f"{name}: holds a header and no row")
    return table.fillna("")


def _numbers(cells: pd.Series, column: str, name: str) -> pd.Series:
    numbers = pd.to_numeric(cells, errors="coerce").astype("float64")
    bad = pd.Series(~np.isfinite(numbers), index=cells.index)
    if bad.any():
        line = _lines(bad)[0]
        raise UserError(f"{name}: line {line}, column {column}: {cells[bad].iloc[0]!r} is not a finite number")
    return numbers


def _dates(cells: pd.Series, column: str, name: str) -> pd.Series:
    """Dates in one form throughout; where day and month could be exchanged, the file itself must tell."""
    text = cells.str.replace(OFFSET, r"\1", regex=True)  # the exchange's own clock is what counts
    if re.match(r"\d{1,2}[-/. ]\d{1,2}[-/. ]\d{4}", text.iloc[0]):
        mark = re.sub(r"\d", "", text.iloc[0])[0]
        forms = (f"%d{mark}%m{mark}%Y", f"%m{mark}%d{mark}%Y")
        day = text.str.split(r"[ T](?=\d{1,2}:)", regex=True).str[0]
        time = pd.to_timedelta(text.str.extract(r"[ T](\d{1,2}:\d\d(?::\d\d)?)$")[0].fillna("00:00:00").map(_clock))
        read = [pd.to_datetime(day, format=form, errors="coerce") for form in forms]
        whole = [dates for dates in read if dates.notna().all()]
        if len(whole) == 2 and not whole[0].equals(whole[1]):
            raise UserError(
                f"{name}: column {column}: {text.iloc[0]!r} may be day-month or month-day, and no row tells which; "
                "write dates as YYYY-MM-DD"
            )
        dates = (whole or [max(read, key=lambda dates: dates.notna().sum())])[0] + time
    elif re.fullmatch(r"\d{8}", text.iloc[0]):
        dates = pd.to_datetime(text, format="%Y%m%d", errors="coerce")
    elif re.match(r"\d{4}\D", text.iloc[0]):
        iso = text.str.replace(r"^(\d{4})[./](\d{1,2})[./](\d{1,2})", r"\1-\2-\3", regex=True)
        dates = pd.to_datetime(iso, format="ISO8601", errors="coerce")
        if dates.isna().any():  # 2019-1-30: not ISO 8601, and yet plain
            dates = pd.to_datetime(iso, format="%Y-%m-%d", errors="coerce")
    elif re.search(r"[A-Za-z]{3}", text.iloc[0]):
        named = text.where(
            text.str.contains(r"[A-Za-z]{3}")
        )  # a month in letters in every row, or day and month are a guess
        dates = pd.to_datetime(named, format="mixed", errors="coerce")
    else:
        dates = pd.Series(pd.NaT, index=text.index, dtype="datetime64[s]")
    bad = dates.isna()
    if bad.any():
        raise UserError(
            f"{name}: line {_lines(bad)[0]}, column {column}: {cells[bad].iloc[0]!r} is not a date "
            "in one form with the first row; YYYY-MM-DD is always read"
        )
    return dates.astype("datetime64[s]")


def _clock(text: str) -> str:
    return text if text.count(":") == 2 else f"{text}:00"


def _lines(mask: pd.Series) -> list[int]:
    """The file's line numbers of the marked rows: row 0 is line 2."""
    return [int(row) + 2 for row in mask.index[mask]]


def _some(lines: list[int]) -> str:
    more = f" and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    return ", ".join(map(str, lines[:SHOWN])) + more


def _listed(names: Sequence[str] | pd.Index) -> str:
    return ", ".join(map(str, names))


def _day(moment: pd.Timestamp) -> str:
    return str(moment.date() if moment == moment.normalize() else moment)
