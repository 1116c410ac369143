"""MLflow's models: logged with a run, and registered by name. No pickle: PyTorch's exported graph, and safetensors."""

import json
import os
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # before mlflow is imported
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

import mlflow.artifacts
import mlflow.pytorch
import numpy as np
from mlflow import MlflowClient
from mlflow.entities import LoggedModelOutput, LoggedModelStatus, Metric, Run
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, Schema, TensorSpec
from mlflow.utils.mlflow_tags import MLFLOW_MODEL_VERSIONS
from numpy.typing import NDArray
from torch import nn

from rnnlab.core.errors import UserError
from rnnlab.tracking.store import NOTE, SOURCE

CHAMPION, PREVIOUS = "champion", "previous"
MEASURED = ("test/", "backtest/", "unranked/")  # figures of a run
PACKAGES = ("torch", "mlflow", "numpy", "pandas")  # what a server of the model needs


@dataclass(frozen=True)
class Package:
    """A trained model, raw inputs in and raw outputs out."""

    name: str
    module: nn.Module
    inputs: Sequence[str]
    outputs: Sequence[str]
    example: NDArray[np.float32]  # (B, inputs); B > 1, or the exported graph takes no other
    weights: Path  # goes with it, for those who have this program


def log_model(client: MlflowClient, run: str, experiment: str, package: Package) -> str:
    """Log a model as an output of a run; return its id. It loads with MLflow and PyTorch alone."""
    found = client.get_run(run)
    params, tags = dict(found.data.params), SOURCE | {NOTE: found.data.tags.get(NOTE, "")}
    logged = client.create_logged_model(experiment, package.name, run, tags, params, "rnnlab")
    with tempfile.TemporaryDirectory() as folder:
        save_model(Path(folder, "model"), package, Model(run_id=run, model_id=logged.model_id))
        client.log_model_artifacts(logged.model_id, str(Path(folder, "model")))
    client.finalize_logged_model(logged.model_id, LoggedModelStatus.READY)
    client.log_outputs(run, [LoggedModelOutput(logged.model_id, 0)])
    client.log_batch(run, _measured(found, logged.model_id))
    return str(logged.model_id)


def _measured(run: Run, model: str) -> list[Metric]:
    """The run's figures once more, as the model's, which its page shows with the data that they are of."""
    datasets = [each.dataset for each in run.inputs.dataset_inputs] if run.inputs else []
    data, now = ([(each.name, each.digest) for each in datasets] or [(None, None)])[0], int(1000 * time.time())
    return [
        Metric(name, value, now, 0, model, *data, run.info.run_id)
        for name, value in run.data.metrics.items()
        if name.startswith(MEASURED)
    ]


def save_model(path: Path, package: Package, model: Model) -> None:
    """Write a model's folder. The inputs get their names afterwards: MLflow exports from unnamed tensors alone.

    MLflow numbers what comes out of such a model; the signature says it as it is, the metadata what the numbers mean.
    """
    columns = Schema([ColSpec("double", name) for name in package.inputs])
    outputs = Schema([ColSpec("double", str(place)) for place in range(len(package.outputs))])
    model.metadata = {"outputs": list(package.outputs)}
    tensors = ModelSignature(Schema([TensorSpec(np.dtype("float32"), (-1, len(package.inputs)))]))
    with warnings.catch_warnings():
        # a recurrent layer lists its weights anew when it is traced: they are in the graph all the same
        warnings.filterwarnings("ignore", "The tensor attributes .* were assigned during export")
        mlflow.pytorch.save_model(
            package.module.eval(),
            str(path),
            mlflow_model=model,
            signature=tensors,
            input_example=package.example,
            pip_requirements=[f"{name}=={version(name).split('+')[0]}" for name in PACKAGES],
            serialization_format="pt2",
            extra_files=[str(package.weights)],
        )
    table = {"columns": list(package.inputs), "data": package.example.astype(float).tolist()}
    (path / "input_example.json").write_text(json.dumps(table))
    (path / "serving_input_example.json").write_text(json.dumps({"dataframe_split": table}))
    model.signature = ModelSignature(columns, outputs)
    model.saved_input_example_info = {
        "artifact_path": "input_example.json",
        "serving_input_path": "serving_input_example.json",
        "type": "dataframe",
        "pandas_orient": "split",
    }
    model.save(str(path / "MLmodel"))


def champion_tags(client: MlflowClient, name: str) -> dict[str, str]:
    """The tags of a registered model's champion; none where there is none."""
    try:
        return dict(client.get_model_version_by_alias(name, CHAMPION).tags)
    except MlflowException:
        return {}


def promote(
    client: MlflowClient, name: str, run: str, card: str, tags: Mapping[str, str]
) -> tuple[str, ModelVersion | None]:
    """Make the model that a run logged the champion of a registered model; the one before is ``previous``.

    Args:
        name: of the registered model: the series' name, or digits.

    Returns:
        Its version, and the champion before, if any; this may be the same one.

    Raises:
        UserError: if the run logged no model.
    """
    outputs: Any = client.get_run(run).outputs
    if not outputs or not outputs.model_outputs:
        raise UserError(f"run {run} has no model")
    model = client.get_logged_model(outputs.model_outputs[-1].model_id)
    source = model.artifact_location
    try:
        client.create_registered_model(name, description=f"The best network for {name}, by `rnnlab promote`.")
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    aliases = client.get_registered_model(name).aliases
    before = client.get_model_version(name, aliases[CHAMPION]) if CHAMPION in aliases else None
    if before and before.source == source:
        return str(before.version), before
    known = client.search_model_versions(f"name = '{name}' and source_path = '{source}'")
    made = (
        known[0]
        if known
        else client.create_model_version(name, source, run, tags=dict(tags), description=card, model_id=model.model_id)
    )
    # as `mlflow.register_model` does: the page of the logged model names its versions by this tag
    versions = json.dumps([{"name": name, "version": str(made.version)}])
    client.set_logged_model_tags(model.model_id, {MLFLOW_MODEL_VERSIONS: versions})
    if before:
        client.set_registered_model_alias(name, PREVIOUS, before.version)
    client.set_registered_model_alias(name, CHAMPION, made.version)
    return str(made.version), before


def download_weights(uri: str, store: str) -> Path:
    """The weights file of ``models:/NAME@ALIAS``, ``models:/NAME/VERSION`` or ``models:/m-ID``.

    Raises:
        UserError: if there is no such model, or it holds no weights of this program.
    """
    try:
        folder = mlflow.artifacts.download_artifacts(uri, tracking_uri=store, registry_uri=store)
    except (MlflowException, OSError) as error:
        said = " ".join(str(error).split())
        raise UserError(
            f"{uri}: is not available from MLflow: {said} (`rnnlab promote` makes a champion; "
            "with --force also of one that does not beat the baseline)"
        ) from None
    found = list(Path(folder).rglob("*.safetensors"))
    if len(found) != 1:
        raise UserError(f"{uri}: is not a model of rnnlab: it holds {len(found)} weights files instead of one")
    return found[0]
