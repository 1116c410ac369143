"""What a kill leaves behind: files that a write had begun, and DVC's copies of `dvc exp run --temp` and of a queue."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil

WRITTEN = ("data", "models", "metrics", "report")  # by the stages
SECONDS = 15  # that a process of a copy has to end by itself: it may be closing a run of MLflow


def remove_leftovers(root: Path) -> Iterator[str]:
    """Remove what nobody uses any more; yield a sentence for each.

    DVC leaves a copy for a moment before it removes it: none is touched while another DVC works in the repository.

    Args:
        root: the main repository's folder.
    """
    for folder in WRITTEN:
        for path in (root / folder).rglob(".*"):
            if (writer := re.search(r"\.(\d{1,9})$", path.name)) and not psutil.pid_exists(int(writer[1])):
                path.unlink(missing_ok=True)
                yield f"removed: {path}, incomplete"
    root = root.resolve()
    found = root / ".dvc/tmp/exps"
    copies = sorted([*found.glob("tmp*"), *found.glob("standalone/tmp*")])
    others = list(_others(root)) if copies else []
    if any(_is_dvc(process) for process in others):
        return
    psutil.wait_procs([process for process in others if process.info["cwd"].startswith(f"{found}{os.sep}")], SECONDS)
    used = [Path.cwd(), *(Path(process.info["cwd"]) for process in others if process.is_running())]
    for copy in copies:
        if not any(folder.is_relative_to(copy) for folder in used):
            shutil.rmtree(copy, ignore_errors=True)
            yield f"removed: {copy}"


def _others(root: Path) -> Iterator[psutil.Process]:
    """The processes that work in the repository, but for this one and what started it."""
    own = {os.getpid(), *(process.pid for process in psutil.Process().parents())}
    for process in psutil.process_iter(["cmdline", "cwd"]):
        if process.pid not in own and Path(process.info["cwd"] or "/").is_relative_to(root):
            yield process


def _is_dvc(process: psutil.Process) -> bool:
    # `dvc ...`, `python .../dvc ...`, `-m dvc`
    return any(Path(arg).name.startswith("dvc") for arg in (process.info["cmdline"] or [])[:3])
