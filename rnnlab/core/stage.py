"""How a stage is called."""

import inspect
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping

from rnnlab.core.errors import UserError, told
from rnnlab.core.processes import caller, end_with


def run(main: Callable[..., None] | Mapping[str, Callable[[], None]]) -> None:
    """Call a stage with the command line's arguments, or the one of several that the only argument names."""
    args = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # as an exception: what is open is closed
    with told():
        if "DVC_STAGE" in os.environ and (dvc := caller()):
            if dvc.pid == 1 and not re.match("dvc|python", dvc.name()):  # the orphans' new parent
                raise UserError("the dvc that started this stage is gone")
            end_with(dvc)  # `dvc queue stop --kill` and others kill it outright, and leave its stages running
        if isinstance(main, Mapping):
            if len(args) != 1 or args[0] not in main:
                raise UserError(f"expected one of {', '.join(main)}; found {' '.join(args) or 'nothing'}")
            main[args[0]]()
            return
        expected = list(inspect.signature(main).parameters)
        if len(args) != len(expected):
            raise UserError(f"expected {' '.join(expected) or 'no arguments'}; found {' '.join(args) or 'nothing'}")
        main(*args)
