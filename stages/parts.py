"""What stages made of the data, read back: the scaler, and the parts as sequences and targets."""

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from rnnlab.scaler_config import check_scaler
from rnnlab.windows import Windows
from stages.files import read_arrays, read_json

SPLIT = Path("data/split")
PARTS = ("train", "validation", "test")


def read_scaler(track: str) -> dict[str, Any]:
    path = Path("data/scaled") / track / "scaler.json"
    return check_scaler(read_json(path), track, str(path))


def read_windows(part: str) -> Windows:
    folder = SPLIT / "stock" / part
    return Windows(*read_arrays(folder, "inputs", "target", "dates"), **read_json(folder / "window.json"))


def read_digits(part: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Images (N, T, F) float32 in [0, 1] and labels (N,)."""
    images, labels = read_arrays(SPLIT / "digits" / part, "images", "labels")
    return images, labels
