"""What a person reads when `dvc repro` or an experiment is over: what changed, and where to look."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from rnnlab.core.figures import places, write
from rnnlab.core.tables import METRICS
from rnnlab.tracking.run_info import show_file

FILE = METRICS / "leaderboard.json"
MOST = 4  # models that are named
Ranked = Mapping[str, float]  # by model, the figure that ranks it


def last_lines() -> Iterator[str]:
    """What changed in the leaderboard since the last commit, where the page is, and how to see the runs."""
    before, now = (_ranked(text) for text in (show_file("HEAD", FILE), FILE.read_text(encoding="utf-8")))
    yield f"leaderboard: {_changes(before, now)}"
    if Path(os.environ.get("DVC_ROOT", ".")).resolve() == Path.cwd():
        yield f"page: {Path('report/index.html').resolve().as_uri()}"
    else:  # a copy, which DVC removes
        yield f"page: report/index.html, after `dvc exp apply {os.environ.get('DVC_EXP_NAME', '')}`"
    yield "runs: make ui"


def _ranked(text: str) -> dict[str, float]:
    board = json.loads(text) if text else {}
    tracks = [by_name for by_name in board.values() if isinstance(by_name, dict)]
    return {name: next(iter(figures.values())) for by_name in tracks for name, figures in by_name.items() if figures}


def _changes(before: Ranked, now: Ranked) -> str:
    changed = {name: figure for name, figure in now.items() if before.get(name) != figure}
    if not changed:
        return "as in the last commit"
    words = []
    for name, figure in list(changed.items())[:MOST]:
        decimals = places([figure, before.get(name)], 4)
        was = f" (was {write(before[name], decimals)})" if name in before else " (new)"
        words.append(f"{name} {write(figure, decimals)}{was}")
    more = len(changed) - len(words)
    return ", ".join([*words, *([f"{more} more"] if more > 0 else [])])
