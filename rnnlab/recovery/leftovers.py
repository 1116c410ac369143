"""What a kill leaves behind: files that a write had begun, and DVC's copies of `dvc exp run --temp` and of a queue."""

import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

WRITTEN = ("data", "models", "metrics", "report")  # by the stages
SECONDS = 30  # that a process of a copy has to end by itself: it may be closing a run of MLflow


def remove_leftovers(root: Path, others: Sequence[psutil.Process]) -> Iterator[str]:
    """Remove what nobody uses any more; yield a sentence for each.

    Args:
        root: the main repository's folder.
        others: the processes that work in it; none is a DVC.
    """
    for folder in WRITTEN:
        for path in (root / folder).rglob(".*.partial"):
            if (writer := re.search(r"\.(\d{1,9})\.partial$", path.name)) and not psutil.pid_exists(int(writer[1])):
                path.unlink(missing_ok=True)
                yield f"removed: {path}, incomplete"
    copies = (root / ".dvc/tmp/exps").resolve()
    psutil.wait_procs([process for process in others if Path(process.info["cwd"]).is_relative_to(copies)], SECONDS)
    used = [Path.cwd(), *(Path(process.info["cwd"]) for process in others if process.is_running())]
    for copy in sorted([*copies.glob("tmp*"), *copies.glob("standalone/tmp*")]):
        if not any(folder.is_relative_to(copy) for folder in used):
            shutil.rmtree(copy, ignore_errors=True)
            yield f"removed: {copy}"
