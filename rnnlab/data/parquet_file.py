"""A Parquet file's rows as text, as those of a CSV file are read."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from rnnlab.core.errors import UserError
from rnnlab.data.columns import listed
from rnnlab.data.dialect import Dialect

ENDINGS = (".parquet", ".pq")
ROWS_AT_ONCE = 2**17


class ParquetFile:
    """As ``CsvFile``; rows are numbered from 1."""

    first_line = 1

    def __init__(self, path: Path, name: str) -> None:
        import pyarrow.parquet as pq

        self.name = name
        with self._told():
            self._file = pq.ParquetFile(path)
        names = tuple(self._file.schema_arrow.names)
        sample = next(self._batches(200), pd.DataFrame(columns=names))
        rows = tuple(sample.itertuples(index=False, name=None))
        self.dialect = Dialect("", ",", 0, 0, names, rows, tuple(range(1, len(rows) + 1)), ())

    def tables(self, once: Sequence[str]) -> Iterator[pd.DataFrame]:
        names = self.dialect.names
        if twice := [column for column in dict.fromkeys(once) if names.count(column) > 1]:
            raise UserError(f"{self.name}: has more than one column {listed(twice)}")
        rows = 0
        for table in self._batches(ROWS_AT_ONCE, columns=list(dict.fromkeys(once))):
            table.index = pd.RangeIndex(rows, rows + len(table)) + self.first_line
            rows += len(table)
            yield table

    def _batches(self, *args: int, **kwargs: Any) -> Iterator[pd.DataFrame]:
        """As text."""
        with self._told():
            for batch in self._file.iter_batches(*args, **kwargs):
                table = batch.to_pandas(ignore_metadata=True)
                yield table.astype(object).where(table.notna(), "").astype(str)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise UserError(f"{self.name}: there is no such file") from None
        except Exception as error:  # whatever a decoder raises of a damaged file
            raise UserError(f"{self.name}: can't be read: {' '.join(str(error).split())[:200]}") from None
