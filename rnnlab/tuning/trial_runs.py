"""A study in MLflow: one run, and a nested run for each trial."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import optuna
from filelock import FileLock
from optuna.trial import FrozenTrial, Trial, TrialState

from rnnlab.core.model_params import Training
from rnnlab.core.params import Params
from rnnlab.core.params_parsing import flatten
from rnnlab.core.processes import identity, is_gone
from rnnlab.tracking.run_info import experiment, run_params, run_tags
from rnnlab.tracking.store import PROCESS, STORE_ERRORS, Store, explain
from rnnlab.tracking.training_run import Live
from rnnlab.training.trainer import Row
from rnnlab.tuning.database import LOCK
from rnnlab.tuning.search import FINISHED, KEYS
from rnnlab.tuning.trials import Task


class TrialRuns:
    """A study in MLflow: one run, and a nested run for each trial. Where MLflow goes away, the search goes on."""

    def __init__(self, study: optuna.Study, params: Params, name: str) -> None:
        self._study, self._name, self._track, self._params = study, name, params.model(name).track, params
        self._open: dict[int, Live] = {}  # by the trial's number
        self._store: Store | None = None
        self._parent = ""
        with self._going_on():
            self._store = Store(Path(), os.environ.get("MLFLOW_TRACKING_URI"), params.series.name)
            self._store.tidy(self._track)
            with FileLock(LOCK):  # of several that work on one study, the first makes the run
                key = f"run in {self._store.shown}"
                known = study.user_attrs.get(key)
                if known and self._store.has(known):
                    self._parent = known
                else:
                    self._parent = self._start(None, {})
                    self._store.log(self._parent, params=run_params(params, name))
                study.set_user_attr(key, self._parent)
            self._store.client.update_run(self._parent, status="RUNNING")
            self._store.client.set_tag(self._parent, PROCESS, identity())
            self._finish_killed(self._store)

    def _finish_killed(self, store: Store) -> None:
        """Finish the runs of trials that the study has: the search was killed between the one and the other."""
        done = {self._run_name(trial.number) for trial in self._study.get_trials(deepcopy=False, states=FINISHED)}
        killed = f"tags.mlflow.parentRunId = '{self._parent}' and attributes.status = 'KILLED'"
        for run in store.client.search_runs([store.experiments[self._track]], killed):
            if run.info.run_name in done:
                store.client.set_terminated(run.info.run_id, "FINISHED")

    def _run_name(self, trial: int | None = None) -> str:
        name = f"{self._name} / tune {self._study.study_name}"
        return name if trial is None else f"{name} / trial {trial}"

    def begin(self, trial: Trial, task: Task) -> None:
        trial.set_user_attr(PROCESS, identity())
        with self._going_on():
            if self._store:
                run = self._start(trial.number, {"mlflow.parentRunId": self._parent})
                self._open[trial.number] = Live(self._store, run, 0)
                own = task.model.model_dump(mode="json", include={*KEYS, "arguments"} - set(Training.model_fields))
                changed = flatten({"model": own, "training": task.training.model_dump(mode="json")})
                self._store.log(run, params=run_params(self._params, self._name) | changed)

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
            figures = {}
            if self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
                best = self._study.best_trial
                figures = {"validation/loss": best.value, "best_trial": best.number}
            self._store.log(self._parent, figures=figures, tags={"mlflow.note.content": note})
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
        except STORE_ERRORS as error:
            print(f"note: trials are kept in the study alone: {explain(error)}", flush=True)
            self._store, self._open = None, {}

    def _start(self, trial: int | None, tags: Mapping[str, str]) -> str:
        assert self._store is not None
        tags = {
            **run_tags("tune", experiment()),
            "model": self._name,
            PROCESS: identity(),
            **tags,
        }
        return self._store.start(self._track, self._run_name(trial), tags)
