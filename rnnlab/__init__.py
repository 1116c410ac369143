"""A workbench for recurrent networks on series: the library's functions, which the pipeline's stages call too.

``import rnnlab`` has the names of ``__all__``; they need no DVC, no MLflow and no project folder. Each is imported when
it is first asked for: torch and pandas take seconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rnnlab.core.kernels import share_kernels

if TYPE_CHECKING:
    from rnnlab.api.judging import compare, evaluate, predictions
    from rnnlab.api.models import TrainedModel, forecast, load, train
    from rnnlab.api.series import WindowedSeries, make_windows, read_series
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
MODULES = {
    "api.judging": ("compare", "evaluate", "predictions"),
    "api.models": ("TrainedModel", "forecast", "load", "train"),
    "api.series": ("WindowedSeries", "make_windows", "read_series"),
    "core.errors": ("UserError",),
}


def __getattr__(name: str) -> Any:
    module = next((module for module, names in MODULES.items() if name in names), None)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    share_kernels()  # so that results are those of the pipeline, on any processor
    return getattr(import_module(f"{__name__}.{module}"), name)


def __dir__() -> list[str]:
    return __all__
