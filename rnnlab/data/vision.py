"""torchvision, also where the published build does not import beside a CPU-only torch."""

import importlib
import sys
from types import ModuleType
from typing import Any

_libraries: list[Any] = []  # a torch Library withdraws its definitions when it is collected


def import_torchvision() -> ModuleType:
    """Import torchvision; where it fails for want of its operators' schemas, declare these and go on.

    On a matched pair of torch and torchvision nothing is changed. The operators themselves stay missing; the
    data sets do not need them.
    """
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms does not exist" not in str(error):
            raise
    import torch

    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _libraries.append(library)
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]  # half-imported
    return importlib.import_module("torchvision")
