"""The header of a weights file: what rebuilds and feeds its networks, readable without torch."""

import json
from typing import Any

from safetensors import SafetensorError, safe_open

from rnnlab.errors import UserError

FORMAT = "rnnlab-2"


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
    config: dict[str, Any] = json.loads(header[FORMAT])
    return config
