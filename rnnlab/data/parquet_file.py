"""A Parquet file's rows as text, as those of a CSV file are read."""

from collections.abc import Iterator, Sequence
from pathlib import Path

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
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.name = name
        try:
            self._file = pq.ParquetFile(path)
        except FileNotFoundError:
            raise UserError(f"{name}: there is no such file") from None
        except (pa.ArrowInvalid, OSError) as error:
            raise UserError(f"{name}: can't be read: {' '.join(str(error).split())[:200]}") from None
        names = tuple(self._file.schema_arrow.names)
        start = next(self._file.iter_batches(200), None)
        sample = _to_text(start.to_pandas(ignore_metadata=True)) if start is not None else pd.DataFrame(columns=names)
        rows = tuple(sample.itertuples(index=False, name=None))
        self.dialect = Dialect("", ",", 0, 0, names, rows, tuple(range(1, len(rows) + 1)), ())

    def tables(self, once: Sequence[str]) -> Iterator[pd.DataFrame]:
        names = self.dialect.names
        if twice := [column for column in dict.fromkeys(once) if names.count(column) > 1]:
            raise UserError(f"{self.name}: has more than one column {listed(twice)}")
        rows = 0
        for batch in self._file.iter_batches(ROWS_AT_ONCE, columns=list(dict.fromkeys(once))):
            table = _to_text(batch.to_pandas(ignore_metadata=True))
            table.index = pd.RangeIndex(rows, rows + len(table)) + self.first_line
            rows += len(table)
            yield table


def _to_text(table: pd.DataFrame) -> pd.DataFrame:
    return table.astype(object).where(table.notna(), "").astype(str)
