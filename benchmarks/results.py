"""What all benchmarks do with their figures: a table for the eye, `benchmarks/results.json` for the record."""

import datetime
import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tabulate import tabulate

from rnnlab.core.kernels import share_kernels

share_kernels()  # what is measured computes as the stages do
FILE = Path(__file__).parent / "results.json"


def publish(name: str, rows: list[dict[str, Any]]) -> None:
    """Print the rows as a table, and keep them under ``name`` with machine, versions and date."""
    print(tabulate(rows, headers="keys", tablefmt="github", floatfmt=".3g"), flush=True)
    results = json.loads(FILE.read_text()) if FILE.is_file() else {}
    results[name] = {
        "command": f"python benchmarks/{name}.py",
        "date": datetime.date.today().isoformat(),
        "machine": {"processor": _processor(), "cores": os.cpu_count(), "system": platform.system()},
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in ("torch", "dvc", "mlflow")},
        "rows": rows,
    }
    partial = FILE.with_suffix(".partial")
    partial.write_text(json.dumps(results, indent=1) + "\n")
    partial.replace(FILE)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), platform.processor())
