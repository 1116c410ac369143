"""params.yaml, read by the library that DVC reads it with, so that both see the same values."""

from pathlib import Path
from typing import Any, BinaryIO

from ruamel.yaml import YAML

from rnnlab.core.errors import UserError
from rnnlab.core.params import Params
from rnnlab.core.params_parsing import parse

FILE = Path("params.yaml")


def read_params(source: Path | BinaryIO = FILE) -> Params:
    """The checked parameters; by default those of the folder that the stage runs in."""
    return parse(read_content(source), str(FILE))


def read_content(source: Path | BinaryIO = FILE) -> Any:
    """As they are typed, unchecked."""
    try:
        return YAML(typ="safe").load(source)
    except Exception as error:  # a date 2020-13-45 or a `!!int x` ends in whatever ruamel's constructors raise
        raise UserError(f"{FILE}: can't be read: {error}") from None
