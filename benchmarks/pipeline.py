"""How long `dvc repro` takes: cold, with nothing changed, with one parameter changed; and where each stage's time goes.

It works in a fresh clone of the last commit, in a temporary folder, without a data mirror.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from results import publish
from ruamel.yaml import YAML

HERE = Path(__file__).parent
CHANGE = "models.stock_gru.hidden_size=16"
REPEATS = 5  # of what is quick


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "clone", "-q", str(HERE.parent), folder], check=True)
        cold, _ = run(folder, ["dvc", "repro"])
        idle = statistics.median(run(folder, ["dvc", "repro"])[0] for _ in range(REPEATS))
        stages = YAML(typ="safe").load(Path(folder, "dvc.lock"))["stages"]
        by_stage = [{"what": name} | clocked(folder, stage["cmd"].split()[2:]) for name, stage in stages.items()]
        changed, _ = run(folder, ["dvc", "exp", "run", "-S", CHANGE])
    whole = {
        "`dvc repro`, cold": cold,
        f"`dvc repro`, nothing changed (median of {REPEATS})": idle,
        f"`dvc exp run -S {CHANGE}`": changed,
    }
    publish("pipeline", [{"what": what, "seconds": seconds} for what, seconds in whole.items()] + by_stage)


def run(folder: str, command: Sequence[str]) -> tuple[float, str]:
    """Seconds and output of a command in the clone, which must be the clone's own code."""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("RNNLAB_MIRROR", "MLFLOW_TRACKING_URI")
    }
    environment["PYTHONPATH"] = folder
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return seconds, done.stdout


def clocked(folder: str, words: Sequence[str]) -> dict[str, float]:
    """A stage once more, outside DVC, and the parts of its time."""
    seconds, output = run(folder, [sys.executable, str(HERE / "clocked.py"), *words])
    imports, work, writing = map(float, output.splitlines()[-1].split())
    start_up = seconds - imports - work - writing
    return {"seconds": seconds, "start-up and imports": start_up + imports, "work": work, "writing": writing}


if __name__ == "__main__":
    main()
