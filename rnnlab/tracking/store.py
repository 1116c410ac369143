"""MLflow's store of runs: opened, written to, and tidied of runs that were left open."""

import getpass
import logging
import os
import re
import sqlite3
import textwrap
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # before mlflow is imported
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")  # lines without end
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")  # seconds; by default a silent server costs minutes
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")

from alembic.util import CommandError
from filelock import FileLock
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from rnnlab.core.errors import UserError, redact_credentials
from rnnlab.core.processes import is_gone
from rnnlab.tracking.database import made_by_another, prepare, relocate
from rnnlab.tracking.views import KIND, view

for _chatty in ("mlflow", "alembic"):  # each migration of a new store would be a line
    logging.getLogger(_chatty).setLevel(logging.WARNING)
logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)  # pages about an error, which is then raised

PREFIX = "rnnlab."  # of tags that are not for people
KEY = f"{PREFIX}content_key"  # of a completed run
PROCESS = f"{PREFIX}process"  # of a run that is being written: by whom
NOTE = "mlflow.note.content"  # a tag: the description
BATCH = 1000  # metrics that MLflow takes in one call
DESCRIPTIONS = {
    "series": "Forecasts of the series {name}: a run for each network and for each simple rule, a nested run for each "
    'seed. `test/` is measured on the test part of a single split, `backtest/` walking forward. The box "Views" has '
    "the charts that compare runs.",
    "digits": "Handwritten digits: a run for each network and for the simple rule, a nested run for each seed. The box "
    '"Views" has the charts that compare runs.',
}
Figures = Mapping[str, float | None]
Row = Mapping[str, float]


def user_name() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # a container may have a user without a name
        return "unknown"


SOURCE = {"mlflow.source.type": "PROJECT", "mlflow.source.name": "dvc.yaml", "mlflow.user": user_name()}


class UnreachableError(UserError):
    """There is no store to write to."""


# of a store that is not there
STORE_ERRORS = (UnreachableError, MlflowException, SQLAlchemyError, sqlite3.Error, CommandError, OSError, ImportError)


class Store:
    """The runs of one workspace, its temporary copies and its queues."""

    def __init__(self, root: Path, uri: str | None = None, series: str | None = None) -> None:
        """Open ``uri``, or else the sqlite file in ``root``; safe where several start on an empty store at once.

        Args:
            series: the name of the series, whose runs have an experiment of their own; None: they are not wanted.

        Raises:
            UnreachableError: if that can't be done.
        """
        self._root = root
        self.uri = uri or f"sqlite:///{root.resolve() / 'mlflow.db'}"
        # Absolute: the default lies below the folder the stage runs in, which may be a temporary copy.
        self.artifacts = (root.resolve() / "mlartifacts").as_uri() if uri is None else None
        try:
            with self.lock("open"):  # a new database is made by one
                if self.artifacts:
                    prepare(root / "mlflow.db")
                self.client = MlflowClient(self.uri)
                self.client.search_experiments(max_results=1)  # is it there, and of this MLflow?
                if self.artifacts:
                    relocate(root / "mlflow.db", self.artifacts)
                names = {"digits": "digits"} | ({"series": series} if series else {})
                self.experiments = {track: self._experiment(name, track) for track, name in names.items()}
        except UnreachableError:
            raise
        except UserError as error:
            raise UnreachableError(str(error)) from None
        except STORE_ERRORS as error:
            about = made_by_another(str(error), self.shown) or f"can't be reached: {explain(error)}"
            raise UnreachableError(f"MLflow at {self.shown} {about}") from None

    def _experiment(self, name: str, track: str) -> str:
        about = {NOTE: DESCRIPTIONS[track].format(name=name)}
        if self.client.get_experiment_by_name(name) is None:
            try:
                self.client.create_experiment(name, self.artifacts, tags=dict([KIND]) | view(track) | about)
            except MlflowException as error:  # on a server another may have been faster
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
        found = self.client.get_experiment_by_name(name)
        if found.lifecycle_stage != "active":
            command = f"mlflow experiments restore --experiment-id {found.experiment_id}"
            raise UnreachableError(
                f"MLflow at {self.shown}: its experiment {name} was deleted; to have it back: "
                f"MLFLOW_TRACKING_URI={quote(self.shown)} {command}"
            )
        if NOTE not in found.tags:  # made by an older version
            for key, value in (view(track) | about).items():
                self.client.set_experiment_tag(found.experiment_id, key, value)
        return str(found.experiment_id)

    def lock(self, what: str) -> FileLock:
        return FileLock(self._root / f".dvc/tmp/mlflow-{what}.lock")

    @property
    def shown(self) -> str:
        """Its address, without a password."""
        return redact_credentials(self.uri)

    def tidy_all(self, older_than: float | None = None) -> list[str]:
        """As ``tidy``, of all series that the store has."""
        found = self.client.search_experiments(filter_string="tags.`{}` = '{}'".format(*KIND))
        return [name for experiment in found for name in self._close(experiment.experiment_id, older_than)]

    def tidy(self, track: str, older_than: float | None = None) -> list[str]:
        """Close as KILLED the runs whose process is gone without a word; return their names.

        Args:
            older_than: hours; also those that began so long ago, on any machine.
        """
        return self._close(self.experiments[track], older_than)

    def _close(self, experiment: str, older_than: float | None) -> list[str]:
        closed = []
        for run in self._running(experiment):
            age = (time.time() - run.info.start_time / 1000) / 3600
            if is_gone(run.data.tags[PROCESS]) or (older_than is not None and age > older_than):
                self.client.set_terminated(run.info.run_id, "KILLED")
                closed.append(str(run.info.run_name))
        return closed

    def _running(self, experiment: str) -> list[Run]:
        """The runs of this program that are not closed."""
        runs = self.client.search_runs([experiment], "attributes.status = 'RUNNING'", max_results=1000)
        return [run for run in runs if PROCESS in run.data.tags]

    def has(self, run: str) -> bool:
        try:
            return str(self.client.get_run(run).info.lifecycle_stage) == "active"
        except MlflowException:
            return False

    def start(self, track: str, name: str, tags: Mapping[str, str], began: float | None = None) -> str:
        moment = int(1000 * began) if began else None  # None: now
        run = self.client.create_run(self.experiments[track], moment, {**SOURCE, **tags}, name)
        return str(run.info.run_id)

    def log(
        self,
        run: str,
        *,
        params: Mapping[str, object] | None = None,
        figures: Figures | None = None,
        metrics: Sequence[Metric] = (),
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Add to a run, in as few calls as may be: each is a transaction, or a request.

        Args:
            figures: of the whole run; None is left out.
            metrics: with the step that they are of.
        """
        now = int(time.time() * 1000)
        known = [Metric(name, value, now, 0) for name, value in (figures or {}).items() if value is not None]
        all_metrics = [*known, *metrics]
        self.client.log_batch(
            run,
            all_metrics[:BATCH],
            [Param(key, str(value)) for key, value in (params or {}).items()],
            [RunTag(key, value) for key, value in (tags or {}).items()],
        )
        for start in range(BATCH, len(all_metrics), BATCH):
            self.client.log_batch(run, all_metrics[start : start + BATCH])

    def finished(self, track: str, condition: str) -> list[Run]:
        return list(
            self.client.search_runs(
                [self.experiments[track]], f"{condition} and attributes.status = 'FINISHED'", max_results=10
            )
        )


def open_store(series: str | None = None) -> Store:
    """The store of the project in the working folder; ``series`` as of ``Store``.

    Raises:
        UserError: if there is no project; nothing is made then.
        UnreachableError: if the store can't be opened.
    """
    if not Path("dvc.yaml").is_file():
        raise UserError(f"{Path.cwd()} is no folder of the project: there is no dvc.yaml in it")
    return Store(Path(), os.environ.get("MLFLOW_TRACKING_URI"), series)


def epoch_metrics(row: Row, now: int) -> list[Metric]:
    """An epoch's figures, named so that the UI groups them; the step is the epoch."""
    return [
        Metric(name.replace("_", "/", 1), float(value), now, int(row["epoch"]))
        for name, value in row.items()
        if name != "epoch"
    ]


def explain(error: BaseException) -> str:
    """In short, and without a password; of what HTTP libraries wrap into each other the innermost."""
    if isinstance(error, UserError):  # ours, which says what to do
        return str(error)
    text = re.sub(r"^\([\w.]+\) |\s*\[SQL:.*", "", redact_credentials(str(error)), flags=re.DOTALL)
    if "Max retries exceeded" in text and (causes := re.findall(r"\[Errno -?\d+\] (\w[\w ]+)|(\w+ timed out)", text)):
        text = "".join(causes[-1])
    return textwrap.shorten(text, 200, placeholder=" ...")
