"""Changed parameters, as words for `dvc exp run`."""

import re
from collections.abc import Mapping
from typing import Any

PLAIN = re.compile(r"[A-Za-z_/][\w./-]*")  # needs no quotes
OTHERWISE_READ = {"null", "true", "false", "nan", "inf"}


def overrides(base: Mapping[str, Any], changed: Mapping[str, Any]) -> list[str]:
    """What makes ``changed`` of ``base``, a value of `-S` each, in Hydra's grammar: ``a.b=1``, ``+a.c={d: 2}``.

    A mapping that is new is one word, as a model that is added is typed.
    """
    words = []
    for key, value in changed.items():
        if key not in base:
            words.append(f"+{key}={_typed(value)}")
        elif isinstance(value, Mapping) and isinstance(base[key], Mapping):
            words += [_below(key, word) for word in overrides(base[key], value)]
        elif value != base[key]:
            words.append(f"{key}={_typed(value)}")
    return words + [f"~{key}" for key in base if key not in changed]


def _below(key: str, word: str) -> str:
    mark = word[0] if word[0] in "+~" else ""
    return f"{mark}{key}.{word[len(mark) :]}"


def _typed(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_typed(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_typed, value)) + "]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and (not PLAIN.fullmatch(value) or value.lower() in OTHERWISE_READ):
        # a backslash stands for itself, but for those before a quote, and at the end
        return "'" + re.sub(r"(\\*)('|$)", lambda found: 2 * found[1] + ("\\'" if found[2] else ""), value) + "'"
    return str(value)
