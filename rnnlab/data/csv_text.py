"""The text of a CSV file, piece by piece, refused before a parser chokes on it."""

import codecs
import csv
import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd

from rnnlab.core.errors import UserError
from rnnlab.data.columns import DATE_NAMES, listed

LONGEST = 2**16  # bytes of a line; a parser's memory grows with it
ROWS_AT_ONCE = 2**17


class _Text(io.TextIOBase):
    """A file's text, piece by piece, refused before a parser chokes on it."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.file, self.name, self.line = file, name, 1
        self.decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self.start = self._piece()
        self.header = next(csv.reader(io.StringIO(self.start, newline="")), [])

    def read(self, size: int | None = -1, /) -> str:
        text, self.start = self.start or self._piece(), ""
        return text

    def _piece(self) -> str:
        piece = self.file.read(LONGEST)
        if b"\0" in piece:
            raise UserError(f"{self.name}: line {self._line(piece, piece.index(0))} is not UTF-8 text (a NUL byte)")
        if len(piece) == LONGEST and not re.search(rb"[\r\n]", piece):
            raise UserError(f"{self.name}: line {self.line} is too long: up to {LONGEST:,} bytes are read")
        try:
            text = self.decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            line = self._line(piece, error.start)
            raise UserError(f"{self.name}: line {line} is not UTF-8 text ({error.reason})") from None
        self.line = self._line(piece, len(piece))
        return text or (self._piece() if piece else "")  # no more than half a character came

    def _line(self, piece: bytes, stop: int) -> int:
        return self.line + (piece.count(b"\n", 0, stop) or piece.count(b"\r", 0, stop))


def read_tables(source: Path | BinaryIO, name: str, once: Sequence[str]) -> Iterator[pd.DataFrame]:
    """A file's rows as text, so that each bad cell can be named as it stands there, some rows at a time.

    The columns of ``once``, and the date's, may stand there once only.
    """
    options: Any = {"dtype": str, "keep_default_na": False, "skip_blank_lines": False, "index_col": False}
    try:
        with source.open("rb") if isinstance(source, Path) else nullcontext(source) as file:
            text = _Text(file, name)
            if not any(cell.strip() for cell in text.header) and text.start.strip():
                raise UserError(f"{name}: line 1 is blank; the names of the columns should stand there")
            names = [column for column in text.header if column in once or column.strip().lower() in DATE_NAMES]
            if twice := [column for column in dict.fromkeys(names) if names.count(column) > 1]:
                raise UserError(f"{name}: has more than one column {listed(twice)}")
            open_ended = False  # does a row end with an empty cell, or before it?
            with pd.read_csv(text, chunksize=ROWS_AT_ONCE, **options) as tables:
                while True:
                    with warnings.catch_warnings():  # rows longer than the header: cells would be lost
                        warnings.simplefilter("error", pd.errors.ParserWarning)
                        table = next(tables, None)
                    if table is None:
                        if open_ended:
                            _check_lengths(file, name)
                        return
                    if table.empty:
                        raise UserError(f"{name}: holds a header and no row")
                    open_ended |= bool((table.iloc[:, -1] == "").any())
                    yield table
    except pd.errors.ParserWarning:
        raise UserError(
            f"{name}: line 2: rows hold more cells than the header names; is the separator a comma?"
        ) from None
    except FileNotFoundError:
        raise UserError(f"{name}: there is no such file") from None
    except IsADirectoryError:
        raise UserError(f"{name}: can't be read: it is a folder, and a single series is a CSV file") from None
    except pd.errors.EmptyDataError:
        raise UserError(f"{name}: is empty; a header line and rows are needed") from None
    except (pd.errors.ParserError, csv.Error, OSError) as error:
        reason = " ".join(str(error).split()).removeprefix("Error tokenizing data. C error: ")
        raise UserError(f"{name}: can't be read as comma-separated text: {reason}") from None


def _check_lengths(file: BinaryIO, name: str) -> None:
    """That no row is cut short; blank lines aside. pandas does not tell cells that are missing from empty ones."""
    file.seek(0)
    rows = csv.reader(text := io.TextIOWrapper(file, "utf-8-sig", newline=""))
    header = len(next(rows))
    for line, row in enumerate(rows, 2):
        if len(row) < header and any(cell.strip() for cell in row):
            raise UserError(f"{name}: line {line}: the row has {len(row)} cells, the header {header}: is it cut short?")
    text.detach()  # which would close the file
