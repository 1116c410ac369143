"""What a person reads when `dvc repro` or an experiment is over: what changed, and where to look."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from rnnlab.core.figures import places, write
from rnnlab.core.params_file import FILE as PARAMS
from rnnlab.core.params_file import read_content
from rnnlab.core.tables import METRICS
from rnnlab.tracking.run_info import show_file
from rnnlab.windows.series_info import read_info

FILE, COMPARISON = METRICS / "leaderboard.json", METRICS / "comparison.json"
MOST = 4  # models that are named
SERIES = "source", "path", "name", "unit", "target"
DATA = {"series": ("series", SERIES), "panel": ("series", SERIES), "digits": ("digits", ("source",))}  # by track
Board = Mapping[str, Mapping[str, float]]  # by track and model, the figure that ranks it


def last_lines() -> Iterator[str]:
    """What changed in the leaderboard since the last commit, where the page is, and how to see the runs."""
    before, now = (_board(text) for text in (show_file("HEAD", FILE), FILE.read_text(encoding="utf-8")))
    old, new = YAML(typ="safe").load(show_file("HEAD", PARAMS)) or {}, read_content()
    other = {track for track in before if _data(old, track) != _data(new, track)}
    # A figure of other data, or in another unit, is no figure to compare with.
    before = {track: {} if track in other else ranked for track, ranked in before.items()}
    parts = [*_changes(before, now, new["models"], other), *_steps("series" in other)]
    yield f"leaderboard: {', '.join(parts) or 'as in the last commit'}"
    if Path(os.environ.get("DVC_ROOT", ".")).resolve() == Path.cwd():
        yield f"page: {Path('report/index.html').resolve().as_uri()}"
    else:  # a copy, which DVC removes
        yield f"page: report/index.html, after `dvc exp apply {os.environ.get('DVC_EXP_NAME', '')}`"
    yield "runs: make ui"


def _board(text: str) -> Board:
    board = json.loads(text) if text else {}
    return {
        track: {name: next(iter(figures.values())) for name, figures in by_name.items() if figures}
        for track, by_name in board.items()
        if isinstance(by_name, dict)
    }


def _data(params: Mapping[str, Any], track: str) -> list[Any]:
    section, keys = DATA[track]
    return [params.get(section, {}).get(key) for key in keys]


def _changes(before: Board, now: Board, networks: Mapping[str, Any], other: set[str]) -> Iterator[str]:
    """Networks first, and of these the new ones, then those that changed most."""
    changed = []
    for track, ranked in now.items():
        for name, figure in ranked.items():
            was = before.get(track, {}).get(name)
            if figure != was:
                size = float("inf") if not was else abs(figure / was - 1)
                note = "" if track in other else " (new)"
                changed.append(((name not in networks, -size), name, figure, was, note))
    for _, name, figure, was, note in sorted(changed, key=lambda each: each[0])[:MOST]:
        decimals = places([figure, was], 4)
        yield f"{name} {write(figure, decimals)}" + (note if was is None else f" (was {write(was, decimals)})")
    if len(changed) > MOST:
        yield f"{len(changed) - MOST} more"


def _steps(other: bool) -> Iterator[str]:
    """The size of a series' test part, where it is not that of the last commit."""
    before, now = (
        json.loads(text or "{}").get("series", {}).get("steps")
        for text in (show_file("HEAD", COMPARISON), COMPARISON.read_text(encoding="utf-8"))
    )
    if now and before and now != before:
        yield f"test part: {read_info().count(now)}" + ("" if other else f" (was {before:,})")
