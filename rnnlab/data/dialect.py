"""The dialect of a table's text, found in its beginning: encoding, separator, header, decimal mark."""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rnnlab.core.errors import UserError
from rnnlab.data.columns import EMPTY, plain
from rnnlab.data.encoding import find_encoding
from rnnlab.data.numbers import BLANKS

MARKS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
SEPARATORS = MARKS | {" ": "blanks"}  # these where there is no other
SAMPLED = 200  # lines
# Numbers with marks in them that leave no doubt which is the decimal one, by that mark.
_TELLING = r"\d{1,3}(T\d{3})+D\d*|\d*D(\d{1,2}|\d{4,})|0D\d+|\d{4,}D\d+|\d+D\d+[eE][+-]?\d+|\d{1,3}(T\d{3}){2,}"
TELLING = {
    ".": re.compile(_TELLING.replace("D", r"\.").replace("T", ",")),
    ",": re.compile(_TELLING.replace("D", ",").replace("T", r"\.")),
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
    lines: of the file, of each of these.
    guesses: what was found out, for a person.
    empty: words of cells without a value, in small letters.
    breaks: of lines, in the names.
    """

    encoding: str
    separator: str
    header: int
    skipped: int
    names: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    guesses: tuple[str, ...]
    empty: frozenset[str] = EMPTY
    breaks: int = 0

    def numbered(self, column: str, beside: Sequence[str] = ()) -> list[tuple[int, str]]:
        """The first cells of a column that are not empty, by their line, of rows in which ``beside`` have digits."""
        place, *others = (self.names.index(name) for name in (column, *beside))

        def said(row: Sequence[str], place: int) -> str:
            return "" if len(row) <= place or (cell := row[place].strip()).lower() in self.empty else cell

        rows = zip(self.lines, self.sample, strict=True)
        return [
            (line, cell)
            for line, row in rows
            if (cell := said(row, place)) and all(any(map(str.isdigit, said(row, other))) for other in others)
        ]

    def cells(self, column: str) -> list[str]:
        """The first cells of a column that are not empty."""
        return [cell for _, cell in self.numbered(column)]

    def repeats(self, column: str) -> bool:
        """Whether each cell of a column stands in several rows, on average."""
        cells = self.cells(column)
        return 0 < len(set(cells)) <= len(cells) / 2

    def find_group(self, columns: Iterable[str], dates: Sequence[str]) -> str:
        """The column that tells rows of one date apart, as a shop's name; where no date repeats yet, one of words."""
        repeated = [column for column in columns if self.names.count(column) == 1 and self.repeats(column)]
        for column in repeated:
            rows = list(zip(*(self._column(name) for name in (*dates, column)), strict=True))
            if len(set(rows)) == len(rows) > len({row[:-1] for row in rows}):
                return column
        return next((name for name in repeated if not any(map(str.isdigit, "".join(self.cells(name))))), "")

    def _column(self, name: str) -> list[str]:
        place = self.names.index(name)
        return [row[place] if len(row) > place else "" for row in self.sample]


def find_dialect(head: bytes, name: str, encoding: str | None = None, separator: str | None = None) -> Dialect:
    """The dialect of a file that begins with ``head``; what is given is not guessed.

    Raises:
        UserError: if the text can't be decoded.
    """
    encoding = encoding or find_encoding(head, name)
    try:
        text = codecs.getincrementaldecoder(encoding)("replace").decode(head).removeprefix("\ufeff")
    except Exception as error:  # whatever an encoding raises that is of no text, or asks for a mark at the beginning
        raise UserError(f"{name}: can't be decoded as {encoding} (series.read.encoding): {error}") from None
    lines = re.split("\r\n?|\n", text[: text.rfind("\n") + 1 or None], maxsplit=SAMPLED)[:SAMPLED]
    if lines and (said := re.fullmatch(r"sep=(.)", lines[0])):  # as Excel writes it
        separator, lines[0] = separator or said[1], ""
    comments = _comments(lines)
    lines[:comments] = [""] * comments
    guesses = [f"encoding {encoding}"] if encoding not in ("utf-8-sig", "utf-8") else []
    separator = separator or _separator(lines)
    if separator != ",":
        guesses.append(SEPARATORS.get(separator, repr(separator)))
    reader, numbered, begin = _cells(lines, separator), [], 1
    for number, row in enumerate(reader):
        if _said(row):
            numbered.append((number, (begin, reader.line_num), row))  # a cell in quotes may hold line breaks
        begin = reader.line_num + 1
    place = _header([row for *_, row in numbered])
    rows = [row for *_, row in numbered[place:]]
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
    begins = tuple(begin for _, (begin, _), _ in numbered[place + 1 + skipped :])
    breaks = numbered[place][1][1] - numbered[place][1][0] if numbered else 0
    return Dialect(encoding, separator, header, skipped, names, sample, begins, tuple(guesses), breaks=breaks)


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
                """-S "series.read.decimal=','" (or '.')"""
            )
    if len(told) > 1:
        first = {mark: next(cell for cell in cells if TELLING[mark].fullmatch(cell)) for mark in told}
        raise UserError(
            f"{name}: some numbers have a decimal point ({first['.']}) and some a comma ({first[',']}); say which, as "
            '''-S "series.read.decimal=','"'''
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


def _cells(lines: Iterable[str], separator: str) -> Any:
    return csv.reader(lines, delimiter=separator, skipinitialspace=True)


def _said(row: Sequence[str]) -> int:
    """How many cells are not blank."""
    return sum(bool(cell.strip()) for cell in row)


def _comments(lines: Sequence[str]) -> int:
    """How many lines at the top are notes after a #; the last of them may name the columns."""
    count = next((number for number, line in enumerate(lines) if line and not line.startswith("#")), 0)
    return count - 1 if count and re.match(r"[\"\s]*\d", lines[count]) else count


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
    if _said(rows[first]) > len(set(rows[first]) - {""}) and len(rows) > first + 1:  # stations, above the names
        below = [cell.strip() for cell in rows[first + 1]]
        if len(set(below)) == width and not any(VALUE.fullmatch(cell) for cell in below):
            return first + 1
    named = not any(VALUE.fullmatch(cell.strip()) for cell in rows[first])
    return first if named or all(len(row) == 1 for row in rows[:first]) else 0
