"""The exception whose message is meant for the user, what must not appear in any message, and how a command ends."""

import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast


class UserError(Exception):
    """Bad input: the message says where, what was found, and what is allowed; without passwords, on any terminal."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(redact_credentials(message)))


def redact_credentials(text: str) -> str:
    """Remove user names and passwords from the addresses in a text; some drivers accept an @ or a / in a password."""
    return re.sub(r"(?<=://)\S*@|(?<=:/)[^/\s:][^\s:]*:\S*@", "", text)  # a path has one slash of the two


def printable(text: str) -> str:
    """The text with what would steer a terminal written out, as names of columns may hold it."""
    return "".join(mark if mark.isprintable() or mark == "\n" else repr(mark)[1:-1] for mark in text)


def say(*lines: str) -> None:
    print(*map(printable, lines), sep="\n")


@contextmanager
def told() -> Iterator[None]:
    """Let a command end: a mistake is one message and exit code 1, not a traceback."""
    cast(Any, sys.stdout).reconfigure(errors="backslashreplace")  # a terminal may have ASCII alone
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except UserError as error:
        sys.exit(f"error: {error}")
    except BrokenPipeError:  # who read the output has enough, as `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except (MemoryError, RuntimeError, ImportError, OSError) as error:  # PyTorch's is the second, a library's the third
        short = re.search("allocate memory|out of memory|failed to map segment", str(error))
        if isinstance(error, OSError) and error.strerror and not short:  # an input that a stage makes, a full disk, ...
            makes = "is not there; `dvc repro` makes it, in the project's folder"
            why = makes if isinstance(error, FileNotFoundError) else error.strerror
            sys.exit(f"error: {printable(str(error.filename or 'output'))[:500]}: {why}")
        if not (isinstance(error, MemoryError) or short):
            raise
        reason = (str(error).splitlines() or ["out of memory"])[0]
        sys.exit(f"error: there is not enough memory; smaller sizes, fewer seeds or samples may help ({reason})")
