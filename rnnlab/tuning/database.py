"""The database that keeps studies, and lets several processes work on one."""

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

import optuna
import sqlalchemy
from filelock import FileLock
from optuna.storages import RDBStorage
from optuna.trial import Trial
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.schema import CreateSchema

from rnnlab.core.errors import UserError
from rnnlab.core.processes import identity, is_gone
from rnnlab.tracking.store import PROCESS

LOCK = ".dvc/tmp/tune.lock"
SCHEMA = "optuna"  # in PostgreSQL
HEARTBEAT = 20  # seconds; a trial that missed three is taken for dead


def open_database(storage: str) -> RDBStorage:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # of the heartbeat
        try:
            options = place_of_studies(storage)
            return RDBStorage(storage, options, heartbeat_interval=HEARTBEAT, grace_period=3 * HEARTBEAT)
        except (SQLAlchemyError, ImportError) as error:
            reason = str(error).splitlines()[0]
            raise UserError(f"--storage {storage}: can't be opened ({reason})") from None


def place_of_studies(storage: str) -> dict[str, Any]:
    """What the engine needs to find them apart from MLflow's runs, as both keep their version in a table of one name.

    Raises:
        UserError: if the database is MLflow's and has no schemas.
    """
    engine = sqlalchemy.create_engine(storage)
    try:
        if engine.dialect.name == "postgresql":
            with suppress(IntegrityError), engine.begin() as connection:  # another may make it at the same moment
                connection.execute(CreateSchema(SCHEMA, if_not_exists=True))
            return {"connect_args": {"options": f"-csearch_path={SCHEMA}"}}
        runs = sqlalchemy.make_url(os.environ.get("MLFLOW_TRACKING_URI") or "sqlite:///mlflow.db")
        files = [Path(url.database or "").absolute() for url in (engine.url, runs)]
        same = engine.url.drivername == runs.drivername == "sqlite" and files[0] == files[1]
        if same or sqlalchemy.inspect(engine).has_table("experiments"):
            raise UserError(
                f"--storage {storage}: is the database of MLflow's runs, and studies need one of their own "
                "(the default, sqlite:///optuna.db; in PostgreSQL it may be the same one)"
            )
        return {}
    finally:
        engine.dispose()


def open_study(name: str, database: RDBStorage, common: dict[str, Any]) -> optuna.Study:
    study = optuna.create_study(study_name=name, storage=database, load_if_exists=True)
    with FileLock(LOCK):  # a seed for each worker: with the same one they would draw the same values
        began = {trial.user_attrs.get(PROCESS) for trial in study.get_trials(deepcopy=False)}
        workers = [each for each in study.user_attrs.get("processes", []) if each in began or not is_gone(each)]
        study.set_user_attr("processes", [*workers, identity()])
    study.sampler = optuna.samplers.TPESampler(seed=len(workers))
    before = study.user_attrs.get("about", common)
    if before != common and study.get_trials(deepcopy=False):
        different = ", ".join(key for key in common if before.get(key) != common[key])
        raise UserError(f"study {name}: was started with other {different}; start another with --study NAME")
    study.set_user_attr("about", common)
    return study


@contextmanager
def kept_alive(database: RDBStorage, study: str, trials: Sequence[Trial]) -> Iterator[None]:
    """Let the trials' hearts beat, as Optuna does for one trial at a time."""
    study_id, over = database.get_study_id_from_name(study), Event()
    ids = [database.get_trial_id_from_study_id_trial_number(study_id, trial.number) for trial in trials]

    def beat() -> None:
        while True:
            for trial_id in ids:
                database.record_heartbeat(trial_id)
            if over.wait(HEARTBEAT):
                return

    heart = Thread(target=beat)
    heart.start()
    try:
        yield
    finally:
        over.set()
        heart.join()
