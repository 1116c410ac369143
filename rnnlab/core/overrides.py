"""Changed parameters as arguments of `dvc exp run`."""

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

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
