"""A workbench for recurrent networks on series: the library's functions, which the pipeline's stages call too.

Each is imported when it is first asked for: torch and pandas take seconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rnnlab.core.kernels import share_kernels

if TYPE_CHECKING:
    from rnnlab.api import (
        TrainedModel,
        WindowedSeries,
        compare,
        evaluate,
        forecast,
        load,
        make_windows,
        predictions,
        read_series,
        train,
    )
    from rnnlab.core.errors import UserError

__all__ = [
    "TrainedModel",
    "UserError",
    "WindowedSeries",
    "compare",
    "evaluate",
    "forecast",
    "load",
    "make_windows",
    "predictions",
    "read_series",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    share_kernels()  # so that results are those of the pipeline, on any processor
    return getattr(import_module("rnnlab.core.errors" if name == "UserError" else "rnnlab.api"), name)


def __dir__() -> list[str]:
    return __all__
