"""Columns of a panel's table as pyarrow has them: empty cells, text, numbers and dates."""

from collections.abc import Set
from typing import Any

import numpy as np
import pandas as pd

from rnnlab.data import numbers
from rnnlab.data.columns import FIRST_DAY, LAST_DAY
from rnnlab.data.date_forms import OFFSET
from rnnlab.data.missing import NUMBER
from rnnlab.data.series import Array, Dates

TYPES = {  # that columns may have, as pyarrow calls them
    "dates": "u?int|string|null|timestamp|date",
    "numbers": "u?int|string|null|halffloat|float|double|decimal|(large_)?binary",
}


def is_empty(column: Any, words: Set[str]) -> Any:
    """Of each cell whether it is null, no number, or one of the words, which may be numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    nothing = pc.is_null(column)
    if pa.types.is_string(column.type):
        return pc.or_(nothing, pc.is_in(pc.utf8_lower(column), value_set=pa.array(sorted(words))))
    if pa.types.is_floating(column.type):
        nothing = pc.or_(nothing, pc.fill_null(pc.is_nan(column), True))
    marks = [float(word) for word in words if NUMBER.fullmatch(word)]
    if marks and (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        return pc.or_(nothing, pc.is_in(column.cast(pa.float64(), safe=False), value_set=pa.array(marks)))
    return nothing


def plainly(column: Any) -> Any:
    """Without a dictionary, and text without blanks around it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
        column = column.cast(pa.string())
    return pc.utf8_trim_whitespace(column) if pa.types.is_string(column.type) else column


def to_numbers(column: Any, decimal: str | None = None) -> Array:
    """As float64, NaN where a text is no number.

    Args:
        decimal: the mark before decimals in text; None: a point.
    """
    import pyarrow as pa

    if pa.types.is_string(column.type) and decimal == ",":
        return numbers.to_numbers(column.to_pandas(), decimal)
    if pa.types.is_string(column.type):
        try:
            column = column.cast(pa.float64())
        except pa.ArrowInvalid:
            return np.asarray(pd.to_numeric(column.to_pandas(), errors="coerce"), np.float64)
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), np.float64)


def to_dates(column: Any) -> Dates:
    """The days by the exchange's own clock, in microseconds; NaT where a text is no date."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_integer(column.type):  # 20201030
        column = column.cast(pa.string())
    if pa.types.is_timestamp(column.type) and column.type.tz:
        column = pc.local_timestamp(column)
    if pa.types.is_string(column.type):
        column = pc.replace_substring_regex(column, r"^(\d{4})(\d\d)(\d\d)$", r"\1-\2-\3")
        column = pc.replace_substring_regex(column, OFFSET.pattern, r"\1")
        try:
            column = column.cast(pa.timestamp("us"))
        except pa.ArrowInvalid:
            column = pa.array(pd.to_datetime(column.to_pandas(), format="ISO8601", errors="coerce"))
    days: Dates = np.asarray(column.to_numpy(zero_copy_only=False), "datetime64[D]")
    near: Dates = np.clip(days, FIRST_DAY - 1, LAST_DAY + 1)  # in microseconds a far one would turn over
    return near.astype("datetime64[us]")
