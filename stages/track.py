"""track: the files of all models -> the MLflow runs that are not there yet. To be run by hand after `dvc pull`."""

import hashlib
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from rnnlab.params import flatten
from rnnlab.tracking import Result, Store
from rnnlab.weights_config import read_config
from stages.entry import run
from stages.files import read_json, write_json
from stages.params import read_params

METRICS = Path("metrics")
FILES = {"test": "json", "history": "csv", "predictions": "csv"}
BASELINE = {"stock": "persistence", "digits": "majority_class"}
RAW = {"stock": Path("data/raw/stock.csv"), "digits": Path("data/raw/digits")}


def main() -> None:
    params = read_params()
    sources = {"stock": params.stock.source, "digits": params.digits.source}
    settings = {track: flatten(getattr(params, track).model_dump(mode="json"), f"{track}.") for track in RAW}
    results = [result_of(name, sources, settings) for name in params.models]
    # DVC_ROOT is the main repository, also in a temporary copy: all its runs go to one store.
    store = Store(Path(os.environ.get("DVC_ROOT", ".")), os.environ.get("MLFLOW_TRACKING_URI"))
    prefix = os.environ.get("DVC_EXP_NAME", "workspace")
    for result in results:
        if store.find(result) is None:
            store.add(result, f"{prefix} / {result.model}")
            print(f"new run: {prefix} / {result.model}")
    write_json(Path("data/tracked.json"), {result.model: result.key for result in results})


def result_of(name: str, sources: Mapping[str, str], settings: dict[str, dict[str, Any]]) -> Result:
    """Read a model's files."""
    files = [
        Path(f"models/{name}.safetensors"),
        *(METRICS / kind / f"{name}.{end}" for kind, end in FILES.items()),
    ]
    config, figures = read_config(str(files[0])), read_json(METRICS / f"test/{name}.json")
    track, data = config["track"], RAW[config["track"]]
    rival = read_json(METRICS / f"baselines/{track}/figures.json")[BASELINE[track]]
    baseline = {f"baseline/{key}": value["mean"] for key, value in rival["metrics"].items()}
    means = {f"test/{key}": value["mean"] for key, value in figures["metrics"].items()}
    stds = {f"test/{key}_std": value["std"] for key, value in figures["metrics"].items()}
    stage = {"dvc.stage": f"train@{name}", "dvc.exp_name": os.environ.get("DVC_EXP_NAME", "")}
    return Result(
        model=name,
        track=track,
        key=_digest(files),
        params={
            **settings[track],
            **config["network"],
            **config["training"],
            "parameters": config["parameters"],
        },
        figures=means | stds | baseline,
        figures_by_seed={
            int(seed): {f"test/{key}": value for key, value in by_seed.items()}
            for seed, by_seed in figures["by_seed"].items()
        },
        history=pd.read_csv(METRICS / f"history/{name}.csv"),
        artifacts=dict.fromkeys(sorted(Path("report/pictures", name).glob("*.png")), "pictures")
        | {files[0]: "weights", files[1]: "metrics", files[2]: "metrics", files[3]: "metrics"},
        data_path=data,
        data_name=f"{track}-{sources[track]}",
        data_digest=_digest(sorted(data.iterdir()) if data.is_dir() else [data]),
        tags={key: str(value) for key, value in config["made_with"].items()}
        | {key: value for key, value in stage.items() if value}
        | _commit(),
    )


def _commit() -> dict[str, str]:
    """The commit that the run stands on; none where git or a commit is missing."""
    revision = os.environ.get("DVC_EXP_BASELINE_REV")
    if not revision:
        git = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
        revision = git.stdout.strip() if git.returncode == 0 else ""
    return {"git.commit": revision, "mlflow.source.git.commit": revision} if revision else {}


def _digest(files: list[Path]) -> str:
    """Of several files' contents; 32 hexadecimal digits, as MLflow's digests have at most 36."""
    total = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()[:32]


if __name__ == "__main__":
    run(main)
