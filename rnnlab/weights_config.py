"""The header of a weights file: what rebuilds and feeds its networks, readable without torch."""

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from safetensors import SafetensorError, safe_open

from rnnlab.errors import UserError

FORMAT = "rnnlab-2"


Size = Annotated[int, Field(ge=1, le=2**24)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class _Network(_Part):
    model_config = ConfigDict(extra="forbid")
    cell: Literal["rnn", "lstm", "gru", "mlp"]
    input_size: Size
    length: Size
    output_size: Size
    hidden_size: Size
    num_layers: Annotated[int, Field(ge=1, le=1000)]
    bidirectional: bool
    head: Literal["flatten", "last"]
    output: Literal["linear", "sigmoid", "sequence"]


class _Target(_Part):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["level", "change"]
    unit: Annotated[float, Field(gt=0)]
    sequence: bool
    rollout: bool


class _PixelScaler(_Part):
    minimum: float
    maximum: Annotated[float, Field(gt=0)]


class _PriceScaler(_Part):
    columns: tuple[str, ...]
    minimum: tuple[float, ...]
    maximum: tuple[float, ...]
    features: tuple[str, ...]
    target: str

    @model_validator(mode="after")
    def _check(self) -> "_PriceScaler":
        if not len(self.columns) == len(self.minimum) == len(self.maximum):
            raise ValueError("columns, minimum and maximum differ in length")
        for column, low, high in zip(self.columns, self.minimum, self.maximum, strict=True):
            if low >= high:
                raise ValueError(f"column {column}: minimum {low} should be below maximum {high}")
        if missing := {*self.features, self.target} - set(self.columns):
            raise ValueError(f"{min(missing)} is none of columns")
        return self


class _Any(_Part):
    network: _Network


class _Digits(_Any):
    model: str
    scaler: _PixelScaler


class _Stock(_Any):
    model: str
    scaler: _PriceScaler
    target: _Target
    horizon: Annotated[int, Field(ge=1)]
    trained_until: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d")]


def to_header(config: dict[str, Any]) -> dict[str, str]:
    """One entry only: safetensors writes several in an order that changes from call to call."""
    return {FORMAT: json.dumps(config, sort_keys=True)}


def read_config(path: str) -> dict[str, Any]:
    """The config that the weights were packed with.

    Raises:
        UserError: if the file is missing, damaged, or of another kind.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise UserError(f"{path}: can't be read as weights: {error}") from None
    if FORMAT not in header:
        other = next((key for key in header if key.startswith("rnnlab-")), None)
        if other:
            raise UserError(
                f"{path}: is of format {other}, and this program reads {FORMAT}: train it anew (`dvc repro`)"
            )
        raise UserError(f"{path}: holds no weights of this program (its header has no {FORMAT})")
    try:
        config: Any = json.loads(header[FORMAT])
        track = config.get("track") if isinstance(config, dict) else None
        kind: type[_Any] = _Stock if track == "stock" else _Digits if track == "digits" else _Any
        kind.model_validate_json(header[FORMAT])
    except (json.JSONDecodeError, RecursionError) as error:
        raise UserError(f"{path}: the config in its header is not JSON: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        key, message = ".".join(map(str, first["loc"])), first["msg"].removeprefix("Value error, ")
        raise UserError(f"{path}: the config in its header is damaged: {f'{key}: ' * bool(key)}{message}") from None
    return dict(config)
