"""Runs that mirror the results of models: their files are the truth.

A run is opened by a training that takes long enough to be watched, and completed from the files of its result; or made
from these alone. A result's content key is a digest of its files: the same result makes no second run, wherever it was
made.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric
from mlflow.exceptions import MlflowException

from rnnlab.core.processes import identity, is_gone
from rnnlab.tracking.store import KEY, PREFIX, PROCESS, Figures, Store, epoch_metrics

WEIGHTS = f"{PREFIX}weights_key"  # tags; of a run that a training opened, when that is over: what it made
MIRRORS = f"{PREFIX}mirrors_key"  # of a run that is being completed: the result's content key


@dataclass(frozen=True)
class Data:
    """What a result was made from.

    Attributes:
        schema, profile: in MLflow's forms: columns or tensors and their types; counts.
    """

    name: str
    path: Path
    digest: str
    schema: Mapping[str, Any]
    profile: Mapping[str, int]


@dataclass(frozen=True)
class Result:
    """What the files of a network, or of a simple rule, say."""

    model: str
    track: str
    key: str  # the content key
    weights_key: str  # of the weights file alone
    params: Mapping[str, object]
    parameters: int | None  # of the network; None: of a simple rule
    figures: Figures  # means, and standard deviations over seeds
    figures_by_seed: Mapping[int, Figures]
    history: pd.DataFrame  # columns epoch, seed and the figures of an epoch
    artifacts: Mapping[Path, str]  # file -> folder in the run
    data: Data
    tags: Mapping[str, str]
    note: str  # Markdown


def find(store: Store, result: Result) -> str | None:
    """The id of the finished run that mirrors this very result."""
    return find_key(store, result.track, result.key)


def find_key(store: Store, track: str, key: str) -> str | None:
    return next(iter(_mirrors(store, track, key)), None)


def _mirrors(store: Store, track: str, key: str) -> list[str]:
    found = store.finished(track, f"tags.`{KEY}` = '{key}'")
    return [run.info.run_id for run in sorted(found, key=lambda run: (run.info.start_time, run.info.run_id))]


def find_live(store: Store, result: Result, name: str) -> str | None:
    """The id of the run that the training of this result opened, and that is still to be completed."""
    found = store.finished(result.track, f"tags.`{WEIGHTS}` = '{result.weights_key}'")
    open_ones = [run for run in found if KEY not in run.data.tags]
    own = [run for run in open_ones if run.info.run_name == name]
    return str((own or open_ones)[0].info.run_id) if open_ones else None


def mirror(store: Store, result: Result, name: str) -> str | None:
    """See to it that one run mirrors the result; return what was done, or None if it was there."""
    with store.lock("add"):  # of several on this machine each looks when the others are done
        _delete_half_made(store, result)
        live = find_live(store, result, name)
        if live is None and find(store, result):
            return None
        add(store, result, name, live)
    return "completed" if live else "new"


def add(store: Store, result: Result, name: str, live: str | None = None) -> str:
    """Mirror a result into a run, or into the one that its training opened, with one nested run per seed.

    Args:
        live: what ``find_live`` found.

    Returns:
        The id of the run that mirrors it.
    """
    tags = {**result.tags, "model": result.model, PROCESS: identity()}
    parent = live or store.start(result.track, name, {**tags, MIRRORS: result.key})
    started = [] if live else [parent]
    try:
        if live:  # one that was killed while it was completed has some already
            _delete_parts(store, result.track, live)
        # of a live run the training logged the others
        params, epochs = ({}, []) if live else (result.params, _epochs(_mean(result.history)))
        store.log(
            parent,
            params=params if result.parameters is None else {**params, "parameters": result.parameters},
            figures=result.figures,
            metrics=epochs,
            tags=tags | {"mlflow.note.content": result.note},
        )
        _log_dataset(store, parent, result)
        for path, folder in result.artifacts.items():
            store.client.log_artifact(parent, str(path), folder or None)
        for seed, figures in result.figures_by_seed.items():
            child = store.start(result.track, f"{name} / seed {seed}", {**tags, "mlflow.parentRunId": parent})
            started.append(child)
            epochs = _epochs(result.history[result.history["seed"] == seed])
            store.log(child, params={**result.params, "seed": seed}, figures=figures, metrics=epochs)
            store.client.set_terminated(child)
    except BaseException:
        for run in started:
            store.client.set_terminated(run, "FAILED")
        raise
    if not live:  # the end of a training that was seen is known
        store.client.set_terminated(parent)
    # The key last: a run that was cut short is not taken for the result.
    store.client.set_tag(parent, KEY, result.key)
    return _only(store, result)


def _log_dataset(store: Store, run: str, result: Result) -> None:
    data = result.data
    source, schema, profile = map(json.dumps, ({"uri": data.path.resolve().as_uri()}, data.schema, data.profile))
    dataset = Dataset(data.name, data.digest, "local", source, schema, profile)
    inputs = [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])]
    try:
        store.client.log_inputs(run, inputs)
    except MlflowException:  # another wrote the same one at the same moment; now it is there
        store.client.log_inputs(run, inputs)


def _only(store: Store, result: Result) -> str:
    """Of runs that several made of the same result at once, the one that all of them keep."""
    kept, *twins = _mirrors(store, result.track, result.key)
    for twin in twins:
        _delete(store, result.track, twin)
    return kept


def _delete_half_made(store: Store, result: Result) -> None:
    """What a process left of this result's run that failed or was killed before it was whole."""
    begun = store.client.search_runs([store.experiments[result.track]], f"tags.`{MIRRORS}` = '{result.key}'")
    for run in begun:
        if KEY not in run.data.tags and (run.info.status != "RUNNING" or is_gone(run.data.tags[PROCESS])):
            _delete(store, result.track, run.info.run_id)


def _delete(store: Store, track: str, run: str) -> None:
    _delete_parts(store, track, run)
    store.client.delete_run(run)


def _delete_parts(store: Store, track: str, run: str) -> None:
    """The nested runs and models of a run."""
    where = [store.experiments[track]]
    for child in store.client.search_runs(where, f"tags.mlflow.parentRunId = '{run}'"):
        store.client.delete_run(child.info.run_id)
    for model in store.client.search_logged_models(where, f"source_run_id = '{run}'"):
        store.client.delete_logged_model(model.model_id)


def _epochs(curve: pd.DataFrame) -> list[Metric]:
    now = int(time.time() * 1000)
    rows = curve.drop(columns=["seed", "threads"], errors="ignore").to_dict("records")
    return [metric for row in rows for metric in epoch_metrics({str(key): value for key, value in row.items()}, now)]


def _mean(history: pd.DataFrame) -> pd.DataFrame:
    return history.drop(columns="seed").groupby("epoch", as_index=False).mean()
