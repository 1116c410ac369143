"""The header of a panel's weights file: what rebuilds and feeds its networks, readable without torch."""

import json
from collections.abc import Mapping
from typing import Any

from safetensors import SafetensorError, safe_open

from rnnlab.errors import UserError
from rnnlab.formats import PANEL_WEIGHTS, check_version

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
        return dict(json.loads(header[FORMAT]))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: the config in its header is not JSON: {error}") from None


def _header(path: str) -> dict[str, str]:
    try:
        with safe_open(path, framework="numpy") as file:
            return dict(file.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise UserError(f"{path}: can't be read as weights: {error}") from None
