"""How a stage meets its user: a mistake is one message and exit code 1, not a traceback."""

import inspect
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping

from rnnlab.core.errors import UserError
from rnnlab.core.processes import caller, end_with


def run(main: Callable[..., None] | Mapping[str, Callable[[], None]]) -> None:
    """Call a stage with the command line's arguments, or the one of several that the only argument names."""
    args = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # as an exception: what is open is closed
    try:
        if "DVC_STAGE" in os.environ and (dvc := caller()):
            if dvc.pid == 1 and not re.match("dvc|python", dvc.name()):  # the orphans' new parent
                raise UserError("the dvc that started this stage is gone")
            end_with(dvc)  # `dvc queue stop --kill` and others kill it outright, and leave its stages running
        if isinstance(main, Mapping):
            if len(args) != 1 or args[0] not in main:
                raise UserError(f"expected one of {', '.join(main)}; found {' '.join(args) or 'nothing'}")
            main[args[0]]()
        else:
            expected = list(inspect.signature(main).parameters)
            if len(args) != len(expected):
                raise UserError(f"expected {' '.join(expected) or 'no arguments'}; found {' '.join(args) or 'nothing'}")
            main(*args)
    except UserError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except (MemoryError, RuntimeError) as error:  # PyTorch's is the latter
        if not (isinstance(error, MemoryError) or re.search("allocate memory|out of memory", str(error))):
            raise
        reason = (str(error).splitlines() or ["out of memory"])[0]
        sys.exit(f"error: there is not enough memory; smaller sizes, fewer seeds or samples may help ({reason})")
    except FileNotFoundError as error:  # an input that an earlier stage makes
        sys.exit(f"error: {error.filename}: is not there; `dvc repro` makes what a stage needs, in order")
