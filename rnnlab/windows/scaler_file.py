"""What a scaler's file and a weights file's header say of the scaling; checked when they are read."""

import math
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rnnlab.core.errors import UserError
from rnnlab.core.formats import SCALER, check_format, first_problem


class PixelScaler(BaseModel):
    """Pixels run from ``minimum`` to ``maximum``."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)
    minimum: float
    maximum: Annotated[float, Field(gt=0)]


class DigitsScaler(PixelScaler):
    own_test: Annotated[int, Field(ge=0)]  # images at the end that are the source's test set


class SeriesScaler(BaseModel):
    """Of each symbol each column's minimum and maximum; networks read ``features``, and forecast ``target``."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)
    columns: list[str]
    features: Annotated[list[str], Field(min_length=1)]
    target: str
    symbols: Annotated[list[str], Field(min_length=1)]  # of a single series one
    minimum: list[list[float]]  # a row a symbol
    maximum: list[list[float]]

    @model_validator(mode="after")
    def _check(self) -> "SeriesScaler":
        if not len(self.symbols) == len(self.minimum) == len(self.maximum):
            raise ValueError("symbols, minimum and maximum differ in length")
        for minimum, maximum in zip(self.minimum, self.maximum, strict=True):
            if not len(self.columns) == len(minimum) == len(maximum):
                raise ValueError("columns, minimum and maximum differ in length")
            for column, low, high in zip(self.columns, minimum, maximum, strict=True):
                if low >= high:
                    raise ValueError(f"column {column}: minimum {low} should be below maximum {high}")
                if high - low == math.inf:
                    raise ValueError(f"column {column}: minimum {low} and maximum {high} are too far apart")
        if missing := {*self.features, self.target} - set(self.columns):
            raise ValueError(f"{min(missing)} is none of columns")
        return self


KINDS: dict[str, type[BaseModel]] = {"series": SeriesScaler, "digits": DigitsScaler}


def check_scaler(content: Any, track: str, name: str) -> dict[str, Any]:
    """The content of a track's scaler.json, which messages call ``name``.

    Raises:
        UserError: if its format is another, or naming the key that is missing or wrong.
    """
    check_format(content, SCALER, name)
    try:
        KINDS[track].model_validate(content)
    except ValidationError as error:
        raise UserError(f"{name}: is damaged: {first_problem(error)}; make it again (`dvc repro`)") from None
    return dict(content)


def of_symbol(content: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The scaler of one symbol: as ``MinMaxScaler.from_dict`` takes it, with features and target."""
    shared = {key: content[key] for key in ("columns", "features", "target")}
    return shared | {key: content[key][number] for key in ("minimum", "maximum")}
