"""params.yaml, read by the library that DVC reads it with, so that both see the same values."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from rnnlab.errors import UserError
from rnnlab.params import Params, parse

FILE = Path("params.yaml")


def read_params() -> Params:
    """The checked parameters of the folder that the stage runs in."""
    return parse(read_content(), str(FILE))


def read_content() -> Any:
    """As they are typed, unchecked."""
    try:
        return YAML(typ="safe").load(FILE)
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise UserError(f"{FILE}: can't be read: {error}") from None
