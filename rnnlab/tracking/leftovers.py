"""What DVC leaves behind when it is killed: the temporary copies of `dvc exp run --temp` and of a queue."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil


def clear_copies(root: Path) -> list[Path]:
    """Remove the copies that nobody works in any more; return them.

    DVC leaves a copy for a moment before it removes it: none is touched while another DVC works in the repository.

    Args:
        root: the main repository's folder.
    """
    root = root.resolve()
    others = list(_others(root))
    if any(_is_dvc(args) for _, args in others):
        return []
    used = [Path.cwd(), *(folder for folder, _ in others)]
    copies = root / ".dvc/tmp/exps"
    left = [
        copy
        for copy in sorted([*copies.glob("tmp*"), *copies.glob("standalone/tmp*")])
        if not any(folder.is_relative_to(copy) for folder in used)
    ]
    for copy in left:
        shutil.rmtree(copy, ignore_errors=True)
    return left


def _others(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Working folder and command line of the processes in the repository, but for this one and what started it."""
    own = {os.getpid(), *(process.pid for process in psutil.Process().parents())}
    for process in psutil.process_iter(["cmdline", "cwd"]):
        folder = Path(process.info["cwd"] or "/")
        if process.pid not in own and folder.is_relative_to(root):
            yield folder, process.info["cmdline"] or []


def _is_dvc(args: list[str]) -> bool:
    return any(Path(arg).name.startswith("dvc") for arg in args[:3])  # `dvc ...`, `python .../dvc ...`, `-m dvc`
