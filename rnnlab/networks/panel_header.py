"""The header of a panel's weights file: what rebuilds and feeds its networks, readable without torch."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator
from safetensors import SafetensorError, safe_open

from rnnlab.core.errors import UserError
from rnnlab.core.formats import PANEL_WEIGHTS, check_version, first_problem
from rnnlab.networks.weights_header import Network, Part
from rnnlab.windows.scaler_file import PanelScaler


class PanelConfig(Part):
    """What is needed to rebuild and feed the networks."""

    track: Literal["stock"]
    panel: Literal["per_symbol", "global"]
    model: str
    network: Network
    forms: tuple[Literal["level", "change"], bool, bool]
    parameters: Annotated[int, Field(ge=1)]
    horizon: Annotated[int, Field(ge=1)]
    symbols: Annotated[list[str], Field(min_length=1)]
    trained_until: list[Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")]]
    training: dict[str, Any]
    made_with: dict[str, str | int]
    diverged: dict[str, int]
    diverged_symbols: dict[str, dict[str, int]] = Field(default_factory=dict)  # symbol -> seed -> epoch
    scaler: PanelScaler

    @model_validator(mode="after")
    def _check(self) -> "PanelConfig":
        if not self.symbols == self.scaler.symbols or len(self.trained_until) != len(self.symbols):
            raise ValueError("symbols, scaler.symbols and trained_until are not of the same symbols")
        return self


KIND = f"{PANEL_WEIGHTS[0]}-"
FORMAT = f"{KIND}{PANEL_WEIGHTS[1]}"


def to_header(config: Mapping[str, Any]) -> dict[str, str]:
    """One entry only, as of single series' weights."""
    return {FORMAT: json.dumps(config, sort_keys=True)}


def is_panel(path: str) -> bool:
    """Whether a weights file is of a panel; false also where it can't be read."""
    try:
        return any(key.startswith(KIND) for key in _header(path))
    except UserError:
        return False


def read_panel_config(path: str) -> dict[str, Any]:
    """The config that the weights were packed with.

    Raises:
        UserError: if the file is missing, damaged, or of another kind.
    """
    header = _header(path)
    if FORMAT not in header:
        for key in header:
            if key.startswith(KIND) and key.removeprefix(KIND).isdecimal():
                check_version(int(key.removeprefix(KIND)), PANEL_WEIGHTS, path)
        raise UserError(f"{path}: holds no weights of a panel (its header has no {FORMAT})")
    try:
        PanelConfig.model_validate_json(header[FORMAT])
        return dict(json.loads(header[FORMAT]))
    except (json.JSONDecodeError, RecursionError) as error:
        raise UserError(f"{path}: the config in its header is not JSON: {error}") from None
    except ValidationError as error:
        raise UserError(f"{path}: the config in its header is damaged: {first_problem(error)}") from None


def _header(path: str) -> dict[str, str]:
    try:
        with safe_open(path, framework="numpy") as file:
            return dict(file.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise UserError(f"{path}: can't be read as weights: {error}") from None
