"""Panels: the data stages on 12.5 million rows, training against the number of symbols, and against workers.

The walks are made up. Each figure is of a stage as a process of its own. Needs some 3 GB of disk and 20 minutes.
"""

import hashlib
import importlib.util
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from results import publish
from ruamel.yaml import YAML
from scale import ROOT, measure

MODEL, DATA_STAGES = "gru", ["fetch series", "scale series", "window series", "split series"]


def main() -> None:
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(Path(folder))
        for symbols, days, epochs in ((5000, 2500, 0), (50, 1000, 10), (5000, 1000, 4), (500, 1000, 10)):
            write_panel(project / "panel.parquet", symbols, days)
            for stage in DATA_STAGES:
                seconds, mib = run(project, stage)
                if not epochs:
                    rows.append(
                        {"what": stage, "symbols": symbols, "rows": symbols * days, "seconds": seconds, "MiB": mib}
                    )
            if epochs:
                rows.append(train(project, symbols, epochs, executor="local", workers=1))
        executors = ["local", "ray"] if importlib.util.find_spec("ray") else ["local"]
        for executor in executors:
            for workers in (1, 2):
                rows.append(train(project, 500, epochs=50, executor=executor, workers=workers))
    publish("panel", rows)


def train(project: Path, symbols: int, epochs: int, executor: str, workers: int) -> dict[str, Any]:
    content = YAML(typ="safe").load(project / "params.yaml")
    content["training"]["series"]["epochs"] = epochs
    YAML().dump(content | {"executor": executor, "workers": workers}, project / "params.yaml")
    seconds, mib = run(project, f"train {MODEL}")
    weights = (project / f"models/{MODEL}.safetensors").read_bytes()
    return {
        "what": f"train, {epochs} epochs, {executor}, {workers} worker{'s' * (workers > 1)}",
        "symbols": symbols,
        "seconds": seconds,
        "MiB": mib,
        "ms a symbol and epoch": 1000 * seconds / symbols / epochs,
        "sha256": hashlib.sha256(weights).hexdigest()[:12],
    }


def run(project: Path, stage: str) -> tuple[float, float]:
    return measure([sys.executable, "-m", *f"stages.{stage}".split()], str(project))


def make_project(folder: Path) -> Path:
    for name in ("stages", "rnnlab"):
        shutil.copytree(ROOT / name, folder / name)
    content = YAML(typ="safe").load(ROOT / "params.yaml")
    content["series"] |= {"source": "panel", "path": "panel.parquet"}
    content["series"]["split"]["train"] = 0.7
    content["training"]["series"]["seeds"] = 1
    YAML().dump(content, folder / "params.yaml")
    return folder


def write_panel(path: Path, symbols: int, days: int) -> None:
    """Random walks with a common part, in blocks of a hundred symbols."""
    random, dates = np.random.default_rng(0), pd.bdate_range("2015-01-01", periods=days)
    market, writer = random.normal(0, 0.008, days), None
    for first in range(0, symbols, 100):
        block = []
        for number in range(first, min(first + 100, symbols)):
            close = 100 * np.exp(np.cumsum(market + random.normal(0, 0.012, days)))
            start = close * np.exp(random.normal(0, 0.004, days))
            high, low = np.maximum(start, close) * 1.004, np.minimum(start, close) * 0.996
            prices = {
                "Open": start,
                "High": high,
                "Low": low,
                "Close": close,
                "Volume": random.integers(1, 10**6, days),
            }
            block.append(pd.DataFrame({"Date": dates, "Symbol": f"S{number:05d}"} | prices))
        table = pa.Table.from_pandas(pd.concat(block), preserve_index=False)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()


if __name__ == "__main__":
    main()
