"""How a stage meets its user: a mistake is one message and exit code 1, not a traceback."""

import sys
from collections.abc import Callable

from rnnlab.errors import UserError


def run(main: Callable[..., None]) -> None:
    """Call a stage with the command line's words."""
    try:
        main(*sys.argv[1:])
    except UserError as error:
        sys.exit(f"error: {error}")
