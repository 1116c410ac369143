"""The forms in which people write dates: which ones a text may be of, and how each is read."""

import re
from collections.abc import Callable
from typing import Literal

import pandas as pd

Reading = Callable[[pd.Series], pd.Series]  # text -> moments, NaT where a cell has another form

CLOCK_END = r"(?::\d\d|\d{4}-?\d\d-?\d\d[T ]\d{4}(?:\d\d)?)(?:\.\d+)?"  # of a date, before its time zone
ZONE = r"Z|UTC|[+-]\d\d(?::?\d\d)?"
OFFSET = re.compile(rf"({CLOCK_END})\s*({ZONE})$")
ZONED = rf"{CLOCK_END}\s*(?:{ZONE})$"  # as OFFSET, for those that only ask
CLOCK = r"[ T]((?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?)$"
MONTH = r"(?i)jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
HALF_DAY = r"(?i)[ T](\d{1,2})((?::\d\d){0,2})[ -]?([ap])\.?m\.?$"
# With a month in letters; what has another form must have a year of four digits, or a day may be read as a year.
WORDED = (
    "%b %d, %Y", "%d %b %Y", "%d-%b-%Y", "%B %d, %Y", "%d %B %Y", "%d-%b-%y", "%d %b %y", "%b-%y", "%b %y", "%b-%Y",
    "%b %Y", "%B %Y", "%B-%Y", "%Y-%b", "%Y %b", "%Y %B",
)  # fmt: skip
QUARTERS = (
    r"(?P<year>\d{4})[-/ .]?[Qq](?P<quarter>[1-4])",
    r"(?P<year>\d{4})(?:년 ?|[. ]?)(?P<quarter>[1-4])(?:분기|/4)",
    r"[Qq](?P<quarter>[1-4])[-/ ]?(?P<year>\d{4})",
    r"(?P<quarter>[1-4])[Qq][-/ ]?(?P<year>\d{4})",
)
EPOCHS: dict[int, Literal["s", "ms", "us", "ns"]] = {
    9: "s",
    10: "s",
    13: "ms",
    16: "us",
    19: "ns",
}  # digits of a count since 1970, and its unit
INTERVAL = r"(\d{4}-\d\d-\d\d)\s?(?:/|-|–|to)\s?\d{4}-\d\d-\d\d"
START = pd.Timestamp("1970-01-01")
EXCEL = pd.Timestamp("1899-12-30")  # day 0 of its serial days


def readings(first: str, numbers: bool) -> dict[str, Reading]:
    """The ways to read a column that begins with ``first``, by what they are called; none where it is no date.

    Args:
        numbers: whether bare numbers may be years, serial days or counts of seconds.
    """
    if re.search(HALF_DAY, first):
        return {called: _whole_day(read) for called, read in readings(to_24_hours(first), numbers).items()}
    if found := re.fullmatch(r"\d{1,2}([-/. ]) ?\d{1,2}\1 ?(\d{4}|\d\d)(?:[ T].*)?", first):
        year = "Y" if len(found[2]) == 4 else "y"
        forms = {"day.month.year": f"%d-%m-%{year}", "month.day.year": f"%m-%d-%{year}"}
        if found[1] == ".":  # who writes dots does not write the month first
            del forms["month.day.year"]
        if year == "y":
            forms["year.month.day"] = "%y-%m-%d"
        return {called: _with_clock(form) for called, form in forms.items()}
    if re.fullmatch(r"(?:19|20)\d{6}[ T]\d{4}(?:\d\d)?", first) or (
        numbers and re.fullmatch(r"(?:19|20)\d{10}(?:\d\d)?", first)
    ):
        return {"": _compact}
    if re.fullmatch(r"\d{8}(?:\.0)?", first):
        return {"": lambda text: _parse(text.str.removesuffix(".0"), "%Y%m%d")}
    if re.fullmatch(r"\d{8}[ T].*", first):
        return {"": _with_clock("%Y%m%d")}
    if quarter := next((form for form in QUARTERS if re.fullmatch(form, first)), None):
        return {"quarters": lambda text: _quarters(text, quarter)}
    if re.fullmatch(INTERVAL, first):
        return {"first days": lambda text: _parse(text.str.extract(f"^{INTERVAL}$")[0], "%Y-%m-%d")}
    if re.fullmatch(r"\d{4}- ?\d\d- ?\d\d", first) and " " in first:  # as Investing.com writes it in Korean
        return {"": by_format("%Y- %m- %d")}
    if re.fullmatch(r"\d{4}M\d\d?", first):
        return {"": by_format("%YM%m")}
    if re.fullmatch(r"\d{4}-?W\d\d", first):
        return {"weeks": lambda text: _parse(text.str.replace("-", "") + "1", "%GW%V%u")}
    if re.search(MONTH, first):
        start = pd.Series([first], dtype="str")
        worded = {form: by_format(form) for form in WORDED if _parse(start, form).notna().all()}
        return worded or {"": _with_words}
    # 2020.5 may be a month, and a number
    if re.match(r"\d{4}\s?[-/년年]|\d{4}\.\s?\d{1,2}\." + (r"|\d{4}\.\s?(?!0$)\d" if numbers else ""), first):
        return {"": _iso}
    return _counts(first) if numbers else {}


def is_date(text: str) -> bool:
    """Whether a text is a date in one of the forms that are no bare numbers."""
    cell = pd.Series([text], dtype="str")
    return any(read(cell).notna().all() for read in readings(text, numbers=False).values())


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
    if re.fullmatch(r"\d+(\.\d+)?", first) and (unit := EPOCHS.get(len(first.split(".")[0]))):
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
    other = other.str.replace(r"^(\d{4})[년年]\s*(\d{1,2})[월月](?:\s*(\d{1,2})[일日])?", _dashes, regex=True)
    for form in ("ISO8601", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y-%m"):
        missing = dates.isna()
        dates = dates.where(~missing, pd.to_datetime(other.where(missing), format=form, errors="coerce"))
    return dates


def _dashes(found: re.Match[str]) -> str:
    return "-".join(part.zfill(2) for part in found.groups() if part)


def _compact(text: pd.Series) -> pd.Series:
    """202001021530, 20200102 153000."""
    return _parse(
        text.str.replace(r"^(\d{8})[ T]?(\d{4})$", r"\1\g<2>00", regex=True).str.replace(r"[ T]", "", regex=True),
        "%Y%m%d%H%M%S",
    )


def to_24_hours(text: str) -> str:
    """2020-01-02 3:30 PM -> 2020-01-02 15:30."""

    def replace(found: re.Match[str]) -> str:
        hour = int(found[1])
        if not 1 <= hour <= 12:
            return found[0]
        return f" {hour % 12 + 12 * (found[3] in 'pP'):02}{found[2] or ':00'}"

    return re.sub(HALF_DAY, replace, text)


def _whole_day(read: Reading) -> Reading:
    def read_all(text: pd.Series) -> pd.Series:
        whole = text.map(to_24_hours)
        return read(whole.where(whole != text, ""))

    return read_all


def _with_words(text: pd.Series) -> pd.Series:
    """A month in letters in every row, or day and month are a guess; and no `today`, which pandas reads too."""
    named = text.where(text.str.contains(MONTH) & text.str.contains(r"\d{4}"))
    return pd.to_datetime(named, format="mixed", errors="coerce")


def _quarters(text: pd.Series, form: str) -> pd.Series:
    """2020Q3 -> 2020-07-01."""
    found = text.str.extract(f"^(?:{form})$")
    month = (3 * _float(found["quarter"]) - 2).astype("Int64").astype("string")
    return _parse(found["year"] + "-" + month, "%Y-%m")


def _parse(text: pd.Series, form: str) -> pd.Series:
    """As strptime reads; years of two digits that lie more than one ahead are of the last century."""
    dates = pd.to_datetime(text, format=form, errors="coerce")
    if "%y" not in form:
        return dates
    return dates.where(~(dates > pd.Timestamp.now() + pd.DateOffset(years=1)), dates - pd.DateOffset(years=100))


def _float(text: pd.Series) -> pd.Series:
    return pd.to_numeric(text, errors="coerce")
