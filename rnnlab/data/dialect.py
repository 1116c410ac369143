"""The dialect of a table's text, found in its beginning: encoding, separator, header, decimal mark."""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rnnlab.core.errors import UserError
from rnnlab.data.columns import EMPTY, FOREIGN_NAMES, plain
from rnnlab.data.numbers import BLANKS

MARKS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
SEPARATORS = MARKS | {" ": "blanks"}  # these where there is no other
# Encodings in which a header may be found by words that are known.
ENCODINGS = ("cp949", "shift_jis", "gb18030", "big5")
SAMPLED = 200  # lines
# Numbers with marks in them that leave no doubt which is the decimal one, by that mark.
TELLING = {
    mark: re.compile(
        rf"\d\{mark}\d+e[+-]?\d+|\d{{1,3}}(\{other}\d{{3}})+\{mark}\d*|\d*\{mark}(\d{{1,2}}|\d{{4,}})|0\{mark}\d+"
        rf"|\d{{4,}}\{mark}\d+|\d{{1,3}}(\{other}\d{{3}}){{2,}}"
    )
    for mark, other in (".,", ",.")
}
DOUBTFUL = re.compile(r"\d{1,3}[.,]\d{3}")
VALUE = re.compile(r"[-+$€]?\d[\d.,:/ TZ-]*%?")  # a number or a date, no name
GROUPED = {".": re.compile(r"\d{1,3}(,\d{3})+(\.\d*)?"), ",": re.compile(r"\d{1,3}(\.\d{3})+(,\d*)?")}


@dataclass(frozen=True)
class Dialect:
    """Attributes:
    header: the line of the columns' names, from 0.
    skipped: lines after the header that are no rows, as yfinance's with the ticker.
    names: of the columns.
    sample: the first rows, as text.
    lines: of the file, of each of them.
    guesses: what was found out, for a person.
    empty: cells that hold nothing, in small letters.
    """

    encoding: str
    separator: str
    header: int
    skipped: int
    names: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    guesses: tuple[str, ...]
    empty: frozenset[str] = frozenset(EMPTY)

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
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head).removeprefix("\ufeff")
    lines = text[: text.rfind("\n") + 1 or None].splitlines()[:SAMPLED]
    if lines and (said := re.fullmatch(r"sep=(.)", lines[0])):  # as Excel writes it
        separator, lines[0] = separator or said[1], ""
    comments = _comments(lines)
    lines[:comments] = [""] * comments
    guesses = [encoding] if encoding not in ("utf-8-sig", "utf-8") else []
    separator = separator or _separator(lines)
    if separator != ",":
        guesses.append(SEPARATORS.get(separator, repr(separator)))
    numbered = [(number, row) for number, row in enumerate(_cells(lines, separator)) if _said(row)]
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
    at = tuple(number + 1 for number, _ in numbered[place + 1 + skipped :])
    return Dialect(encoding, separator, header, skipped, names, sample, at, tuple(guesses))


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
    return re.sub(rf"[{BLANKS}]", "", cell).strip("$€£¥₩₹₽元円원%+-−()kKmMbBtT").lower()


def _cells(lines: Iterable[str], separator: str) -> Iterable[list[str]]:
    return csv.reader(lines, delimiter=separator, skipinitialspace=True)


def _said(row: Sequence[str]) -> int:
    """How many cells are not blank."""
    return sum(bool(cell.strip()) for cell in row)


def _comments(lines: Sequence[str]) -> int:
    """How many lines at the top are notes after a #; the last of them may name the columns."""
    count = next((number for number, line in enumerate(lines) if line and not line.startswith("#")), 0)
    return count - 1 if count and re.match(r"[\"\s]*\d", lines[count]) else count


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
        for encoding in ENCODINGS:
            start = codecs.getincrementaldecoder(encoding)("replace").decode(head[:2000])
            if any(word in start for word in FOREIGN_NAMES):
                return encoding
        if _is_korean(head):
            return "cp949"
        if not re.search(rb"[\x80-\xff]{3}", head):  # letters with accents stand alone, or two together
            return "cp1252"
        from charset_normalizer import from_bytes  # takes a moment to import

        found = from_bytes(head, cp_isolation=["cp949", "cp1252", "shift_jis", "gb18030", "big5", "cp1251"]).best()
        if found is None:
            raise UserError(f"{name}: its text can't be decoded; say how, as -S series.read.encoding=cp949") from None
        return found.encoding
    return "utf-8-sig"


def _is_korean(head: bytes) -> bool:
    """Whether all that is not ASCII is Hangul: a header of a few words is too short for a guess by frequencies."""
    text = codecs.getincrementaldecoder("euc_kr")("replace").decode(head)
    return all(letter.isascii() or "가" <= letter <= "힣" for letter in text)


def _separator(lines: Sequence[str]) -> str:
    """The mark that cuts most lines into the same, greatest number of cells, the header among them."""

    def score(mark: str) -> tuple[bool, bool, bool, int, int]:
        rows = [row for row in _cells(lines, mark) if _said(row)]
        if not rows:
            return False, False, False, 0, 0
        if not rows[0][-1].strip() or all(row[-1].strip() for row in rows[1:]):
            widths = list(map(len, rows))
        else:  # a separator at the end of rows alone makes no cell
            widths = [len(row) - (not row[-1].strip()) for row in rows]
        width, times = Counter(widths).most_common(1)[0]
        header = rows[widths.index(width)]
        named = not any(re.match(r"[-+$€]?\d", cell.strip()) for cell in header)
        return width > 1, named, 2 * times >= len(rows), width, times

    best = max(MARKS, key=score)
    return best if score(best)[0] or not all(score(" ")[:3]) else " "


def _header(rows: Sequence[Sequence[str]]) -> int:
    """The first row that is as wide as most; above it stand titles and addresses."""
    if not rows:
        return 0
    width = Counter(map(len, rows)).most_common(1)[0][0]
    first = next((n for n, row in enumerate(rows) if len(row) == width and _said(row) > (width > 2)), 0)
    named = not any(VALUE.fullmatch(cell.strip()) for cell in rows[first])
    return first if named or all(len(row) == 1 for row in rows[:first]) else 0
