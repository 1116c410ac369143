"""track: the files of all models -> the MLflow runs that are not there yet. To be run by hand after `dvc pull`."""

import os
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.core.files import write_json
from rnnlab.core.params_file import read_params
from rnnlab.core.stage import run
from rnnlab.data.prices import read_prices
from rnnlab.networks.weights_header import read_config
from rnnlab.tracking.mirror import Result, mirror
from rnnlab.tracking.result_files import RAW, read_result
from rnnlab.tracking.run_info import (
    TRACKED,
    experiment,
    models_of_the_commit,
    run_name,
)
from rnnlab.tracking.store import STORE_ERRORS, Store, UnreachableError, explain
from rnnlab.windows.artifacts import read_digits


def main() -> None:
    params = read_params()
    unchanged = models_of_the_commit(params.models) if experiment() else set()
    results = [read_result(name, params, unchanged) for name in params.models]
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


if __name__ == "__main__":
    run(main)
