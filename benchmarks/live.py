"""What it costs a training to be seen live in MLflow: whole processes with and without, in turn, on the defaults' data.

Needs data/split/series (`dvc repro split@series`).
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from results import publish
from ruamel.yaml import YAML

from rnnlab.tracking.store import Store

ROOT = Path(__file__).parent.parent
EPOCHS, TURNS = 6500, 4  # about half a minute each
TRAIN = "from stages import live, train; live.AFTER = {after}; train.main('gru')"


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("split/series", "scaled/series"):
            shutil.copytree(ROOT / "data" / part, folder / "data" / part)
        content = YAML(typ="safe").load(ROOT / "params.yaml")
        content["training"]["series"]["epochs"] = EPOCHS
        content["threads"] = 1
        YAML().dump(content, folder / "params.yaml")
        Store(folder)  # a new database takes seconds, once
        ways = {"not seen": float("inf"), "seen live": 5.0}
        seconds: dict[str, list[float]] = {way: [] for way in ways}
        for turn in range(TURNS):
            for way, after in sorted(ways.items(), reverse=turn % 2 == 1):
                seconds[way].append(train(folder, after))
    ratio = statistics.median(
        seen / unseen for seen, unseen in zip(seconds["seen live"], seconds["not seen"], strict=True)
    )
    rows = [
        {"training": way, "seconds, median": statistics.median(seconds[way]), "times not seen": figure}
        for way, figure in (("not seen", 1.0), ("seen live", ratio))
    ]
    publish("live", rows)


def train(folder: Path, after: float) -> float:
    script = TRAIN.format(after=f"float('{after}')")
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
