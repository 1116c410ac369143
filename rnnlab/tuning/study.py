"""tune: a search over a model's parameters, for `rnnlab tune`. No stage: it proposes, and changes nothing."""

import copy
import signal
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import optuna
from optuna.trial import TrialState

from rnnlab.core.errors import UserError
from rnnlab.core.files import digest
from rnnlab.core.model_params import CellModel, CustomModel, Model
from rnnlab.core.overrides import command, overrides
from rnnlab.core.params import Params
from rnnlab.core.params_file import read_content, read_params
from rnnlab.core.params_parsing import parse
from rnnlab.execution.executors import make_executor
from rnnlab.tracking.run_info import run_params
from rnnlab.tuning.database import kept_alive, open_database, open_study
from rnnlab.tuning.search import DEFAULT_SPACE, Value, Watch, bounds, finished, parse_space, search
from rnnlab.tuning.trial_runs import TrialRuns
from rnnlab.tuning.trials import Data, Task, best_rule, load_digits, load_panel, load_series, train_trial, value_of
from rnnlab.windows.artifacts import SPLIT, read_digits, read_part, read_scaler
from rnnlab.windows.series_info import read_info
from rnnlab.windows.targets import TargetForm

# Of a network of the user's own what its arguments mean is not known.
DEFAULT_SPACES = {CellModel: DEFAULT_SPACE, CustomModel: DEFAULT_SPACE[2:]}


def tune(name: str, trials: int, args: Sequence[str], seeds: int | None, study_name: str, storage: str) -> None:
    """Search, and print the best parameters as a line that runs them."""
    params, content = read_params(), read_content()
    model = params.model(name)
    space = parse_space(args or DEFAULT_SPACES[type(model)])
    load, threads = parts_of(params, model), params.threads_of_a_task

    def make(values: Mapping[str, Value]) -> Task:
        changed: Params = parse(changed_content(content, name, values))
        training = changed.training_of(name)
        training = training if seeds is None else training.model_copy(update={"seeds": seeds})
        return Task(changed.model(name), training, load, threads)

    for key, distribution in space.items():
        for value in bounds(distribution):
            make({key: value})
    database = open_database(storage)
    study = open_study(study_name or name, database, about(params, name, args, seeds))
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
                watch = Watch(partial(kept_alive, database, study.study_name), runs.begin, runs.end)
                search(study, trials, space, make, executor, watch)
                status = "FINISHED"
            except KeyboardInterrupt:
                status = "KILLED"
                raise
            finally:
                said = outcome(study, content, name, now).replace("\n", "\n\n    ")
                runs.close(status, f"# {study.study_name}\n\n{said}\n")
    print(f"\n{outcome(study, content, name, now)}")
    if model.track == "series" and not params.is_panel and model.output != "sequence":
        form = TargetForm(*model.target_form)
        parts = read_part("train").windows(0), read_part("validation").windows(0)
        rule, loss = best_rule(*parts, read_scaler("series")["features"], form, read_info().period)
        print(f"the best simple rule, {rule}, has {loss:.3g} on the same windows")


def parts_of(params: Params, model: Model) -> Callable[[], Data]:
    """What makes a trial's data; the mapped arrays in it are read where the trial is trained."""
    if model.track == "digits":
        return partial(load_digits, read_digits("train"), read_digits("validation"))
    form = TargetForm(*model.target_form)
    train, validation = read_part("train"), read_part("validation")
    if not params.is_panel:
        features = read_scaler("series")["features"]
        return partial(load_series, train.windows(0), validation.windows(0), features, form)
    if params.is_per_symbol:
        raise UserError(
            "tune: a panel with networks for each symbol can't be searched; "
            "set series.panel to global to tune one network for all symbols, or tune on a single series"
        )
    if not sum(len(windows) for _, windows in validation.all()):
        raise UserError(
            "tune: a panel needs a validation part: set series.split.validation, then `dvc repro split@series`"
        )
    names = params.series.features if params.series.scale.fit_on == "all" else ()
    return partial(load_panel, train, validation, form, names)


def about(params: Params, name: str, args: Sequence[str], seeds: int | None) -> dict[str, Any]:
    """What trials of one study must have in common."""
    track = params.model(name).track
    files = [path for part in ("train", "validation") for path in sorted((SPLIT / track / part).iterdir())]
    return {
        "model": name,
        "space": sorted(args),
        "seeds": seeds,
        "parameters": {key: str(value) for key, value in run_params(params, name).items()},
        "data": digest(files),
    }


def changed_content(content: Mapping[str, Any], name: str, values: Mapping[str, Value]) -> dict[str, Any]:
    """params.yaml's content with these keys, as ``hidden_size`` or ``arguments.channels``, in the model's entry."""
    entry = copy.deepcopy(content["models"][name])
    for key, value in values.items():
        prefix, _, argument = key.partition("arguments.")
        (entry.setdefault("arguments", {}) if argument and not prefix else entry)[argument or key] = value
    return {**content, "models": {**content["models"], name: entry}}


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
    args = overrides(content, changed_content(content, name, best.params))
    return f"{found}\n{command(args)}"
