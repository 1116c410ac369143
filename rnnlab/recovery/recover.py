"""Undo what a kill at a bad moment left, before `dvc repro` in the Makefile and in `rnnlab tidy`; say what was done."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
from git import GitCommandError

from rnnlab.core.errors import UserError, told
from rnnlab.recovery.dvc_files import repair
from rnnlab.recovery.edits import bring_back_edits
from rnnlab.recovery.leftovers import remove_leftovers


def recover(root: Path) -> Iterator[str]:
    """Yield a sentence for each thing that was done; while DVC or git works in the repository, nothing is.

    Raises:
        UserError: if git can't bring edits back.
    """
    others = list(_others(root.resolve()))
    for process in others:
        # `dvc ...`, `python .../dvc ...`, `-m dvc`
        names = {Path(word).name for word in (process.info["cmdline"] or [])[:3]}
        if at_work := names & {"dvc", "git"}:
            yield f"{min(at_work)} is at work here (process {process.pid}): run `rnnlab tidy` when it has ended"
            return
    yield from repair(root)
    try:
        yield from bring_back_edits(root)
    except GitCommandError as error:
        said = str(error.stderr).strip().removeprefix("stderr: ")
        raise UserError(f"edits that DVC put aside can't be brought back (`git stash list` has them): {said}") from None
    yield from remove_leftovers(root, others)


def _others(root: Path) -> Iterator[psutil.Process]:
    """The processes that work in the repository, but for this one and what started it."""
    own = {os.getpid(), *(process.pid for process in psutil.Process().parents())}
    for process in psutil.process_iter(["cmdline", "cwd"]):
        if process.pid not in own and Path(process.info["cwd"] or "/").is_relative_to(root):
            yield process


if __name__ == "__main__":
    with told():
        for sentence in recover(Path()):
            print(sentence, file=sys.stderr)
