"""A run's networks as a model of MLflow: exported when they are promoted, as that takes longer than many trainings."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mlflow.artifacts
import numpy as np
from numpy.typing import NDArray

from rnnlab.networks.weights import unpack
from rnnlab.serving.exported import MODULES, input_columns, output_columns
from rnnlab.tracking.registry import Package, log_model
from rnnlab.tracking.store import Store

EXAMPLES = 3  # more than one, or the exported graph takes no other number


def log_exported(store: Store, track: str, run: str, name: str) -> None:
    """Log the exported graph of the weights among a run's artifacts, unless the run has one."""
    outputs = store.client.get_run(run).outputs
    if outputs and outputs.model_outputs:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = mlflow.artifacts.download_artifacts(
            run_id=run, artifact_path=f"weights/{name}.safetensors", dst_path=folder, tracking_uri=store.uri
        )
        networks, config = unpack(path)
        package = Package(
            name=name,
            module=MODULES[track](networks, config),
            inputs=input_columns(config),
            outputs=output_columns(config),
            example=make_example(config),
            weights=Path(path),
        )
        log_model(store.client, run, store.experiments[track], package)


def make_example(config: Mapping[str, Any]) -> NDArray[np.float32]:
    """Inputs (B, columns) of the module, within the limits that the networks were scaled by."""
    scaler, length = config["scaler"], config["network"]["length"]
    if config["track"] == "digits":
        pixels = length * config["network"]["input_size"]
        return np.linspace(scaler["minimum"], scaler["maximum"], EXAMPLES * pixels, dtype=np.float32).reshape(3, -1)
    rows = np.linspace(scaler["minimum"], scaler["maximum"], length + EXAMPLES - 1, dtype=np.float32)
    return np.stack([rows[first : first + length].ravel() for first in range(EXAMPLES)])
