"""tune: a search over a model's parameters, for `rnnlab tune`. No stage: it proposes, and changes nothing."""

import os
import shlex
import signal
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import torch
from filelock import FileLock
from sklearn.model_selection import train_test_split
from sqlalchemy.exc import SQLAlchemyError

from rnnlab.backtest import rescale
from rnnlab.errors import UserError
from rnnlab.overrides import overrides
from rnnlab.params import Model, Params, Training, flatten, parse
from rnnlab.processes import identity
from rnnlab.splitting import DRAW_SEED
from rnnlab.targets import Target
from rnnlab.tracking import PROCESS, Live, Store, UnreachableError, public
from rnnlab.training import Row
from rnnlab.tuning import HELD_OUT, KEYS, Data, Value, bounds, finished, loss_of, parse_space, search
from rnnlab.windows import Windows
from stages.files import digest, read_json
from stages.params import read_content, read_params
from stages.parts import SPLIT, read_digits, read_windows
from stages.runs import run_params, run_tags

HEARTBEAT = 20  # seconds; a trial that missed three is taken for dead


def tune(name: str, trials: int, words: Sequence[str], seeds: int | None, study_name: str, storage: str) -> None:
    """Search, and print the best parameters as a line that runs them."""
    params, content = read_params(), read_content()
    model, space = params.model(name), parse_space(words)
    threads = None if params.threads == "auto" else params.threads
    data = stock(model) if model.track == "stock" else digits()
    study = open_study(study_name or name, storage, about(params, name, words, seeds))

    def make(values: Mapping[str, Value]) -> tuple[Model, Training]:
        changed = parse(changed_content(content, name, values))
        training = changed.training_of(name)
        return changed.model(name), training if seeds is None else training.model_copy(update={"seeds": seeds})

    for key, distribution in space.items():
        for value in bounds(distribution):
            make({key: value})
    now = study.user_attrs.get("now")
    if now is None:
        now = loss_of(*make({}), data, threads)
        study.set_user_attr("now", now)
    print(f"{name} as it is in params.yaml: validation loss {now:.3g}")
    print(f"study {study.study_name}: {finished(study)} of {trials} trials done", flush=True)
    if finished(study) < trials:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # Optuna closes a trial on an interrupt
        runs = TrialRuns(study, params, name)
        status = "KILLED"
        try:
            search(study, trials, space, make, data, threads, runs.watch, runs.after)
            status = "FINISHED"
        finally:
            runs.close(status)
    show(study, content, name, now)


def stock(model: Model) -> Data:
    """Scaled by the rows that trials train on, and by no later ones."""
    train, validation = read_windows("train"), read_windows("validation")
    if not len(validation):
        count, gap = len(train), train.horizon - 1
        held_out = round(HELD_OUT * count)
        if count - held_out - gap < 1 or held_out < 1:
            raise UserError(f"{count} training windows are too few to hold a fifth of them out for validation")
        seen = train.part(0, count - held_out - gap)
        names = read_json(Path("data/scaled/stock/scaler.json"))["features"]
        parts = [rescale(part, seen, names)[0] for part in (seen, train.part(count - held_out, count))]
        train, validation = parts
    target = Target.fit(train, model.target, model.output == "sequence", model.rollout)

    def tensors(windows: Windows) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.from_numpy(windows.x), torch.from_numpy(target.encode(windows)).float().contiguous()

    return Data(tensors(train), tensors(validation), 1)


def digits() -> Data:
    train, validation = read_digits("train"), read_digits("validation")
    if not len(validation[0]):
        images, labels = train
        kept, held_out = train_test_split(
            np.arange(len(labels)), test_size=HELD_OUT, stratify=labels, random_state=DRAW_SEED
        )
        train, validation = ((images[chosen], labels[chosen]) for chosen in (np.sort(kept), np.sort(held_out)))

    def tensors(images: Any, labels: Any) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.from_numpy(images), torch.from_numpy(labels).long()

    return Data(tensors(*train), tensors(*validation), 10)


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


def open_study(name: str, storage: str, common: dict[str, Any]) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # a trial that was interrupted would be a traceback
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # of the heartbeat
        try:
            database = optuna.storages.RDBStorage(storage, heartbeat_interval=HEARTBEAT, grace_period=3 * HEARTBEAT)
        except (SQLAlchemyError, ImportError) as error:
            raise UserError(f"--storage {public(storage)}: can't be opened ({str(error).splitlines()[0]})") from None
        study = optuna.create_study(
            study_name=name,
            storage=database,
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(),
        )
    study.sampler = optuna.samplers.TPESampler(seed=len(study.get_trials(deepcopy=False)))  # goes on, not over again
    before = study.user_attrs.setdefault("about", common)
    if before != common:
        different = ", ".join(key for key in common if before.get(key) != common[key])
        raise UserError(f"study {name}: was begun with other {different}; begin another with --study NAME")
    study.set_user_attr("about", common)
    return study


def changed_content(content: Mapping[str, Any], name: str, values: Mapping[str, Value]) -> dict[str, Any]:
    """params.yaml's content with these keys in the model's entry."""
    models = content["models"]
    return {**content, "models": {**models, name: {**models[name], **values}}}


def show(study: optuna.Study, content: Mapping[str, Any], name: str, now: float) -> None:
    if not study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,)):
        print("\nno trial came to its end: another --space may do better")
        return
    loss, best = study.best_value, study.best_trial
    print(
        f"\nbest of {finished(study)}: trial {best.number}, validation loss {loss:.3g}, {loss / now:.2f} times today's"
    )
    if loss >= now:
        print("params.yaml as it is was not beaten: nothing to change")
        return
    words = overrides(content, changed_content(content, name, best.params))
    print("dvc exp run " + " ".join(f"-S {shlex.quote(word)}" for word in words))


class TrialRuns:
    """A study in MLflow: one run, and a nested run for each trial."""

    def __init__(self, study: optuna.Study, params: Params, name: str) -> None:
        self._study, self._params, self._name, self._track = study, params, name, params.model(name).track
        self._open: Live | None = None
        self._epochs: list[list[Row]] = []
        self._store: Store | None = None
        try:
            self._store = Store(Path(), os.environ.get("MLFLOW_TRACKING_URI"))
        except UnreachableError as error:
            print(f"note: {error}; trials are kept in the study alone")
            return
        with FileLock(".dvc/tmp/tune.lock"):  # of several that work on one study, the first makes the run
            self._parent = study.user_attrs.get("run") or self._start("", {})
            study.set_user_attr("run", self._parent)
        self._store.client.update_run(self._parent, status="RUNNING")

    def watch(self, trial: optuna.Trial, model: Model, training: Training) -> Callable[[list[Row]], None]:
        if self._store:
            run = self._start(f" / trial {trial.number}", {"mlflow.parentRunId": self._parent})
            own = model.model_dump(mode="json", include=set(KEYS) - set(Training.model_fields))
            self._store.log_params(run, flatten({"model": own, "training": training.model_dump(mode="json")}))
            self._open, self._epochs = Live(self._store, run, 0), []
        return self._epochs.append

    def after(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        """Called by Optuna when a trial is over: its curve in one piece, for trials are short."""
        loss = "" if trial.value is None else f"  validation loss {trial.value:.3g}"
        print(f"trial {trial.number}: {trial.state.name.lower()}{loss}  {trial.params}", flush=True)
        if self._open:
            self._open.log(self._epochs)
            self._open.end("FINISHED", {"optuna.state": trial.state.name.lower()})
            self._open = None

    def close(self, status: str) -> None:
        if self._store is None:
            return
        if self._open:
            self._open.end("KILLED", {})
        if self._study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,)):
            best = self._study.best_trial
            self._store.log_figures(self._parent, {"validation/loss": best.value, "best_trial": best.number})
        self._store.client.set_terminated(self._parent, status)

    def _start(self, ending: str, tags: Mapping[str, str]) -> str:
        assert self._store is not None
        name = f"tune {self._study.study_name} / {self._name}{ending}"
        tags = {**run_tags(self._name), "dvc.stage": "tune", "model": self._name, PROCESS: identity(), **tags}
        return self._store.start(self._track, name, tags)
