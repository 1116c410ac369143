"""How long `dvc repro` takes: cold, with nothing changed, and with one parameter changed.

Run by `make bench`. It works in a fresh clone of the last commit, in a temporary folder, and prints a table.
"""

import os
import platform
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
REPEATS = 5  # of what is quick


def seconds(folder: str, command: Sequence[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "clone", "-q", str(ROOT), folder], check=True)
        cold = seconds(folder, ["dvc", "repro"])
        idle = statistics.median(seconds(folder, ["dvc", "repro"]) for _ in range(REPEATS))
        changed = seconds(folder, ["dvc", "exp", "run", "-S", "models.stock_gru.hidden_size=16"])
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}\n")
    print("| command | seconds |")
    print("| --- | ---: |")
    print(f"| `dvc repro`, cold | {cold:.1f} |")
    print(f"| `dvc repro`, nothing changed (median of {REPEATS}) | {idle:.1f} |")
    print(f"| `dvc exp run -S models.stock_gru.hidden_size=16` | {changed:.1f} |")


if __name__ == "__main__":
    main()
