"""What stages made of the data, read back: the scaler, and the parts as sequences and targets."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.core.files import read_arrays, read_json
from rnnlab.windows.panel import Panel
from rnnlab.windows.scaler_file import check_scaler

SCALED = Path("data/scaled/series")
SPLIT = Path("data/split")
PARTS = ("train", "validation", "test")


def read_scaler(track: str) -> dict[str, Any]:
    path = Path("data/scaled") / track / "scaler.json"
    return check_scaler(read_json(path), track, str(path))


def read_panel(folder: Path, window: Mapping[str, int] | None = None) -> Panel:
    """The scaled rows of a folder; ``window`` has the length and horizon, where the folder does not say them."""
    about = read_json(folder / "panel.json")
    spans = np.array(about["spans"], np.int64).reshape(-1, 2)
    window = read_json(folder / "window.json") if window is None else window
    inputs, target, dates = read_arrays(folder, "inputs", "target", "dates")
    return Panel(tuple(about["symbols"]), spans, inputs, target, dates, **window, kind=about["panel"])


def read_part(part: str) -> Panel:
    """The windows of all symbols that train, validate or test."""
    return read_panel(SPLIT / "series" / part)


def read_digits(part: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Images (N, T, F) float32 in [0, 1] and labels (N,)."""
    images, labels = read_arrays(SPLIT / "digits" / part, "images", "labels")
    return images, labels
