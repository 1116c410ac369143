"""Changed parameters as arguments of `dvc exp run`, and such arguments as changed parameters."""

import copy
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from rnnlab.core.errors import UserError

PLAIN = re.compile(r"[A-Za-z_/][\w./-]*")  # needs no quotes
OTHERWISE_READ = {"null", "true", "false", "nan", "inf"}


def overrides(base: Mapping[str, Any], changed: Mapping[str, Any]) -> list[str]:
    """The values of `-S` that turn ``base`` into ``changed``, in Hydra's grammar: ``a.b=1``, ``+a.c={d: 2}``, ``~a.e``.

    A new mapping is one argument, in the form in which a user types a new model.
    """
    args = []
    for key, value in changed.items():
        if key not in base:
            args.append(f"+{key}={_to_hydra(value)}")
        elif isinstance(value, Mapping) and isinstance(base[key], Mapping):
            args += [_prefix(key, arg) for arg in overrides(base[key], value)]
        elif value != base[key]:
            args.append(f"{key}={_to_hydra(value)}")
    return args + [f"~{key}" for key in base if key not in changed]


def apply(content: Mapping[str, Any], words: Sequence[str]) -> dict[str, Any]:
    """The content with values of `-S` in place of its own, as `dvc exp run` reads ``a.b=1``.

    Raises:
        UserError: if one can't be read, or has a key that the content has not.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    changed: dict[str, Any] = copy.deepcopy(dict(content))
    for word in words:
        try:
            override = OverridesParser.create().parse_override(word)
        except HydraException:
            example = argument("series.read.decimal", ",")
            raise UserError(
                f"-S {word}: should be KEY=VALUE, with marks in quotes that the shell keeps: {example}"
            ) from None
        *folders, key = override.key_or_group.split(".")
        place: Any = changed
        for folder in folders:
            place = place.get(folder) if isinstance(place, dict) else None
        if not isinstance(place, dict) or key not in place:
            raise UserError(f"-S {word}: there is no parameter {override.key_or_group}")
        place[key] = override.value()
    return changed


def argument(key: str, value: object) -> str:
    """`-S KEY=VALUE`, quoted for a shell and for Hydra."""
    return f"-S {_quoted(f'{key}={_to_hydra(value)}')}"


def command(words: Sequence[str]) -> str:
    """`dvc exp run` with such values of `-S`, quoted for a shell."""
    return " ".join(["dvc exp run", *(f"-S {_quoted(word)}" for word in words)])


def _quoted(word: str) -> str:
    """In double quotes where it has single ones, which are easier to read so."""
    return f'"{word}"' if "'" in word and not set('"$`\\!') & set(word) else shlex.quote(word)


def _prefix(key: str, arg: str) -> str:
    mark = arg[0] if arg[0] in "+~" else ""
    return f"{mark}{key}.{arg[len(mark) :]}"


def _to_hydra(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_to_hydra(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_to_hydra, value)) + "]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and (not PLAIN.fullmatch(value) or value.lower() in OTHERWISE_READ):
        # a backslash stands for itself, but for those before a quote, and at the end
        return "'" + re.sub(r"(\\*)('|$)", lambda found: 2 * found[1] + ("\\'" if found[2] else ""), value) + "'"
    return str(value)
