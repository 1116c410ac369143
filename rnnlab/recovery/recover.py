"""Undo what a kill at a bad moment left, before `dvc repro` in the Makefile and in `rnnlab tidy`; say what was done."""

import sys
from collections.abc import Iterator
from pathlib import Path

from rnnlab.recovery.dvc_files import repair
from rnnlab.recovery.edits import bring_back_edits
from rnnlab.recovery.leftovers import remove_leftovers


def recover(root: Path) -> Iterator[str]:
    """Yield a sentence for each thing that was done."""
    for part in (repair, bring_back_edits, remove_leftovers):
        yield from part(root)


if __name__ == "__main__":
    for sentence in recover(Path()):
        print(sentence, file=sys.stderr)
