"""Versions of the files that outlive the program that wrote them. A change of a file's form adds one to its version.

`tests/formats` keeps files of each version that this program reads.
"""

from pydantic import ValidationError

from rnnlab.core.errors import UserError

Format = tuple[str, int]
WEIGHTS: Format = ("rnnlab", 4)
SCALER: Format = ("rnnlab-scaler", 2)
LEADERBOARD: Format = ("rnnlab-leaderboard", 2)


def check_format(content: object, expected: Format, name: str) -> None:
    """That a JSON file has the key ``format`` with what this program reads. ``name`` is what messages call the file.

    Raises:
        UserError: saying what was found, what is read, and what to do.
    """
    match content:
        case {"format": [kind, int(version)]} if kind == expected[0]:
            check_version(version, expected, name)
        case _:
            raise UserError(f"{name}: is not of format {list(expected)}: make it again (`dvc repro`)")


def check_version(found: int, expected: Format, name: str) -> None:
    """That a file's version is the one that this program reads; as ``check_format``."""
    kind, version = expected
    if found != version:
        cure = "take a newer version of this program, or make the file again" if found > version else "make it again"
        raise UserError(
            f"{name}: is of format {kind}-{found}, and this program reads {kind}-{version}: {cure} (`dvc repro`)"
        )


def first_problem(error: ValidationError) -> str:
    """Of several the first, with the key that it is about."""
    first = error.errors()[0]
    typed = [str(part) for part in first["loc"] if not str(part).startswith("[")]  # without pydantic's own
    key, message = ".".join(typed), first["msg"].removeprefix("Value error, ")
    return f"{key}: {message}" if key else message
