"""What a scaler's file and a weights file's header say of the scaling; checked when they are read."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rnnlab.core.errors import UserError
from rnnlab.core.formats import PANEL_SCALER, SCALER, Format, check_format, first_problem


class PixelScaler(BaseModel):
    """Pixels run from ``minimum`` to ``maximum``."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)
    minimum: float
    maximum: Annotated[float, Field(gt=0)]


class DigitsScaler(PixelScaler):
    own_test: Annotated[int, Field(ge=0)]  # images at the end that are the source's test set


class PriceScaler(BaseModel):
    """Each column's minimum and maximum; ``features`` are what the networks read, ``target`` what they forecast."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)
    columns: list[str]
    minimum: list[float]
    maximum: list[float]
    features: Annotated[list[str], Field(min_length=1)]
    target: str

    @model_validator(mode="after")
    def _check(self) -> "PriceScaler":
        if not len(self.columns) == len(self.minimum) == len(self.maximum):
            raise ValueError("columns, minimum and maximum differ in length")
        for column, low, high in zip(self.columns, self.minimum, self.maximum, strict=True):
            if low >= high:
                raise ValueError(f"column {column}: minimum {low} should be below maximum {high}")
        if missing := {*self.features, self.target} - set(self.columns):
            raise ValueError(f"{min(missing)} is none of columns")
        return self


class PanelScaler(BaseModel):
    """As PriceScaler, of each symbol; minimum and maximum hold a row a symbol."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)
    columns: list[str]
    features: Annotated[list[str], Field(min_length=1)]
    target: str
    symbols: Annotated[list[str], Field(min_length=1)]
    minimum: list[list[float]]
    maximum: list[list[float]]

    @model_validator(mode="after")
    def _check(self) -> "PanelScaler":
        if not len(self.symbols) == len(self.minimum) == len(self.maximum):
            raise ValueError("symbols, minimum and maximum differ in length")
        for low, high in zip(self.minimum, self.maximum, strict=True):
            PriceScaler(columns=self.columns, minimum=low, maximum=high, features=self.features, target=self.target)
        return self


KINDS: dict[str, type[BaseModel]] = {"stock": PriceScaler, "digits": DigitsScaler}


def check_scaler(content: Any, track: str, name: str) -> dict[str, Any]:
    """The content of a track's scaler.json, which messages call ``name``.

    Raises:
        UserError: if its format is another, or naming the key that is missing or wrong.
    """
    return _check(content, SCALER, KINDS[track], name)


def check_panel_scaler(content: Any, name: str) -> dict[str, Any]:
    """The content of a panel's scaler.json, as ``check_scaler``."""
    return _check(content, PANEL_SCALER, PanelScaler, name)


def of_symbol(content: Mapping[str, Any], number: int) -> dict[str, Any]:
    """A symbol's scaler, as a single series has it."""
    shared = {key: content[key] for key in ("columns", "features", "target")}
    return shared | {key: content[key][number] for key in ("minimum", "maximum")}


def _check(content: Any, expected: Format, kind: type[BaseModel], name: str) -> dict[str, Any]:
    check_format(content, expected, name)
    try:
        kind.model_validate(content)
    except ValidationError as error:
        raise UserError(f"{name}: is damaged: {first_problem(error)}; make it anew (`dvc repro`)") from None
    return dict(content)
