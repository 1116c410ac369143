"""Checks what was read from params.yaml, and says what is wrong with it in the keys that the user typed."""

import reprlib
from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from pydantic import ValidationError

from rnnlab.core.errors import UserError
from rnnlab.core.model_params import MODELS
from rnnlab.core.param_types import StrictModel
from rnnlab.core.params import Params

MAX_LINE, MAX_LINES = 500, 20  # characters of a line, and lines, of an error message
SHORT = reprlib.Repr()  # an alias of YAML may stand for gigabytes
SHORT.maxstring = SHORT.maxother = 80
RENAMED = {"stock": "series"}  # keys of earlier versions


Kind = TypeVar("Kind", bound=StrictModel)


def parse(content: object, source: str = "params.yaml", kind: type[Kind] = Params) -> Kind:  # type: ignore[assignment]
    """Check what a YAML reader made of ``source``.

    Raises:
        UserError: naming each wrong, unknown or missing key as typed, and what is allowed there.
    """
    if not isinstance(content, Mapping):
        raise UserError(f"{source}: should hold keys and values, allowed: {', '.join(kind.model_fields)}")
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        # A union reports one line for each of its members: keep them, joined under the key they share.
        problems: dict[str, list[str]] = {}
        for detail in error.errors():
            key = ".".join(str(part) for part in _typed_keys(detail["loc"], content))
            problems.setdefault(key, []).append(_sentence(dict(detail), kind))
        lines = [f"  {key + ': ' if key else ''}{' or '.join(problems[key])}"[:MAX_LINE] for key in problems]
        if len(lines) > MAX_LINES:
            lines[MAX_LINES:] = [f"  and {len(lines) - MAX_LINES} more"]
        raise UserError(f"{source} is not valid:\n" + "\n".join(lines)) from None


def _typed_keys(location: tuple[int | str, ...], content: object) -> list[int | str]:
    """The part of pydantic's location that is in the file: for unions pydantic appends tags of its own."""
    keys: list[int | str] = []
    for part in location:
        if str(part).startswith("["):  # pydantic's own: a wrong key, or which of several classes
            continue
        if isinstance(content, Mapping):
            if part not in content:
                return [*keys, part]  # a missing key is the last part
            content = content[part]
        elif isinstance(content, (list, tuple)) and isinstance(part, int) and part < len(content):
            content = content[part]
        else:
            break
        keys.append(part)
    return keys


def _sentence(detail: dict[str, Any], kind: type[StrictModel]) -> str:
    if detail["type"] == "missing":
        return "is missing"
    if detail["type"] == "extra_forbidden":
        if new := RENAMED.get(str(detail["loc"][-1])):
            return f"is called {new} now"
        allowed = ", ".join(_allowed_keys(detail["loc"][:-1], kind))
        return f"unknown key; allowed: {allowed}"
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "value_error":
        return str(message)
    return f"{message[0].lower()}{message[1:]} (found {_shown(detail['input'])})"


def _shown(value: object) -> str:
    try:
        return SHORT.repr(value)
    except ValueError as error:  # Python writes out no number of more than 4,300 digits
        return str(error)


def _allowed_keys(location: tuple[int | str, ...], kind: Any) -> list[str]:
    for part in location:
        if part in MODELS:
            kind = MODELS[str(part)]
        elif isinstance(kind, type) and issubclass(kind, StrictModel):
            kind = kind.model_fields[str(part)].annotation
        else:  # dict[name, StrictModel]
            kind = get_args(kind)[1]
    return list(dict.fromkeys([*kind.__annotations__, *kind.model_fields]))  # the class's own first


def flatten(content: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"a": {"b": 1}} -> {"a.b": 1}, as keys are typed."""
    flat: dict[str, Any] = {}
    for key, value in content.items():
        flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {prefix + key: value}
    return flat
