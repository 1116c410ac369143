"""MLflow's runs. Files are the truth; a run mirrors them.

A run is opened by a training that takes long enough to be watched, and completed from the files of its result; or made
from these alone. A result's content key is a digest of its files: the same result makes no second run, wherever it was
made.
"""

import json
import logging
import os
import re
import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # before mlflow is imported
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")  # lines without end
os.environ.setdefault(
    "MLFLOW_HTTP_REQUEST_TIMEOUT", "20"
)  # seconds; by default a dead server is waited for for minutes
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")

import pandas as pd
import psutil
from filelock import FileLock
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, Run
from mlflow.exceptions import MlflowException
from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor
from sqlalchemy.exc import SQLAlchemyError

from rnnlab.core.errors import UserError, redact_credentials
from rnnlab.core.processes import identity, is_gone
from rnnlab.tracking.views import view

for _chatty in ("mlflow", "alembic"):  # each migration of a new store would be a line
    logging.getLogger(_chatty).setLevel(logging.WARNING)

KEY = "content_key"  # tags; of a completed run
TRAINING = "training_key"  # of a run that was opened by a training: what it depends on
WEIGHTS = "weights_key"  # of such a run when the training is over: what it made
MIRRORS = "mirrors_key"  # of a run that is being completed: the result's content key
PROCESS = "process"  # of a run that is being written: by whom
STORE_ERRORS = (
    MlflowException,
    SQLAlchemyError,
    OSError,
    ImportError,
)  # of a store that is not there
KIND = {"mlflow.experimentKind": "custom_model_development"}  # else the UI guesses, and shows pages for chats
BATCH = 1000  # metrics that MLflow takes in one call
SYSTEM_SECONDS = 10.0  # between two readings of the machine
Figures = Mapping[str, float | None]
Row = Mapping[str, float]


class UnreachableError(UserError):
    """There is no store to write to."""


@dataclass(frozen=True)
class Result:
    """What a model's files say."""

    model: str
    track: str
    key: str  # the content key
    weights_key: str  # of the weights file alone
    params: Mapping[str, object]
    parameters: int  # of the network
    figures: Figures  # means, standard deviations and the baseline's
    figures_by_seed: Mapping[int, Figures]
    history: pd.DataFrame  # columns epoch, seed and the figures of an epoch
    artifacts: Mapping[Path, str]  # file -> folder in the run
    data_path: Path
    data_name: str
    data_digest: str
    tags: Mapping[str, str]
    note: str  # Markdown


@dataclass(frozen=True)
class Training:
    """What is known of a training when it begins."""

    model: str
    track: str
    name: str  # of the run
    key: str  # of all that it depends on
    params: Mapping[str, object]
    tags: Mapping[str, str]
    process: str  # its ``processes.identity``
    began: float  # seconds since 1970


class Store:
    """The runs of one workspace, its temporary copies and its queues."""

    def __init__(self, root: Path, uri: str | None = None) -> None:
        """Open ``uri``, or else the sqlite file in ``root``; safe where several start on an empty store at once.

        Raises:
            UnreachableError: if that can't be done.
        """
        self._root = root
        self.uri = uri or f"sqlite:///{root.resolve() / 'mlflow.db'}"
        # Absolute: the default lies below the folder the stage runs in, which may be a temporary copy.
        self.artifacts = (root.resolve() / "mlartifacts").as_uri() if uri is None else None
        try:
            with self._lock("open"):  # a new database is made by one
                self.client = MlflowClient(self.uri)
                self.experiments = {name: self._experiment(name) for name in ("stock", "digits")}
        except STORE_ERRORS as error:
            raise UnreachableError(f"MLflow at {self.shown} can't be reached: {explain(error)}") from None

    def _experiment(self, name: str) -> str:
        if self.client.get_experiment_by_name(name) is None:
            try:
                self.client.create_experiment(name, self.artifacts, tags=KIND | view(name))
            except MlflowException as error:  # on a server another may have been faster
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
        return str(self.client.get_experiment_by_name(name).experiment_id)

    def _lock(self, what: str) -> FileLock:
        return FileLock(self._root / f".dvc/tmp/mlflow-{what}.lock")

    @property
    def shown(self) -> str:
        """Its address, without a password."""
        return redact_credentials(self.uri)

    # A run that a training opens

    def begin(self, training: Training) -> "Live":
        """Open a run, or the one again that a training of the same things and name opened before, and may have left."""
        self.tidy(training.track)
        experiment = self.experiments[training.track]
        tags = {**training.tags, "model": training.model, TRAINING: training.key, PROCESS: training.process}
        left = self.client.search_runs(
            [experiment],
            f"tags.{TRAINING} = '{training.key}' and tags.mlflow.runName = '{training.name}'"
            " and attributes.status != 'RUNNING'",
        )
        left = [run for run in left if KEY not in run.data.tags]  # a completed one stays as it is
        if left:
            run = left[0].info.run_id
            self.client.update_run(run, status="RUNNING")
            if "reason" in left[0].data.tags:
                self.client.delete_tag(run, "reason")
            self.client.set_tag(run, PROCESS, tags[PROCESS])
            history = self.client.get_metric_history(run, "train/loss")
            return Live(self, run, 1 + max((point.step for point in history), default=-1))
        run = self.start(training.track, training.name, tags, training.began)
        self.log_params(run, training.params)
        return Live(self, run, 0)

    def tidy(self, track: str, older_than: float | None = None) -> list[str]:
        """Close as KILLED the runs whose process is gone without a word; return their names.

        Args:
            older_than: hours; also those that began so long ago, on any machine.
        """
        closed = []
        for run in self._running(track):
            age = (time.time() - run.info.start_time / 1000) / 3600
            if is_gone(run.data.tags[PROCESS]) or (older_than is not None and age > older_than):
                self.client.set_terminated(run.info.run_id, "KILLED")
                closed.append(str(run.info.run_name))
        return closed

    def _running(self, track: str) -> list[Run]:
        """The runs of this program that are not closed."""
        runs = self.client.search_runs([self.experiments[track]], "attributes.status = 'RUNNING'", max_results=1000)
        return [run for run in runs if PROCESS in run.data.tags]

    # A run of a result

    def find(self, result: Result) -> str | None:
        """The id of the finished run that mirrors this very result."""
        return self.find_key(result.track, result.key)

    def find_key(self, track: str, key: str) -> str | None:
        return next(iter(self._mirrors(track, key)), None)

    def _mirrors(self, track: str, key: str) -> list[str]:
        found = self._finished(track, f"tags.{KEY} = '{key}'")
        return [run.info.run_id for run in sorted(found, key=lambda run: (run.info.start_time, run.info.run_id))]

    def find_live(self, result: Result, name: str) -> str | None:
        """The id of the run that the training of this result opened, and that is still to be completed."""
        found = self._finished(result.track, f"tags.{WEIGHTS} = '{result.weights_key}'")
        open_ones = [run for run in found if KEY not in run.data.tags]
        own = [run for run in open_ones if run.info.run_name == name]
        return str((own or open_ones)[0].info.run_id) if open_ones else None

    def mirror(self, result: Result, name: str, log_model: Callable[[str], object] = lambda run: None) -> str | None:
        """See to it that one run mirrors the result; return what was done, or None if it was there."""
        with self._lock("add"):  # of several on this machine each looks when the others are done
            self._delete_half_made(result)
            live = self.find_live(result, name)
            if live is None and self.find(result):
                return None
            self.add(result, name, live, log_model)
        return "completed" if live else "new"

    def add(
        self, result: Result, name: str, live: str | None = None, log_model: Callable[[str], object] = lambda run: None
    ) -> str:
        """Mirror a result into a run, or into the one that its training opened, with one nested run per seed.

        Args:
            live: what ``find_live`` found.
            log_model: gets the run's id.

        Returns:
            The id of the run that mirrors it.
        """
        tags = {**result.tags, "model": result.model, PROCESS: identity()}
        parent = live or self.start(result.track, name, {**tags, MIRRORS: result.key})
        started = [] if live else [parent]
        try:
            if live:  # one that was killed while it was completed has some already
                self._delete_parts(result.track, live)
            curve = pd.DataFrame({"epoch": []}) if live else _mean(result.history)
            params = {} if live else result.params  # a training logged them at its start
            self._log(parent, {**params, "parameters": result.parameters}, result.figures, curve)
            for key, value in (tags | {"mlflow.note.content": result.note}).items():
                self.client.set_tag(parent, key, value)
            source = json.dumps({"uri": result.data_path.resolve().as_uri()})
            dataset = Dataset(result.data_name, result.data_digest, source_type="local", source=source)
            context = InputTag("mlflow.data.context", "training")
            try:
                self.client.log_inputs(parent, [DatasetInput(dataset, [context])])
            except MlflowException:  # another wrote the same one at the same moment; now it is there
                self.client.log_inputs(parent, [DatasetInput(dataset, [context])])
            for path, folder in result.artifacts.items():
                self.client.log_artifact(parent, str(path), folder or None)
            for seed, figures in result.figures_by_seed.items():
                curve = result.history[result.history["seed"] == seed]
                child = self.start(result.track, f"{name} / seed {seed}", {**tags, "mlflow.parentRunId": parent})
                started.append(child)
                self._log(child, {**result.params, "seed": seed}, figures, curve)
                self.client.set_terminated(child)
            log_model(parent)
        except BaseException:
            for run in started:
                self.client.set_terminated(run, "FAILED")
            raise
        if not live:  # the end of a training that was seen is known
            self.client.set_terminated(parent)
        # The key last: a run that was cut short is not taken for the result.
        self.client.set_tag(parent, KEY, result.key)
        return self._only(result)

    def _only(self, result: Result) -> str:
        """Of runs that several made of the same result at once, the one that all of them keep."""
        kept, *twins = self._mirrors(result.track, result.key)
        for twin in twins:
            self._delete(result.track, twin)
        return kept

    def _delete_half_made(self, result: Result) -> None:
        """What a process left of this result's run that failed or was killed before it was whole."""
        begun = self.client.search_runs([self.experiments[result.track]], f"tags.{MIRRORS} = '{result.key}'")
        for run in begun:
            if KEY not in run.data.tags and (run.info.status != "RUNNING" or is_gone(run.data.tags[PROCESS])):
                self._delete(result.track, run.info.run_id)

    def _delete(self, track: str, run: str) -> None:
        self._delete_parts(track, run)
        self.client.delete_run(run)

    def _delete_parts(self, track: str, run: str) -> None:
        """The nested runs and models of a run."""
        where = [self.experiments[track]]
        for child in self.client.search_runs(where, f"tags.mlflow.parentRunId = '{run}'"):
            self.client.delete_run(child.info.run_id)
        for model in self.client.search_logged_models(where, f"source_run_id = '{run}'"):
            self.client.delete_logged_model(model.model_id)

    def has(self, run: str) -> bool:
        try:
            return str(self.client.get_run(run).info.lifecycle_stage) == "active"
        except MlflowException:
            return False

    def start(self, track: str, name: str, tags: Mapping[str, str], began: float | None = None) -> str:
        moment = int(1000 * began) if began else None  # None: now
        run = self.client.create_run(self.experiments[track], moment, dict(tags), name)
        return str(run.info.run_id)

    def log_params(self, run: str, params: Mapping[str, object]) -> None:
        self.client.log_batch(run, params=[Param(key, str(value)) for key, value in params.items()])

    def log_figures(self, run: str, figures: Figures) -> None:
        """Figures of a whole run; None is left out."""
        now = int(time.time() * 1000)
        self.log_metrics(run, [Metric(name, value, now, 0) for name, value in figures.items() if value is not None])

    def log_metrics(self, run: str, metrics: Sequence[Metric]) -> None:
        for start in range(0, len(metrics), BATCH):
            self.client.log_batch(run, metrics=metrics[start : start + BATCH])

    def _log(self, run: str, params: Mapping[str, object], figures: Figures, curve: pd.DataFrame) -> None:
        self.log_params(run, params)
        self.log_figures(run, figures)
        now, metrics = int(time.time() * 1000), []
        for row in curve.drop(columns=["seed", "threads"], errors="ignore").to_dict("records"):
            metrics += _metrics({str(name): value for name, value in row.items()}, now)
        self.log_metrics(run, metrics)

    def _finished(self, track: str, condition: str) -> list[Run]:
        return list(
            self.client.search_runs(
                [self.experiments[track]], f"{condition} and attributes.status = 'FINISHED'", max_results=10
            )
        )


class Live:
    """A run while its training goes on."""

    def __init__(self, store: Store, run: str, next_epoch: int) -> None:
        self.store, self.run = store, run
        self._next = next_epoch  # earlier ones stand in the run already
        self._monitor: SystemMetricsMonitor | None = None

    def log(self, epochs: Sequence[Sequence[Row]]) -> None:
        """The figures of some epochs, each as rows of the seeds that were learning: their means."""
        now, metrics = int(time.time() * 1000), []
        for rows in epochs:
            if rows[0]["epoch"] >= self._next:
                mean = {name: sum(row[name] for row in rows) / len(rows) for name in rows[0] if name != "seed"}
                metrics += _metrics(mean, now)
        self.store.log_metrics(self.run, metrics)

    def watch_machine(self) -> None:
        """Log the machine's load too, from now on."""
        psutil.cpu_percent()  # what the first reading is the load since
        self._monitor = SystemMetricsMonitor(self.run, sampling_interval=SYSTEM_SECONDS, tracking_uri=self.store.uri)
        self._monitor.start()

    def end(self, status: str, tags: Mapping[str, str]) -> None:
        if self._monitor:
            self._monitor.finish()
        for key, value in tags.items():
            self.store.client.set_tag(self.run, key, value)
        self.store.client.set_terminated(self.run, status)


def open_store() -> Store:
    """The store of the project in the working folder.

    Raises:
        UserError: if there is no project; nothing is made then.
        UnreachableError: if the store can't be opened.
    """
    if not Path("dvc.yaml").is_file():
        raise UserError(f"{Path.cwd()} is no folder of the project: there is no dvc.yaml in it")
    return Store(Path(), os.environ.get("MLFLOW_TRACKING_URI"))


def _metrics(row: Row, now: int) -> list[Metric]:
    """An epoch's figures, named so that the UI groups them; the step is the epoch."""
    return [
        Metric(name.replace("_", "/", 1), float(value), now, int(row["epoch"]))
        for name, value in row.items()
        if name != "epoch"
    ]


def _mean(history: pd.DataFrame) -> pd.DataFrame:
    return history.drop(columns="seed").groupby("epoch", as_index=False).mean()


def explain(error: BaseException) -> str:
    """In short, and without a password; of what HTTP libraries wrap into each other the innermost."""
    text = redact_credentials(str(error))
    if "Max retries exceeded" in text and (causes := re.findall(r"\[Errno -?\d+\] (\w[\w ]+)|(\w+ timed out)", text)):
        text = "".join(causes[-1])
    return textwrap.shorten(text, 200, placeholder=" ...")
