"""What a person waits for, as ratios: an experiment to its training, the way back to a no-op, and so on.

It works in a fresh clone of the last commit, in a temporary folder, without a data mirror; all figures are of one run
on one machine. Under the ratios stand the seconds that they are made of, and where each stage's time goes.
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
MODEL = "gru"
EXPERIMENT = ["dvc", "exp", "run", "-S", f"models.{MODEL}.hidden_size=9"]
RESTORE = ["git", "restore", "-SW", "params.yaml", "dvc.lock", "metrics"]
REPEATS = 5  # of what is quick
VENV = Path(sys.prefix)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "clone", "-q", str(HERE.parent), folder], check=True)
        # the environment that runs this, as it is
        cold, _ = run(folder, ["make", f"--old-file={VENV}/base.stamp", f"VENV={VENV}", "repro"])
        idle = median(folder, ["dvc", "repro"])
        imports = median(folder, [sys.executable, "-c", "import dvc.repo"])
        experiment, _ = run(folder, EXPERIMENT)
        training = median(folder, [sys.executable, "-m", "stages.train", MODEL])
        run(folder, RESTORE)
        back, _ = run(folder, ["dvc", "repro"])
        cached, _ = run(folder, EXPERIMENT)
        run(folder, RESTORE)
        run(folder, ["dvc", "repro"])
        stages = YAML(typ="safe").load(Path(folder, "dvc.lock"))["stages"]
        by_stage = [{"what": name} | clocked(folder, stage["cmd"].split()[2:]) for name, stage in stages.items()]
    work = sum(stage["work"] + stage["writing"] for stage in by_stage)
    seconds = {
        f"the bare training of {MODEL}, a process": training,
        f"`{' '.join(EXPERIMENT)}`": experiment,
        "the same again, its training cached": cached,
        f"`dvc repro`, nothing changed (median of {REPEATS})": idle,
        "the way back: `git restore`, `dvc repro`": back,
        "`import dvc.repo`, a process": imports,
        "`make repro`, cold": cold,
        "the stages' work without imports": work,
    }
    ratios = {
        "experiment ÷ bare training": experiment / training,
        "experiment with a cached training ÷ bare training": cached / training,
        "way back ÷ no-op": back / idle,
        "no-op ÷ `import dvc.repo`": idle / imports,
        "cold ÷ the stages' work": cold / work,
    }
    rows = [{"what": what, "ratio": ratio} for what, ratio in ratios.items()]
    publish("pipeline", rows + [{"what": what, "seconds": value} for what, value in seconds.items()] + by_stage)


def median(folder: str, command: Sequence[str]) -> float:
    return statistics.median(run(folder, command)[0] for _ in range(REPEATS))


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


def clocked(folder: str, args: Sequence[str]) -> dict[str, float]:
    """A stage once more, outside DVC, and the parts of its time."""
    seconds, output = run(folder, [sys.executable, str(HERE / "clocked.py"), *args])
    imports, work, writing = map(float, output.splitlines()[-1].split())
    start_up = seconds - imports - work - writing
    return {"seconds": seconds, "start-up and imports": start_up + imports, "work": work, "writing": writing}


if __name__ == "__main__":
    main()
