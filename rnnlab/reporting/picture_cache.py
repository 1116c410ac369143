"""Pictures by the digest of their specifications, and the page's scripts: reading is faster than making them."""

import json
import os
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from rnnlab.core.files import digest, write_bytes
from rnnlab.reporting.chart_style import Spec, fixed, javascript, to_png

KEPT = 200  # files, the last that were used


class PictureCache:
    """Args:
    folder: of the files; made when there is one to keep.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def png(self, spec: Spec) -> bytes:
        """A chart as a picture."""
        return self._made(json.dumps(fixed(spec)), lambda: to_png(spec))

    def scripts(self) -> str:
        """The JavaScript that draws charts, as the installed package has it."""
        return self._made("scripts", lambda: javascript().encode()).decode()

    def _made(self, what: str, make: Callable[[], bytes]) -> bytes:
        path = self._folder / digest([version("vl-convert-python").encode(), what.encode()])
        try:
            content = path.read_bytes()
            os.utime(path)
        except FileNotFoundError:
            content = make()
            write_bytes(path, content)
        return content

    def forget_the_oldest(self) -> None:
        """All but the last that were used."""
        by_age = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in by_age[KEPT:]:
            path.unlink(missing_ok=True)
