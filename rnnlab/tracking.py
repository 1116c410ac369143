"""MLflow, and the only module that knows it. Files are the truth; a run mirrors them.

A result's content key is a digest of its files: the same result makes no second run, wherever it was made.
"""

import json
import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # before mlflow is imported
os.environ.setdefault("DO_NOT_TRACK", "true")

import pandas as pd
from filelock import FileLock
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param

for _chatty in ("mlflow", "alembic"):  # each migration of a new store would be a line
    logging.getLogger(_chatty).setLevel(logging.WARNING)

KEY = "content_key"
KIND = {"mlflow.experimentKind": "custom_model_development"}  # else the UI guesses, and shows pages for chats
BATCH = 1000  # metrics that MLflow takes in one call
Figures = Mapping[str, float | None]


@dataclass(frozen=True)
class Result:
    """What a model's files say."""

    model: str
    track: str
    key: str  # the content key
    params: Mapping[str, object]
    figures: Figures  # means, standard deviations and the baseline's
    figures_by_seed: Mapping[int, Figures]
    history: pd.DataFrame  # columns epoch, seed and the figures of an epoch
    artifacts: Mapping[Path, str]  # file -> folder in the run
    data_path: Path
    data_name: str
    data_digest: str
    tags: Mapping[str, str]


class Store:
    """The runs of one workspace, its temporary copies and its queues."""

    def __init__(self, root: Path, uri: str | None = None) -> None:
        """Open ``uri``, or else the sqlite file in ``root``; safe where several start on an empty store at once."""
        local = f"sqlite:///{root.resolve() / 'mlflow.db'}"
        with FileLock(root / ".dvc/tmp/mlflow.lock") if uri is None else _no_lock():
            self.client = MlflowClient(uri or local)
            # Absolute: the default lies below the folder the stage runs in, which may be a temporary copy.
            self.artifacts = (root.resolve() / "mlartifacts").as_uri() if uri is None else None
            self.experiments = {name: self._experiment(name) for name in ("stock", "digits")}

    def _experiment(self, name: str) -> str:
        found = self.client.get_experiment_by_name(name)
        return str(found.experiment_id if found else self.client.create_experiment(name, self.artifacts, tags=KIND))

    def find(self, result: Result) -> str | None:
        """The id of the finished run that mirrors this very result."""
        found = self.client.search_runs(
            [self.experiments[result.track]],
            f"tags.{KEY} = '{result.key}' and attributes.status = 'FINISHED'",
            max_results=1,
        )
        return found[0].info.run_id if found else None

    def add(self, result: Result, name: str) -> str:
        """Mirror a result into a run, with one nested run per seed; return the run's id."""
        tags = {**result.tags, "model": result.model}
        parent = self._start(result.track, name, tags)
        try:
            self._log(parent, result.params, result.figures, _mean(result.history))
            source = json.dumps({"uri": result.data_path.resolve().as_uri()})
            dataset = Dataset(result.data_name, result.data_digest, source_type="local", source=source)
            context = InputTag("mlflow.data.context", "training")
            self.client.log_inputs(parent, [DatasetInput(dataset, [context])])
            for path, folder in result.artifacts.items():
                self.client.log_artifact(parent, str(path), folder or None)
            for seed, figures in result.figures_by_seed.items():
                curve = result.history[result.history["seed"] == seed]
                nested = {**tags, "mlflow.parentRunId": parent}
                child = self._start(result.track, f"{name} / seed {seed}", nested)
                self._log(child, {**result.params, "seed": seed}, figures, curve)
                self.client.set_terminated(child)
            # The key last: a run that was cut short is not taken for the result.
            self.client.set_tag(parent, KEY, result.key)
            self.client.set_terminated(parent)
        except BaseException:
            self.client.set_terminated(parent, "FAILED")
            raise
        return str(parent)

    def _start(self, track: str, name: str, tags: Mapping[str, str]) -> str:
        run = self.client.create_run(self.experiments[track], run_name=name, tags=dict(tags))
        return str(run.info.run_id)

    def _log(self, run: str, params: Mapping[str, object], figures: Figures, curve: pd.DataFrame) -> None:
        now = int(time.time() * 1000)
        metrics = [Metric(name, value, now, 0) for name, value in figures.items() if value is not None]
        for column in curve.columns.drop(["epoch", "seed", "threads"], errors="ignore"):
            name = column.replace("train_", "train/").replace("validation_", "validation/")
            metrics += [
                Metric(name, value, now, int(epoch)) for epoch, value in zip(curve["epoch"], curve[column], strict=True)
            ]
        self.client.log_batch(run, params=[Param(key, str(value)) for key, value in params.items()])
        for start in range(0, len(metrics), BATCH):
            self.client.log_batch(run, metrics=metrics[start : start + BATCH])


def _mean(history: pd.DataFrame) -> pd.DataFrame:
    return history.drop(columns="seed").groupby("epoch", as_index=False).mean()


@contextmanager
def _no_lock() -> Iterator[None]:
    yield
