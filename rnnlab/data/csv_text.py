"""The text of a CSV file, piece by piece, refused before a parser chokes on it."""

import codecs
import csv
import gzip
import io
import re
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, BinaryIO, cast

import pandas as pd

from rnnlab.core.errors import UserError
from rnnlab.data.columns import listed
from rnnlab.data.date_forms import is_date
from rnnlab.data.dialect import Dialect, find_dialect
from rnnlab.data.encoding import WIDE

LONGEST = 2**16  # bytes of a line; a parser's memory grows with it
ROWS_AT_ONCE = 2**17
NOTES = 2**12  # bytes at the end of a file that may be notes
KINDS = {  # how files begin that are no text
    b"PK\x03\x04": "is a workbook or an archive: save it as CSV or Parquet",
    b"\xd0\xcf\x11\xe0": "is an old workbook: save it as CSV or Parquet",
    b"PAR1": "is Parquet: its name should end in .parquet",
    b"%PDF": "is a PDF: save its table as CSV or Parquet",
    b"SQLite": "is a database: save its table as CSV or Parquet",
    b"<?xml": "is XML: save its table as CSV or Parquet",
    b"version https://git-lfs": "is what Git LFS keeps in place of the file: fetch that (git lfs pull)",
    **dict.fromkeys((b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"(\xb5/\xfd"), "is packed, and not with gzip: unpack it"),
}


class CsvFile:
    """A file's rows as text, some at a time.

    Args:
        name: what messages call the file.
        encoding, separator: None: found in its beginning.
    """

    def __init__(
        self, source: Path | BinaryIO, name: str, encoding: str | None = None, separator: str | None = None
    ) -> None:
        self.source, self.name = source, name
        with self._open() as file:
            try:
                head = file.read(4 * LONGEST)  # a header and some rows
            except (OSError, EOFError, zlib.error) as error:
                raise UserError(f"{name}: can't be read: {error}") from None
        if kind := next((said for start, said in KINDS.items() if head.startswith(start)), None):
            raise UserError(f"{name}: {kind}")
        if len(head) > LONGEST and not re.search(rb"[\r\n]", head[:LONGEST]):
            if b"\0" in head:
                raise UserError(f"{name}: line 1 is not text (a NUL byte)")
            raise UserError(f"{name}: line 1 is too long: up to {LONGEST:,} bytes are read")
        if head[:100].lstrip().lower().startswith((b"<!doctype", b"<html")):
            raise UserError(f"{name}: is a web page: is a login needed where it came from?")
        if re.match(rb'\s*[\[{]\s*["\[{]', head):
            raise UserError(f"{name}: is JSON: save it as CSV or Parquet")
        if not head.removeprefix(codecs.BOM_UTF8).strip():
            raise UserError(f"{name}: is empty; a header line and rows are needed")
        self.dialect: Dialect = find_dialect(head, name, encoding, separator)

    @property
    def first_line(self) -> int:
        """Of the rows."""
        return self.dialect.header + self.dialect.breaks + 2 + self.dialect.skipped

    def tables(self, once: Sequence[str]) -> Iterator[pd.DataFrame]:
        """The rows as text, so that each bad cell can be named as it stands there; indexed by their line.

        The columns of ``once`` may stand there once only.
        """
        names = self.dialect.names
        if twice := [column for column in dict.fromkeys(once) if names.count(column) > 1]:
            raise UserError(f"{self.name}: has more than one column {listed(twice)}")
        options: Any = {"dtype": str, "keep_default_na": False, "skip_blank_lines": False, "index_col": False}
        options["skipinitialspace"] = True
        options |= {"sep": self.dialect.separator, "header": 0, "names": _unique(names)}
        options["skiprows"] = self._is_skipped if self.first_line > 2 else None
        end = self._end_of_rows()
        try:
            with self._open() as file:
                yield from self._parse(_Text(file, self.name, self.dialect.encoding, end), options)
        except pd.errors.ParserWarning:
            raise UserError(
                f"{self.name}: line {self.first_line}: rows hold more cells than the header names; say what "
                '''separates them, as -S "series.read.separator=';'"'''
            ) from None
        except pd.errors.EmptyDataError:
            raise UserError(f"{self.name}: is empty; a header line and rows are needed") from None
        except (pd.errors.ParserError, csv.Error, OSError, EOFError, zlib.error, UnicodeError) as error:
            reason = " ".join(str(error).split()).removeprefix("Error tokenizing data. C error: ")
            if found := re.fullmatch(r"Expected (\d+) fields in line (\d+), saw (\d+)", reason):
                raise UserError(
                    f"{self.name}: line {found[2]}: the row has {found[3]} cells, the header {found[1]}: is it a note "
                    "below the table, or a number with commas that is not in quotes?"
                ) from None
            raise UserError(f"{self.name}: can't be read as text in cells: {reason}") from None

    def _end_of_rows(self) -> int | None:
        """The byte at which notes begin below the table that have more cells than its rows; None: there are none."""
        with self._open() as file:
            if isinstance(file, gzip.GzipFile) or self.dialect.encoding.startswith(WIDE):
                return None
            size = file.seek(0, io.SEEK_END)
            file.seek(max(0, size - NOTES))
            lines = file.read().splitlines(keepends=True)
        end, width = size, len(self.dialect.names)
        for line in reversed(lines[1:]):
            row = next(csv.reader([line.decode(self.dialect.encoding, "replace")], delimiter=self.dialect.separator))
            note = is_footer(row) and (len(row) > width or len(row) == 1 < width)
            if b'"' in line or not (note or not any(row)):
                break
            end -= len(line)
        return end if end < size else None

    def _is_skipped(self, line: int) -> bool:
        header = self.dialect.header
        return line < header or header < line <= header + self.dialect.skipped

    def _parse(self, text: "_Text", options: Any) -> Iterator[pd.DataFrame]:
        open_ended, rows = False, 0  # does a row end with an empty cell, or before it?
        with pd.read_csv(text, chunksize=ROWS_AT_ONCE, **options) as tables:
            while True:
                with warnings.catch_warnings():  # rows longer than the header: cells would be lost
                    warnings.simplefilter("error", pd.errors.ParserWarning)
                    table = next(tables, None)
                if table is None:
                    break
                open_ended |= bool((table.iloc[:, -1] == "").any())
                table.index = pd.RangeIndex(rows, rows + len(table)) + self.first_line
                if text.breaks and len(table):  # a row with line breaks in its cells takes several lines
                    more = table.fillna("").apply(lambda column: column.str.count("\n")).sum(axis=1).cumsum()
                    table.index = table.index + more.shift(fill_value=0).to_numpy()
                    rows += int(more.iloc[-1])
                rows += len(table)
                yield table
        if open_ended:
            self._check_lengths()

    def _check_lengths(self) -> None:
        """That no row is cut short, a footer aside. pandas does not tell missing cells from empty ones."""
        short: list[tuple[int, list[str]]] = []
        width = len(self.dialect.names)
        with self._open() as file:
            text = io.TextIOWrapper(cast(Any, file), self.dialect.encoding, newline="")
            rows, end = csv.reader(text, delimiter=self.dialect.separator, skipinitialspace=True), 0
            for row in rows:
                line, end = end + 1, rows.line_num
                said = [cell for cell in row if cell.strip()]
                if line >= self.first_line and said:
                    if short and len(row) == width:
                        break  # a row follows: it was none of a footer
                    if len(row) < width:
                        short.append((line, row))
        if short and not all(is_footer(row) for _, row in short):
            line, row = next((line, row) for line, row in short if not is_footer(row))
            raise UserError(
                f"{self.name}: line {line}: the row has {len(row)} cells, the header {width}: is it cut short?"
            )

    def _open(self) -> Any:
        if (
            isinstance(self.source, Path)
            and self.source.exists()
            and not (self.source.is_file() or self.source.is_dir())
        ):
            raise UserError(f"{self.name}: is no file, but a pipe or a device")
        try:
            with self.source.open("rb") if isinstance(self.source, Path) else nullcontext(self.source) as file:
                file.seek(0)
                packed = file.read(2) == b"\x1f\x8b"
                file.seek(0)
            if packed:
                return gzip.open(self.source)
            return self.source.open("rb") if isinstance(self.source, Path) else nullcontext(self.source)
        except FileNotFoundError:
            raise UserError(f"{self.name}: there is no such file") from None
        except IsADirectoryError:
            raise UserError(f"{self.name}: can't be read: it is a folder, and a single series is a file") from None
        except OSError as error:
            raise UserError(f"{self.name}: can't be read: {error.strerror or error}") from None


class _Text(io.TextIOBase):
    """A file's text, piece by piece."""

    def __init__(self, file: BinaryIO, name: str, encoding: str, end: int | None) -> None:
        self.file, self.name, self.line, self.left = file, name, 1, end
        self.encoding_name, self.breaks = encoding, False  # are there line breaks in a quoted cell?
        self.decoder = codecs.getincrementaldecoder(encoding)()

    def read(self, size: int | None = -1, /) -> str:
        piece = self.file.read(LONGEST if self.left is None else min(LONGEST, self.left))
        self.left = None if self.left is None else self.left - len(piece)
        wide = self.encoding_name.startswith(WIDE)
        if b"\0" in piece and not wide:
            raise UserError(f"{self.name}: line {self._line(piece, piece.index(0))} is not text (a NUL byte)")
        if len(piece) == LONGEST and not re.search(rb"[\r\n]", piece):
            raise UserError(f"{self.name}: line {self.line} is too long: up to {LONGEST:,} bytes are read")
        try:
            text = self.decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            line = self._line(piece, error.start)
            raise UserError(
                f"{self.name}: line {line} is not {self.encoding_name.removesuffix('-sig').upper()} text "
                f"({error.reason}); say its encoding, as -S series.read.encoding=cp1252"
            ) from None
        self.breaks |= b'"' in piece and any(line.count(b'"') % 2 for line in piece.split(b"\n"))
        self.line = self._line(piece, len(piece))
        return text or (self.read() if piece else "")  # no more than half a character came

    def _line(self, piece: bytes, stop: int) -> int:
        return self.line + (piece.count(b"\n", 0, stop) or piece.count(b"\r", 0, stop))


def is_footer(row: Sequence[str]) -> bool:
    """Whether a short row is a note below the table, also one with commas in it, and not the beginning of a row."""
    said = [cell.strip() for cell in row if cell.strip()] or ["-"]
    alone = len(said) == 1 or re.match(r"[*(©]|\w[^:]*:(?!\d)", said[0])
    return bool(alone) and not said[0][0].isdigit() and not any(map(is_date, said))


def _unique(names: Sequence[str]) -> list[str]:
    """pandas takes no name twice; one that is not needed may stand there so."""
    unique: dict[str, None] = {}
    for place, name in enumerate(names):
        while name in unique:
            name = f"{name}.{place}"
        unique[name] = None
    return list(unique)
