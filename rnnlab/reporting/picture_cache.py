"""Pictures by the digest of what they show: one that was drawn before is read, as drawing takes longer."""

import os
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib

from rnnlab.core.files import digest, write_bytes

Draw = Callable[..., bytes]  # gets one of `plots` and its arguments

KEPT = 200  # pictures, the last that were used


class PictureCache:
    """A picture depends on the function that draws it, its arguments, this folder's code and matplotlib.

    Args:
        folder: of the pictures; made when there is one to keep.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._code = digest([version("matplotlib").encode(), *sorted(Path(__file__).parent.glob("*.py"))])

    def draw(self, plot: Callable[..., bytes], *args: Any) -> bytes:
        """What ``plot(*args)`` returns."""
        path = self._folder / f"{digest([self._code.encode(), joblib.hash((plot.__name__, args)).encode()])}.png"
        try:
            png = path.read_bytes()
            os.utime(path)
        except FileNotFoundError:
            png = plot(*args)
            write_bytes(path, png)
        return png

    def forget_the_oldest(self) -> None:
        """All but the last that were used."""
        by_age = sorted(self._folder.glob("*.png"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in by_age[KEPT:]:
            path.unlink(missing_ok=True)
