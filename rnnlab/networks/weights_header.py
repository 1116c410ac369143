"""The header of a weights file: what rebuilds and feeds its networks, readable without torch."""

import datetime
import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator
from safetensors import SafetensorError, safe_open

from rnnlab.core.errors import UserError
from rnnlab.core.formats import WEIGHTS, check_version, first_problem
from rnnlab.windows.scaler_file import PixelScaler, SeriesScaler

FORMAT = "{}-{}".format(*WEIGHTS)
Size = Annotated[int, Field(ge=1, le=2**24)]


class Part(BaseModel):
    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class _Network(Part):
    model_config = ConfigDict(extra="forbid")
    cell: Literal["rnn", "lstm", "gru", "mlp"]
    input_size: Size
    length: Size
    output_size: Size
    hidden_size: Size
    num_layers: Annotated[int, Field(ge=1, le=1000)]
    bidirectional: bool
    head: Literal["flatten", "last"]
    output: Literal["linear", "sigmoid", "sequence", "horizon"]


class _CustomNetwork(Part):
    model_config = ConfigDict(extra="forbid")
    network: str
    arguments: dict[str, Any]
    code: str
    input_size: Size
    length: Size
    output_size: Size


def _kind_of(network: object) -> str:
    return "[network]" if isinstance(network, dict) and "network" in network else "[cell]"


def _check_moment(text: str) -> str:
    """A date as NumPy writes it, or the number of a row."""
    if not re.fullmatch(r"\d{1,18}|\d{4}-\d\d-\d\d([T ]\d\d(:\d\d(:\d\d(\.\d{1,9})?)?)?)?", text):
        raise ValueError(f"{text[:40]} is no date, and no number of a row")
    if not text.isdecimal():
        datetime.datetime.fromisoformat(text[:19])
    return text


class _Target(Part):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["level", "change"]
    sequence: bool
    rollout: bool
    every_step: bool
    units: list[Annotated[float, Field(gt=0)]]  # of each symbol


class _Any(Part):
    track: Literal["series", "digits"]
    model: str
    network: Annotated[
        Annotated[_Network, Tag("[cell]")] | Annotated[_CustomNetwork, Tag("[network]")], Discriminator(_kind_of)
    ]
    parameters: Annotated[int, Field(ge=1)]
    diverged: dict[str, int]  # seed -> epoch
    made_with: dict[str, str | int]  # engine, threads, and ranks where they are several


class _Digits(_Any):
    scaler: PixelScaler


class _Series(_Any):
    """A single series is a panel of one symbol, with ``panel`` null."""

    panel: Literal["per_symbol", "global"] | None
    symbols: Annotated[list[str], Field(min_length=1)]
    target: _Target
    horizon: Annotated[int, Field(ge=1, le=20)]  # as of series.window.horizon
    trained_until: list[Annotated[str, AfterValidator(_check_moment)]]
    spacing: list[Annotated[float, Field(gt=0, le=1e6)] | None]  # hours between two rows; null: one row tells none
    diverged_symbols: dict[str, dict[str, int]] = Field(default_factory=dict)  # symbol -> seed -> epoch
    scaler: SeriesScaler

    @model_validator(mode="after")
    def _check(self) -> "_Series":
        if len(self.scaler.features) != self.network.input_size:
            raise ValueError("network.input_size is not the number of scaler.features")
        sizes = {len(self.trained_until), len(self.spacing), len(self.target.units)}
        if self.symbols != self.scaler.symbols or sizes != {len(self.symbols)}:
            raise ValueError("symbols, scaler, target.units, trained_until and spacing are not of the same symbols")
        return self


KINDS: dict[str, type[_Any]] = {"series": _Series, "digits": _Digits}


def to_header(config: Mapping[str, Any]) -> dict[str, str]:
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
        for other in filter(None, (re.fullmatch(rf"{WEIGHTS[0]}(?:-panel)?-(\d{{1,9}})", key) for key in header)):
            check_version(int(other[1]), WEIGHTS, path)
        raise UserError(f"{path}: holds no weights of this program (its header has no {FORMAT})")
    try:
        config = json.loads(header[FORMAT])
        track = str(config.get("track")) if isinstance(config, dict) else ""
        KINDS.get(track, _Any).model_validate_json(header[FORMAT])
    except ValidationError as error:
        raise UserError(f"{path}: the config in its header is damaged: {first_problem(error)}") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: the config in its header is not JSON: {error}") from None
    return dict(config)
