"""What a request to the server of a model holds: rows of its inputs, each value checked."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, FailFast, ValidationError

from rnnlab.core.errors import UserError
from rnnlab.serving.exported import Limits

ROWS = 1000  # of a request
FORMS = 'should be {"dataframe_split": {"columns": [...], "data": [[...], ...]}} or {"dataframe_records": [{...}, ...]}'


class _Split(BaseModel):
    model_config = ConfigDict(extra="forbid")
    columns: Annotated[list[str], FailFast()]  # else a body of 1 MiB makes errors of 700
    data: Annotated[list[list[Any]], FailFast()]
    index: list[Any] = []  # pandas writes one


class _Body(BaseModel):
    """MLflow's two forms of a table in JSON."""

    model_config = ConfigDict(extra="forbid")
    dataframe_split: _Split | None = None
    dataframe_records: Annotated[list[dict[str, Any]], FailFast()] = []


def read_rows(body: bytes, limits: Mapping[str, Limits]) -> list[list[float]]:
    """The rows of a request, in the order of the inputs.

    Args:
        limits: of each input.

    Raises:
        UserError: naming row, column and value, and what is allowed.
    """
    records = _records(body)
    if not 1 <= len(records) <= ROWS:
        raise UserError(f"{len(records)} rows: 1 to {ROWS} are allowed")
    for number, record in enumerate(records):
        _check(f"row {number}", record, limits)
    return [[float(record[name]) for name in limits] for record in records]


def _records(body: bytes) -> list[dict[str, Any]]:
    try:
        found = _Body.model_validate(json.loads(body, object_pairs_hook=_object), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        place = _short(".".join(map(str, first["loc"])))
        raise UserError(f"{place}: {first['msg']}; the body {FORMS}" if place else f"the body {FORMS}") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"the body is not JSON: {_short(str(error))}") from None
    if len(found.model_fields_set) != 1:
        raise UserError(f"the body {FORMS}")
    if (split := found.dataframe_split) is None:
        return found.dataframe_records
    if twice := _twice(split.columns):
        raise UserError(f"dataframe_split.columns: {_short(repr(twice))} is given twice")
    for number, row in enumerate(split.data):
        if len(row) != len(split.columns):
            raise UserError(f"row {number}: holds {len(row)} values, and there are {len(split.columns)} columns")
    return [dict(zip(split.columns, row, strict=True)) for row in split.data]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if twice := _twice([key for key, _ in pairs]):
        raise UserError(f"the key {_short(repr(twice))} is given twice in one object")
    return dict(pairs)


def _twice(names: Sequence[str]) -> str | None:
    return next((name for name, count in Counter(names).items() if count > 1), None)


def _check(place: str, record: Mapping[str, Any], limits: Mapping[str, Limits]) -> None:
    if missing := [name for name in limits if name not in record]:
        raise UserError(f"{place}: {missing[0]} is missing; the inputs are {_short(', '.join(limits))}")
    if len(record) > len(limits):
        unknown = next(name for name in record if name not in limits)
        raise UserError(f"{place}: {_short(repr(unknown))} is no input; the inputs are {_short(', '.join(limits))}")
    for name, allowed in limits.items():
        value = record[name]
        # JSON's true is Python's 1; and NaN lies between no limits.
        if isinstance(value, bool) or not isinstance(value, int | float) or not allowed.low <= value <= allowed.high:
            found = f"a {type(value).__name__}" if isinstance(value, list | dict) else _short(json.dumps(value))
            raise UserError(f"{place}, column {name}: {found} is not {allowed.description}")


def _short(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]} ..."
