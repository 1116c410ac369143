"""The forms in which people write dates: which ones a text may be of, and how each is read."""

import re
from collections.abc import Callable
from typing import Literal

import pandas as pd

Reading = Callable[[pd.Series], pd.Series]  # text -> moments, NaT where a cell has another form

OFFSET = re.compile(r"(:\d\d(?:\.\d+)?)\s*(Z|UTC|[+-]\d\d:?\d\d)$")
ZONED = r":\d\d(?:\.\d+)?\s*(?:Z|UTC|[+-]\d\d:?\d\d)$"  # as OFFSET, for those that only ask
CLOCK = r"[ T]((?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?)$"
MONTH = r"(?i)jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
EPOCHS: dict[int, Literal["s", "ms", "us", "ns"]] = {
    10: "s",
    13: "ms",
    16: "us",
    19: "ns",
}  # digits of a count since 1970, and its unit
START = pd.Timestamp("1970-01-01")
EXCEL = pd.Timestamp("1899-12-30")  # day 0 of its serial days


def readings(first: str, numbers: bool) -> dict[str, Reading]:
    """The ways to read a column that begins with ``first``, by what they are called; none where it is no date.

    Args:
        numbers: whether bare numbers may be years, serial days or counts of seconds.
    """
    if found := re.fullmatch(r"\d{1,2}([-/. ]) ?\d{1,2}\1 ?(\d{4}|\d\d)(?:[ T].*)?", first):
        year = "Y" if len(found[2]) == 4 else "y"
        if found[1] == ".":  # who writes dots writes the day first
            return {"day.month.year": _with_clock(f"%d-%m-%{year}")}
        forms = {"day.month.year": f"%d-%m-%{year}", "month.day.year": f"%m-%d-%{year}"}
        if year == "y":
            forms["year.month.day"] = "%y-%m-%d"
        return {called: _with_clock(form) for called, form in forms.items()}
    if re.fullmatch(r"\d{8}(?:[ T].*)?", first):
        return {"": _with_clock("%Y%m%d")}
    if re.fullmatch(r"\d{4}-?[Qq][1-4]|\d{4} [Qq][1-4]", first):
        return {"quarters": lambda text: _quarters(text.str.replace(r"[- ]", "", regex=True).str.upper())}
    if re.fullmatch(r"[Qq][1-4][- /]\d{4}", first):
        return {
            "quarters": lambda text: _quarters(text.str.replace(r"^(..)[- /](.*)$", r"\2\1", regex=True).str.upper())
        }
    if re.fullmatch(r"\d{4}-?W\d\d", first):
        return {"weeks": lambda text: _parse(text.str.replace("-", "") + "1", "%GW%V%u")}
    if re.match(r"\d{4}\s?[-/년]|\d{4}\.\s?(?!0$)\d", first):
        return {"": _iso}
    if re.search(MONTH, first):
        return {"": _with_words}
    return _counts(first) if numbers else {}


def by_format(form: str) -> Reading:
    """As strptime reads."""
    return lambda text: _parse(text, form)


def _counts(first: str) -> dict[str, Reading]:
    whole = first.removesuffix(".0")
    if re.fullmatch(r"\d{4}", whole):
        return {"years": lambda text: _parse(text.str.removesuffix(".0"), "%Y")}
    if re.fullmatch(r"\d{6}", whole):
        return {"yearmonth": lambda text: _parse(text, "%Y%m")}
    if re.fullmatch(r"[2-7]\d{4}(\.\d+)?", first):
        return {"Excel's serial days": lambda text: EXCEL + pd.to_timedelta(_float(text), unit="D").dt.round("s")}
    if whole.isdecimal() and len(whole) in EPOCHS:
        unit = EPOCHS[len(whole)]
        return {f"{unit} since 1970": lambda text: START + pd.to_timedelta(_float(text), unit=unit).dt.round("ms")}
    return {}


def _with_clock(form: str) -> Reading:
    def read(text: pd.Series) -> pd.Series:
        clock = text.str.extract(CLOCK)[0]
        day = (
            text.str.replace(CLOCK, "", regex=True).str.strip().str.rstrip(".").str.replace(r"[/. ] ?", "-", regex=True)
        )
        time = clock.fillna("00:00:00").map(lambda found: found if found.count(":") == 2 else f"{found}:00")
        return _parse(day, form) + pd.to_timedelta(time)

    return read


def _iso(text: pd.Series) -> pd.Series:
    """Year, month and day in this order, also where they are not ISO 8601."""
    dates = pd.to_datetime(text, format="ISO8601", errors="coerce")
    if not dates.isna().any():  # most files are of this form, and long
        return dates
    other = text.str.replace(r"^(\d{4})\s?[./]\s?(\d{1,2})(?:\s?[./]\s?(\d{1,2}))?\.?", _dashes, regex=True)
    other = other.str.replace(r"^(\d{4})년\s*(\d{1,2})월(?:\s*(\d{1,2})일)?", _dashes, regex=True)
    for form in ("ISO8601", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y-%m"):
        missing = dates.isna()
        dates = dates.where(~missing, pd.to_datetime(other.where(missing), format=form, errors="coerce"))
    return dates


def _dashes(found: re.Match[str]) -> str:
    return "-".join(part.zfill(2) for part in found.groups() if part)


def _with_words(text: pd.Series) -> pd.Series:
    """A month in letters in every row, or day and month are a guess; and no `today`, which pandas reads too."""
    named = text.where(text.str.contains(MONTH))
    for form in ("%b-%y", "%b %y", "%d-%b-%y", "%d %b %y", "%b %Y", "%B %Y", "%b-%Y"):
        dates = pd.to_datetime(named, format=form, errors="coerce")
        if dates.notna().any():
            return dates
    return pd.to_datetime(named, format="mixed", errors="coerce")


def _quarters(text: pd.Series) -> pd.Series:
    """2020Q3 -> 2020-07-01."""
    month = (3 * pd.to_numeric(text.str.extract(r"Q([1-4])$")[0], errors="coerce") - 2).astype("Int64").astype("string")
    return _parse(text.str.slice(0, 4) + "-" + month, "%Y-%m")


def _parse(text: pd.Series, form: str) -> pd.Series:
    return pd.to_datetime(text, format=form, errors="coerce")


def _float(text: pd.Series) -> pd.Series:
    return pd.to_numeric(text, errors="coerce")
