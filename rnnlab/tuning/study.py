"""tune: a search over a model's parameters, for `rnnlab tune`. No stage: it proposes, and changes nothing."""

import os
import shlex
import signal
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

import optuna
import sqlalchemy
from filelock import FileLock
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, Trial, TrialState
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.schema import CreateSchema

from rnnlab.core.errors import UserError, redact_credentials
from rnnlab.core.files import digest
from rnnlab.core.params import Model, Params, Training, flatten
from rnnlab.core.params_file import read_content, read_params
from rnnlab.core.params_parsing import parse
from rnnlab.core.processes import identity, is_gone
from rnnlab.execution.executors import make_executor
from rnnlab.tracking.overrides import overrides
from rnnlab.tracking.run_info import experiment, run_params, run_tags
from rnnlab.tracking.store import PROCESS, STORE_ERRORS, Store, UnreachableError, explain
from rnnlab.tracking.training_run import Live
from rnnlab.training.trainer import Row
from rnnlab.tuning.search import KEYS, Value, bounds, finished, parse_space, search
from rnnlab.tuning.trials import Data, Task, load_digits, load_panel, load_series, train_trial, value_of
from rnnlab.windows.artifacts import SPLIT, read_digits, read_part, read_scaler
from rnnlab.windows.targets import TargetForm

LOCK = ".dvc/tmp/tune.lock"
SCHEMA = "optuna"  # in PostgreSQL
HEARTBEAT = 20  # seconds; a trial that missed three is taken for dead


def tune(name: str, trials: int, words: Sequence[str], seeds: int | None, study_name: str, storage: str) -> None:
    """Search, and print the best parameters as a line that runs them."""
    params, content = read_params(), read_content()
    model, space = params.model(name), parse_space(words)
    load, threads = parts_of(params, model), params.threads_of_a_task

    def make(values: Mapping[str, Value]) -> Task:
        changed = parse(changed_content(content, name, values))
        training = changed.training_of(name)
        training = training if seeds is None else training.model_copy(update={"seeds": seeds})
        return Task(changed.model(name), training, load, threads)

    for key, distribution in space.items():
        for value in bounds(distribution):
            make({key: value})
    database = open_database(storage)
    study = open_study(study_name or name, database, about(params, name, words, seeds))
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # an interrupt closes trials and runs
    with make_executor(params.executor, params.workers) as executor:
        now = study.user_attrs.get("now")
        if now is None:
            as_it_is = make({})
            ((_, epochs),) = executor.map(train_trial, [(as_it_is, {})])
            now = value_of(epochs, as_it_is.training)
            study.set_user_attr("now", now)
        print(f"{name} as it is in params.yaml: validation loss {now:.3g}")
        print(f"study {study.study_name}: {finished(study)} of {trials} trials done", flush=True)
        if finished(study) < trials:
            runs = TrialRuns(study, params, name)
            status = "FAILED"
            try:
                working = partial(kept_alive, database, study.study_name)
                search(study, trials, space, make, executor, working, runs.begin, runs.end)
                status = "FINISHED"
            except KeyboardInterrupt:
                status = "KILLED"
                raise
            finally:
                said = outcome(study, content, name, now).replace("\n", "\n\n    ")
                runs.close(status, f"# {study.study_name}\n\n{said}\n")
    print(f"\n{outcome(study, content, name, now)}")


def parts_of(params: Params, model: Model) -> Callable[[], Data]:
    """What makes a trial's data; the mapped arrays in it are read where the trial is trained."""
    if model.track == "digits":
        return partial(load_digits, read_digits("train"), read_digits("validation"))
    form = TargetForm(*model.target_form)
    train, validation = read_part("train"), read_part("validation")
    if not params.is_panel:
        features = read_scaler("stock")["features"]
        return partial(load_series, train.windows(0), validation.windows(0), features, form)
    if params.is_per_symbol:
        raise UserError(
            "tune: a panel with networks for each symbol can't be searched; "
            "set stock.panel to global to tune one network for all symbols, or tune on a single series"
        )
    if not sum(len(windows) for _, windows in validation.all()):
        raise UserError(
            "tune: a panel needs a validation part: set stock.split.validation, then `dvc repro split@stock`"
        )
    names = params.stock.features if params.stock.scale.fit_on == "all" else ()
    return partial(load_panel, train, validation, form, names)


def about(params: Params, name: str, words: Sequence[str], seeds: int | None) -> dict[str, Any]:
    """What trials of one study must have in common."""
    track = params.model(name).track
    files = [path for part in ("train", "validation") for path in sorted((SPLIT / track / part).iterdir())]
    return {
        "model": name,
        "space": sorted(words),
        "seeds": seeds,
        "parameters": {key: str(value) for key, value in run_params(params, name).items()},
        "data": digest(files),
    }


def open_database(storage: str) -> RDBStorage:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # of the heartbeat
        try:
            options = place_of_studies(storage)
            return RDBStorage(storage, options, heartbeat_interval=HEARTBEAT, grace_period=3 * HEARTBEAT)
        except (SQLAlchemyError, ImportError) as error:
            reason = str(error).splitlines()[0]
            raise UserError(redact_credentials(f"--storage {storage}: can't be opened ({reason})")) from None


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
                redact_credentials(
                    f"--storage {storage}: is the database of MLflow's runs, and studies need one of their own "
                    "(the default, sqlite:///optuna.db; in PostgreSQL it may be the same one)"
                )
            )
        return {}
    finally:
        engine.dispose()


def open_study(name: str, database: RDBStorage, common: dict[str, Any]) -> optuna.Study:
    study = optuna.create_study(study_name=name, storage=database, load_if_exists=True)
    with FileLock(LOCK):  # a seed for each worker: with the same one they would draw the same values
        worker = study.user_attrs.get("workers", 0)
        study.set_user_attr("workers", worker + 1)
    study.sampler = optuna.samplers.TPESampler(seed=worker)
    before = study.user_attrs.get("about", common)
    if before != common and study.get_trials(deepcopy=False):
        different = ", ".join(key for key in common if before.get(key) != common[key])
        raise UserError(f"study {name}: was begun with other {different}; begin another with --study NAME")
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


def changed_content(content: Mapping[str, Any], name: str, values: Mapping[str, Value]) -> dict[str, Any]:
    """params.yaml's content with these keys in the model's entry."""
    models = content["models"]
    return {**content, "models": {**models, name: {**models[name], **values}}}


def outcome(study: optuna.Study, content: Mapping[str, Any], name: str, now: float) -> str:
    """What the study found so far, and the line that runs it."""
    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        return "no trial came to its end: another --space may do better"
    loss, best = study.best_value, study.best_trial
    found = (
        f"best of {finished(study)}: trial {best.number}, validation loss {loss:.3g}, {loss / now:.2f} times today's"
    )
    if loss >= now:
        return f"{found}\nparams.yaml as it is was not beaten: nothing to change"
    words = overrides(content, changed_content(content, name, best.params))
    return f"{found}\ndvc exp run " + " ".join(f"-S {shlex.quote(word)}" for word in words)


class TrialRuns:
    """A study in MLflow: one run, and a nested run for each trial. Where MLflow goes away, the search goes on."""

    def __init__(self, study: optuna.Study, params: Params, name: str) -> None:
        self._study, self._name, self._track, self._params = study, name, params.model(name).track, params
        self._open: dict[int, Live] = {}  # by the trial's number
        self._store: Store | None = None
        self._parent = ""
        with self._going_on():
            self._store = Store(Path(), os.environ.get("MLFLOW_TRACKING_URI"))
            self._store.tidy(self._track)
            with FileLock(LOCK):  # of several that work on one study, the first makes the run
                key = f"run in {self._store.shown}"
                known = study.user_attrs.get(key)
                if known and self._store.has(known):
                    self._parent = known
                else:
                    self._parent = self._start("", {})
                    self._store.log_params(self._parent, run_params(params, name))
                study.set_user_attr(key, self._parent)
            self._store.client.update_run(self._parent, status="RUNNING")
            self._store.client.set_tag(self._parent, PROCESS, identity())

    def begin(self, trial: Trial, task: Task) -> None:
        trial.set_user_attr(PROCESS, identity())
        with self._going_on():
            if self._store:
                run = self._start(f" / trial {trial.number}", {"mlflow.parentRunId": self._parent})
                self._open[trial.number] = Live(self._store, run, 0)
                own = task.model.model_dump(mode="json", include=set(KEYS) - set(Training.model_fields))
                changed = flatten({"model": own, "training": task.training.model_dump(mode="json")})
                self._store.log_params(run, run_params(self._params, self._name) | changed)

    def end(self, trial: FrozenTrial, epochs: Sequence[list[Row]]) -> None:
        """Its curve in one piece, for trials are short."""
        loss = "" if trial.value is None else f"  validation loss {trial.value:.3g}"
        print(f"trial {trial.number}: {trial.state.name.lower()}{loss}  {trial.params}", flush=True)
        with self._going_on():
            if run := self._open.pop(trial.number, None):
                run.log(epochs)
                run.end("FINISHED", {"optuna.state": trial.state.name.lower()})

    def close(self, status: str, note: str) -> None:
        """The search is over.

        Args:
            note: Markdown.
        """
        with self._going_on():
            for run in self._open.values():
                run.end("KILLED", {})
            if self._store is None or self._others_at_work():
                return
            if self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
                best = self._study.best_trial
                self._store.log_figures(self._parent, {"validation/loss": best.value, "best_trial": best.number})
            self._store.client.set_tag(self._parent, "mlflow.note.content", note)
            self._store.client.set_terminated(self._parent, status)

    def _others_at_work(self) -> bool:
        """Whether a living process has an open trial; those of a killed one are open until their hearts are missed."""
        trials = self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        processes = {trial.user_attrs[PROCESS] for trial in trials if PROCESS in trial.user_attrs}
        return any(not is_gone(process) for process in processes - {identity()})

    @contextmanager
    def _going_on(self) -> Iterator[None]:
        try:
            yield
        except (UnreachableError, *STORE_ERRORS) as error:
            print(f"note: trials are kept in the study alone: {explain(error)}", flush=True)
            self._store, self._open = None, {}

    def _start(self, ending: str, tags: Mapping[str, str]) -> str:
        assert self._store is not None
        name = f"tune {self._study.study_name} / {self._name}{ending}"
        tags = {
            **run_tags(self._name, experiment()),
            "dvc.stage": "tune",
            "model": self._name,
            PROCESS: identity(),
            **tags,
        }
        return self._store.start(self._track, name, tags)
