"""The dialect of a table's text, found in its beginning: encoding, separator, header, decimal mark."""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rnnlab.core.errors import UserError
from rnnlab.data.columns import plain
from rnnlab.data.numbers import BLANKS

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
SAMPLED = 200  # lines
# Numbers with marks in them that leave no doubt which is the decimal one, by that mark.
TELLING = {
    ".": re.compile(r"\d{1,3}(,\d{3})+\.\d*|\d*\.(\d{1,2}|\d{4,})|0\.\d+|\d{4,}\.\d+|\d{1,3}(,\d{3}){2,}"),
    ",": re.compile(r"\d{1,3}(\.\d{3})+,\d*|\d*,(\d{1,2}|\d{4,})|0,\d+|\d{4,},\d+|\d{1,3}(\.\d{3}){2,}"),
}
DOUBTFUL = re.compile(r"\d{1,3}[.,]\d{3}")
GROUPED = {".": re.compile(r"\d{1,3}(,\d{3})+(\.\d*)?"), ",": re.compile(r"\d{1,3}(\.\d{3})+(,\d*)?")}


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
    if len(rows) > 2 and plain(names[0]) == "price" and plain(rows[1][0]) == "ticker":
        if len({cell for cell in rows[1][1:] if cell.strip()}) > 1:
            raise UserError(f"{name}: holds several tickers side by side; download one, or save a long table")
        names, skipped = ("Date", *names[1:]), 2
        guesses.append("yfinance's header of two levels")
    sample = tuple(tuple(row) for row in rows[1 + skipped :])
    return Dialect(encoding, separator, header, skipped, names, sample, tuple(guesses))


def find_decimal(dialect: Dialect, columns: Iterable[str], others: Iterable[str], name: str) -> tuple[str, list[str]]:
    """The mark before the decimals of the numbers in some columns, and what was guessed.

    Args:
        others: columns that are asked where these don't tell.

    Raises:
        UserError: if nothing tells which it is.
    """
    cells = [_bare(cell) for column in columns for cell in dialect.cells(column)]
    told = _told(cells)
    doubtful = next((cell for cell in cells if DOUBTFUL.fullmatch(cell)), None)
    if doubtful and not told and dialect.separator != ",":
        told = _told([_bare(cell) for column in others for cell in dialect.cells(column)])
        if len(told) != 1:
            raise UserError(
                f"{name}: {doubtful!r} may be a thousand or a decimal fraction, and no row tells which; say it, as "
                "-S series.read.decimal='.' or ','"
            )
    if len(told) > 1:
        raise UserError(
            f"{name}: some numbers have a decimal point and some a comma; say which it is, as "
            "-S series.read.decimal=','"
        )
    decimal = told[0] if told else "."
    guesses = ["decimal comma"] if decimal == "," else []
    if any(GROUPED[decimal].fullmatch(cell) for cell in cells):
        guesses.append("thousands separators")
    return decimal, guesses


def _told(cells: Sequence[str]) -> list[str]:
    return [mark for mark, telling in TELLING.items() if any(telling.fullmatch(cell) for cell in cells)]


def _bare(cell: str) -> str:
    """Digits and marks, without the currency, blanks or unit around them."""
    return re.sub(rf"[{BLANKS}]", "", cell).strip("$€£¥₩₹₽元円원%+-−()kKmMbBtT")


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
        width, times = Counter(map(len, rows)).most_common(1)[0]
        header = next(row for row in rows if len(row) == width)
        named = not any(cell.strip().replace(".", "", 1).isdecimal() for cell in header)
        return named, 2 * times >= len(rows), width, times

    return max(SEPARATORS, key=score)


def _header(rows: Sequence[Sequence[str]]) -> int:
    """The first row that is as wide as most; above it stand titles and addresses."""
    widths = Counter(map(len, rows))
    if not widths:
        return 0
    width = widths.most_common(1)[0][0]
    first = next(number for number, row in enumerate(rows) if len(row) == width)
    return first if all(len(row) == 1 for row in rows[:first]) else 0
