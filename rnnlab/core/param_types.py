"""What the classes of params.yaml are made of."""

import datetime
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

Positive = Annotated[int, Field(ge=1, lt=2**31)]  # PyTorch and NumPy take no more in each place
Layers = Annotated[int, Field(ge=1, le=1000)]  # as many as a weights file may say
Seeds = Annotated[int, Field(ge=1, le=1000)]  # networks that are trained at once
PositiveFloat = Annotated[float, Field(gt=0)]
Schedule = Literal["constant", "onecycle"]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Share = Annotated[float, Field(gt=0, lt=1)]  # of the windows or images
Column = Annotated[str, StringConstraints(min_length=1)]
Name = Annotated[str, StringConstraints(pattern=r"^[^/:\x00-\x1f]+$", max_length=100)]  # of MLflow's experiments too
ModelName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=100)]  # also of files


def _refuse_number(value: object) -> object:
    if isinstance(value, int | float) or (isinstance(value, str) and not re.match(r"\d{4}-", value)):
        raise PydanticCustomError("no_day", "should be a day, 'YYYY-MM-DD'")
    return value


# DVC may write a date in quotes; pydantic would read a number as seconds since 1970.
Day = Annotated[datetime.date, Field(strict=False), BeforeValidator(_refuse_number)]


def _check_reference(value: str) -> str:
    if not re.fullmatch(r"([^:\s]+\.py|\w+(\.\w+)*):[A-Za-z_]\w*", value):
        raise PydanticCustomError("no_reference", "should be FILE.py:CLASS or PACKAGE.MODULE:CLASS")
    return value


Reference = Annotated[str, AfterValidator(_check_reference)]  # of a class of PyTorch modules


def _check_argument(value: Any) -> Any:
    if not all(each is None or isinstance(each, bool | int | float | str) for each in _listed(value)):
        raise PydanticCustomError("no_argument", "should be a number, a word, true, false, null, or a list of these")
    return value


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


Argument = Annotated[Any, AfterValidator(_check_argument)]  # of such a class


def _unique(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if twice := [value for number, value in enumerate(values) if value in values[:number]]:
        raise ValueError(f"{twice[0]} is given twice")
    return values


Unique = AfterValidator(_unique)


class StrictModel(BaseModel):
    """A mapping in params.yaml: all keys required, no others allowed, values of the exact type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
