"""Long series: windows over 10^4 to 10^7 rows against a Python loop that appends, and the stages on 10^7 rows.

Each figure comes from a process of its own: seconds, and the most memory that it held; for the windows, beyond that of
the rows themselves. Needs some 2 GB of disk.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from results import publish
from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent
LENGTH = 5
UNIT = 2**20 if sys.platform == "darwin" else 2**10  # of ru_maxrss to a MiB
STAGES = ["fetch series", "scale series", "window series", "split series", "train rnn"]

HARNESS = """
import resource, sys, time
import numpy as np
from rnnlab.windows.windows import Windows
rows = int(sys.argv[1])
values = np.random.default_rng(0).random((rows, 5))
before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
{}
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
VIEWS = f"""
windows = Windows(values[:, :4], values[:, 4], np.arange(rows).astype("datetime64[s]"), {LENGTH}, 1)
x, y = windows.x, windows.y
"""
APPENDING = f"""
x, y = [], []
for i in range(rows - {LENGTH}):
    x.append(values[i : i + {LENGTH}, :4])
    y.append(values[i + {LENGTH}, 4])
x, y = np.array(x), np.array(y)
"""


def main() -> None:
    rows: list[dict[str, object]] = []
    for count in (10**4, 10**5, 10**6, 10**7):
        for what, code in (("views", VIEWS), ("a loop that appends", APPENDING)):
            command = [sys.executable, "-c", HARNESS.format(code), str(count)]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
            seconds, memory = map(float, done.stdout.split())
            rows.append({"what": f"windows: {what}", "rows": count, "seconds": seconds, "MiB": memory / UNIT})
    rows += long_series(10**7)
    publish("scale", rows)


def long_series(count: int) -> list[dict[str, object]]:
    """The stages on a CSV file of so many rows, one after the other."""
    measured = []
    with tempfile.TemporaryDirectory() as folder:
        for name in ("stages", "rnnlab"):
            shutil.copytree(ROOT / name, Path(folder, name))
        write_prices(Path(folder, "prices.csv"), count)
        write_params(Path(folder, "params.yaml"))
        for stage in STAGES:
            seconds, memory = measure([sys.executable, "-m", *f"stages.{stage}".split()], folder)
            measured.append({"what": f"stage: {stage}", "rows": count, "seconds": seconds, "MiB": memory})
    return measured


def write_prices(path: Path, count: int) -> None:
    """A walk with a row a minute, in blocks."""
    generator, block = np.random.default_rng(0), 10**5
    for start in range(0, count, block):
        minutes = (
            np.arange(start, start + block).astype("datetime64[m]") + np.datetime64("2000-01-01").astype(int) * 1440
        )
        lowest_first = np.sort(generator.random((block, 4)), axis=1).round(4)
        prices = 100 + lowest_first[:, [1, 3, 0, 2]]
        table = pd.DataFrame(prices, columns=["Open", "High", "Low", "Close"]).assign(Volume=minutes.astype(int) % 997)
        table.insert(0, "Date", minutes.astype(str))
        table.to_csv(path, mode="a", header=start == 0, index=False)


def write_params(path: Path) -> None:
    params = YAML(typ="safe").load(ROOT / "params.yaml")
    params["series"] |= {"source": "csv", "path": "prices.csv"}
    params["series"]["split"]["train"] = 0.9
    params["training"]["series"] |= {"epochs": 1, "batch_size": 1000, "seeds": 1}
    YAML().dump(params, path)


def measure(command: Sequence[str], folder: str | None = None) -> tuple[float, float]:
    """Seconds of a process, and the most memory it had, in MiB."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder or ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command[:3])} failed")
    return time.perf_counter() - start, usage.ru_maxrss / UNIT


if __name__ == "__main__":
    main()
