"""The dialect of a table's text, found in its beginning: encoding, separator, header, decimal mark."""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rnnlab.core.errors import UserError
from rnnlab.data.columns import plain

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
SAMPLED = 200  # lines
# A number with marks in it that leave no doubt which of them is the decimal one.
POINT = re.compile(
    r"[^\d.,]*(\d{1,3}(,\d{3})+\.\d*|\d+\.(\d{1,2}|\d{4,})|0\.\d+|\d{4,}\.\d+|\d{1,3}(,\d{3}){2,})[^\d.,]*"
)
COMMA = re.compile(
    r"[^\d.,]*(\d{1,3}(\.\d{3})+,\d*|\d+,(\d{1,2}|\d{4,})|0,\d+|\d{4,},\d+|\d{1,3}(\.\d{3}){2,})[^\d.,]*"
)
VALUE = re.compile(r"[-+$€]?\d[\d.,:/ TZ-]*%?")  # a number or a date, no name
EITHER = re.compile(r"[^\d.,]*\d{1,3},\d{3}[^\d.,]*")


@dataclass(frozen=True)
class Dialect:
    """Attributes:
    header: the line of the columns' names, from 0.
    skipped: lines after the header that are no rows, as yfinance's with the ticker.
    names: of the columns.
    sample: the first rows, as text.
    guesses: what was found out, for a person.
    """

    encoding: str
    separator: str
    header: int
    skipped: int
    names: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]
    guesses: tuple[str, ...]

    def cells(self, column: str) -> list[str]:
        """The first cells of a column that are not blank."""
        place = self.names.index(column)
        return [cell for row in self.sample if len(row) > place and (cell := row[place].strip())]


def find_dialect(head: bytes, name: str, encoding: str | None = None, separator: str | None = None) -> Dialect:
    """The dialect of a file that begins with ``head``; what is given is not guessed.

    Raises:
        UserError: if the text can't be decoded.
    """
    encoding = encoding or _encoding(head, name)
    whole = head[: head.rfind(b"\n") + 1] or head
    lines = whole.decode(encoding, errors="replace").removeprefix("\ufeff").splitlines()[:SAMPLED]
    guesses = [encoding] if encoding not in ("utf-8-sig", "utf-8") else []
    separator = separator or _separator(lines)
    if separator != ",":
        guesses.append(SEPARATORS.get(separator, repr(separator)))
    numbered = [(number, row) for number, row in enumerate(csv.reader(lines, delimiter=separator)) if _said(row)]
    place = _header([row for _, row in numbered])
    rows = [row for _, row in numbered[place:]]
    header, skipped = (numbered[place][0] if numbered else 0), 0
    if header:
        guesses.append(f"{header} line{'s' * (header > 1)} above the header")
    names = tuple(rows[0]) if rows else ()
    if names and all(VALUE.fullmatch(cell.strip()) for cell in names if cell.strip()):
        raise UserError(
            f"{name}: line {header + 1} holds values ({', '.join(names)[:40]}), and should name the columns: add a "
            "line above it, as Date,Value"
        )
    if len(rows) > 1 and all(len(row) == len(names) + 1 and not row[-1].strip() for row in rows[1:]):
        names = (*names, "")  # rows end with a separator, and the header does not
    if len(rows) > 2 and plain(names[0]) == "price" and plain(rows[1][0]) == "ticker":
        if len({cell for cell in rows[1][1:] if cell.strip()}) > 1:
            raise UserError(f"{name}: holds several tickers side by side; download one, or save a long table")
        names, skipped = ("Date", *names[1:]), 2
        guesses.append("yfinance's header of two levels")
    sample = tuple(tuple(row) for row in rows[1 + skipped :])
    return Dialect(encoding, separator, header, skipped, names, sample, tuple(guesses))


def find_decimal(cells: Sequence[str], separator: str, name: str) -> tuple[str, list[str]]:
    """The mark before the decimals of some numbers, and what was guessed.

    Raises:
        UserError: if nothing tells which it is.
    """
    point, comma = (any(mark.fullmatch(cell) for cell in cells) for mark in (POINT, COMMA))
    if point and comma:
        raise UserError(
            f"{name}: some numbers have a decimal point and some a comma; say which it is, as "
            "-S series.read.decimal=','"
        )
    doubtful = next((cell for cell in cells if EITHER.fullmatch(cell)), None)
    if separator != "," and doubtful and not point and not comma:
        raise UserError(
            f"{name}: {doubtful!r} may be a thousand or a decimal fraction, and no row tells which; say it, as "
            "-S series.read.decimal='.' or ','"
        )
    guesses = ["decimal comma"] if comma else []
    mark = r"\." if comma else ","
    grouped = re.compile(rf"[^\d.,]*\d{{1,3}}({mark}\d{{3}})+([.,]\d*)?[^\d.,]*")
    if any(grouped.fullmatch(cell) for cell in cells):
        guesses.append("thousands separators")
    return ("," if comma else "."), guesses


def _said(row: Sequence[str]) -> bool:
    return any(cell.strip() for cell in row)


def _encoding(head: bytes, name: str) -> str:
    marks = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
    for mark, encoding in marks.items():
        if head.startswith(mark):
            return encoding
    if b"\0" in head:
        line = 1 + (head.count(b"\n", 0, head.index(b"\0")) or head.count(b"\r", 0, head.index(b"\0")))
        raise UserError(f"{name}: line {line} is not text (a NUL byte)")
    try:
        codecs.getincrementaldecoder("utf-8-sig")().decode(head)  # half a character at the end is none of its faults
    except UnicodeDecodeError:
        if _is_korean(head):
            return "cp949"
        from charset_normalizer import from_bytes  # takes a moment to import

        found = from_bytes(head, cp_isolation=["cp949", "cp1252", "shift_jis", "gb18030", "big5", "cp1251"]).best()
        if found is None:
            raise UserError(f"{name}: its text can't be decoded; say how, as -S series.read.encoding=cp949") from None
        return found.encoding
    return "utf-8-sig"


def _is_korean(head: bytes) -> bool:
    """Whether all that is not ASCII is Hangul: a header of a few words is too short for a guess by frequencies."""
    text = codecs.getincrementaldecoder("cp949")("replace").decode(head)
    return all(letter.isascii() or "가" <= letter <= "힣" for letter in text)


def _separator(lines: Sequence[str]) -> str:
    """The mark that cuts most lines into the same, greatest number of cells, the header among them."""

    def score(mark: str) -> tuple[bool, bool, int, int]:
        rows = [row for row in csv.reader(lines, delimiter=mark) if _said(row)]
        if not rows:
            return False, False, 0, 0
        if not rows[0][-1].strip() or all(row[-1].strip() for row in rows[1:]):
            widths = list(map(len, rows))
        else:  # a separator at the end of rows alone makes no cell
            widths = [len(row) - (not row[-1].strip()) for row in rows]
        width, times = Counter(widths).most_common(1)[0]
        header = rows[widths.index(width)]
        named = not any(cell.strip().replace(".", "", 1).isdecimal() for cell in header)
        return named, 2 * times >= len(rows), width, times

    return max(SEPARATORS, key=score)


def _header(rows: Sequence[Sequence[str]]) -> int:
    """The first row that is as wide as most; above it stand titles and addresses."""
    if not rows:
        return 0
    width = Counter(map(len, rows)).most_common(1)[0][0]
    first = next(number for number, row in enumerate(rows) if len(row) == width)
    return first if all(len(row) == 1 for row in rows[:first]) else 0
