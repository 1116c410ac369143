"""track: the files of all models -> the MLflow runs that are not there yet. To be run by hand after `dvc pull`."""

import os
from collections.abc import Set
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnnlab.core.files import digest, read_json, write_json
from rnnlab.core.params import Params
from rnnlab.core.params_file import read_params
from rnnlab.core.stage import run
from rnnlab.data.prices import read_prices
from rnnlab.networks.weights_header import read_config
from rnnlab.tracking.mirror import Result, mirror
from rnnlab.tracking.run_info import (
    TRACKED,
    experiment,
    models_of_the_commit,
    read_tracked,
    repeat_command,
    run_name,
    run_params,
    run_tags,
)
from rnnlab.tracking.store import STORE_ERRORS, Store, UnreachableError, explain
from rnnlab.windows.artifacts import read_digits

METRICS = Path("metrics")
FILES = {"test": "json", "history": "csv", "predictions": "csv"}
BASELINE = {"stock": "persistence", "digits": "majority_class"}
RAW = {"stock": Path("data/raw/stock/prices.csv"), "panel": Path("data/raw/stock"), "digits": Path("data/raw/digits")}


def main() -> None:
    params = read_params()
    unchanged = models_of_the_commit(params.models) if experiment() else set()
    results = [result_of(name, params, unchanged) for name in params.models]
    made_by = {result.model: result.tags.get("dvc.exp_name", "") for result in results}
    write_json(TRACKED, {result.model: {"key": result.key, "experiment": made_by[result.model]} for result in results})
    # DVC_ROOT is the main repository, also in a temporary copy: all its runs go to one store.
    root, uri = Path(os.environ.get("DVC_ROOT", ".")), os.environ.get("MLFLOW_TRACKING_URI")
    # The results are there all the same, and an experiment must not be lost for want of a server.
    later = "`python -m stages.track` adds the runs when it can be"
    try:
        store = Store(root, uri)
    except UnreachableError as error:
        print(f"note: {error}; {later}")
        return
    try:
        for result in results:
            name = run_name(result.model, made_by[result.model])
            if done := mirror(store, result, name, partial(log_model, store, result)):
                print(f"{done} run: {name}")
        for track in store.experiments:
            store.tidy(track)
    except STORE_ERRORS as error:
        print(f"note: MLflow at {store.shown} can't be reached any more: {explain(error)}; {later}")


def log_model(store: Store, result: Result, run: str) -> None:
    from rnnlab.networks.weights import unpack
    from rnnlab.serving.exported import MODULES, input_columns, output_columns
    from rnnlab.tracking.registry import Package, log_model  # imports PyTorch: only where there is something to log

    weights = Path(f"models/{result.model}.safetensors")
    if read_config(str(weights)).get("panel"):
        return  # many networks are no model of MLflow's: the weights are among the run's artifacts
    networks, config = unpack(str(weights))
    package = Package(
        name=result.model,
        module=MODULES[result.track](networks, config),
        inputs=input_columns(config),
        outputs=output_columns(config),
        example=example(config),
        weights=weights,
    )
    log_model(store.client, run, store.experiments[result.track], package)


def example(config: dict[str, Any]) -> NDArray[np.float32]:
    """The module's inputs for the last three windows, or the first three images."""
    length = config["network"]["length"]
    if config["track"] == "digits":
        images, _ = read_digits("test")
        pixels = images[:3].reshape(3, -1) * config["scaler"]["maximum"]
        return np.ascontiguousarray(pixels, np.float32)
    columns = config["scaler"]["columns"]
    recent = read_prices(RAW["stock"], columns).frame[columns].tail(length + 2).to_numpy(np.float32)
    return np.stack([recent[first : first + length].ravel() for first in range(3)])


def maker(model: str, key: str, unchanged: Set[str]) -> str:
    """The experiment that made a result: what runs, or, by hand and later, what was written down when it ran.

    Empty for a model that the experiment left as its commit has it.
    """
    if experiment():
        return "" if model in unchanged else experiment()
    before = read_tracked().get(model)
    return before["experiment"] if before and before["key"] == key else ""


def result_of(name: str, params: Params, unchanged: Set[str] = frozenset()) -> Result:
    """Read a model's files."""
    files = [
        Path(f"models/{name}.safetensors"),
        *(METRICS / kind / f"{name}.{end}" for kind, end in FILES.items()),
    ]
    config, figures = read_config(str(files[0])), read_json(METRICS / f"test/{name}.json")
    track = config["track"]
    data = RAW["panel" if params.is_panel and track == "stock" else track]
    rival = read_json(METRICS / f"baselines/{track}.json")[BASELINE[track]]
    baseline = {f"baseline/{key}": value["mean"] for key, value in rival["metrics"].items()}
    means = {f"test/{key}": value["mean"] for key, value in figures["metrics"].items()}
    stds = {f"test/{key}_std": value["std"] for key, value in figures["metrics"].items()}
    why = "; ".join(f"{key}: {reason}" for key, reason in figures["undefined"].items())
    undefined = {"undefined": why} if why else {}
    card, symbols = Path(f"report/cards/{name}.md"), Path(f"report/cards/{name}-symbols.csv")
    quartiles = {
        f"test/{key}_{which}": value
        for key, values in figures.get("over_symbols", {}).items()
        for which, value in zip(("lower_quartile", "median", "upper_quartile"), values, strict=True)
    }
    key = digest(files)
    return Result(
        model=name,
        track=track,
        key=key,
        weights_key=digest(files[:1]),
        params=run_params(params, name),
        parameters=config["parameters"],
        figures=means | stds | quartiles | baseline,
        figures_by_seed={
            int(seed): {f"test/{key}": value for key, value in by_seed.items()}
            for seed, by_seed in figures["by_seed"].items()
        },
        history=pd.read_csv(METRICS / f"history/{name}.csv"),
        artifacts=dict.fromkeys(sorted(Path("report/pictures", name).glob("*.png")), "pictures")
        | {files[0]: "weights", files[1]: "metrics", files[2]: "metrics", files[3]: "metrics", card: ""}
        | ({symbols: ""} if params.is_panel and track == "stock" else {}),
        data_path=data,
        data_name=f"{track}-{getattr(params, track).source}",
        data_digest=digest(sorted(data.iterdir()) if data.is_dir() else [data]),
        tags={word: str(value) for word, value in config["made_with"].items()}
        | undefined
        | run_tags(name, maker(name, key, unchanged)),
        note=f"{card.read_text(encoding='utf-8')}\n## The same again\n\n    {repeat_command()}\n",
    )


if __name__ == "__main__":
    run(main)
