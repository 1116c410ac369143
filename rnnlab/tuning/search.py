"""A search over a model's parameters by Optuna, judged on validation data; the test part is never seen."""

import math
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import optuna
from optuna.trial import FrozenTrial, Trial, TrialState

from rnnlab.core.errors import UserError
from rnnlab.execution.executors import Executor
from rnnlab.training.trainer import Row
from rnnlab.tuning.trials import Task, reports, try_trial, value_of

ROUND = 4  # trials that are proposed at once: not as many as there are workers, or these would change what is found
FIRST = 5  # trials that have to be complete before one is given up, as for Optuna's MedianPruner
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
# Others change what the loss means, or how well it is known: trials could not be compared.
KEYS = ("cell", "bidirectional", "hidden_size", "num_layers", "head", "epochs", "batch_size", "learning_rate",
        "schedule", "max_grad_norm")  # fmt: skip
DEFAULT_SPACE = ("hidden_size=4..64", "num_layers=1,2,3", "learning_rate=0.0003..0.03", "batch_size=10,20,50,100")

Value = int | float | str | bool | None
Distribution = (
    optuna.distributions.IntDistribution
    | optuna.distributions.FloatDistribution
    | optuna.distributions.CategoricalDistribution
)


@dataclass(frozen=True)
class Watch:
    """What a search calls.

    Attributes:
        working: entered while trials are worked at.
        begin: called when a trial is handed to the executor.
        end: called when it is over, with its epochs.
    """

    working: Callable[[Sequence[Trial]], AbstractContextManager[None]]
    begin: Callable[[Trial, Task], None]
    end: Callable[[FrozenTrial, Sequence[list[Row]]], None]


def parse_space(args: Sequence[str]) -> dict[str, Distribution]:
    """``KEY=LOW..HIGH`` or ``KEY=A,B,C``, keys of a model's entry in params.yaml -> what Optuna draws from.

    A range is drawn from evenly, or evenly by its logarithm where its end is ten times its start or more.

    Raises:
        UserError: if one is none of these, or its key can't be searched.
    """
    space: dict[str, Distribution] = {}
    for arg in args:
        key, _, values = arg.partition("=")
        if key not in KEYS and not re.fullmatch(r"arguments\.\w+", key):
            raise UserError(f"--space {arg}: {key!r} can't be searched; allowed: {', '.join(KEYS)}, arguments.NAME")
        numbers = re.fullmatch(r"([\d.e+-]+?)\.\.([\d.e+-]+)", values)
        try:
            if not values or (".." in values and not numbers):
                raise ValueError(f"found {values!r}")
            if numbers:
                low, high = (_number(text) for text in numbers.groups())
                log = low > 0 and high / low >= 10
                if isinstance(low, int) and isinstance(high, int):
                    space[key] = optuna.distributions.IntDistribution(low, high, log=log)
                else:
                    space[key] = optuna.distributions.FloatDistribution(low, high, log=log)
            else:
                space[key] = optuna.distributions.CategoricalDistribution([_value(text) for text in values.split(",")])
        except ValueError as error:
            raise UserError(f"--space {arg}: it must be KEY=LOW..HIGH or KEY=A,B,C ({error})") from None
    return space


def search(
    study: optuna.Study,
    trials: int,
    space: Mapping[str, Distribution],
    make: Callable[[Mapping[str, Value]], Task],
    executor: Executor,
    watch: Watch,
) -> None:
    """Go on with a study until ``trials`` are finished, those of an earlier call and of others at work counted.

    The trials of a round are proposed, and compared, by what is known when it begins: they and their values are the
    same wherever, and however many at a time, they are trained.

    Args:
        make: what a trial with these values trains; raises UserError where they do not go together.
    """
    while (left := trials - finished(study)) > 0:
        asked: list[Trial] = []
        try:
            asked.extend(_ask(study, space, min(ROUND, left)))
            with watch.working(asked):
                _train_round(study, asked, make, executor, watch)
        except BaseException:
            for trial in asked:
                study.tell(trial, state=TrialState.FAIL, skip_if_finished=True)
            raise


def _ask(study: optuna.Study, space: Mapping[str, Distribution], count: int) -> Iterator[Trial]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        warnings.filterwarnings("ignore", "Heartbeat of storage is supposed to be used with Study.optimize")
        optuna.storages.fail_stale_trials(study)
        for _ in range(count):
            yield study.ask(dict(space))


def _train_round(
    study: optuna.Study,
    asked: Sequence[Trial],
    make: Callable[[Mapping[str, Value]], Task],
    executor: Executor,
    watch: Watch,
) -> None:
    made: list[tuple[Trial, Task]] = []
    for trial in asked:
        try:
            made.append((trial, make(trial.params)))
        except UserError:  # each may be had, but not together
            watch.end(study.tell(trial, state=TrialState.PRUNED), [])
    limits = medians(study)

    def items() -> Iterator[tuple[Task, Mapping[int, float]]]:
        for trial, task in made:
            watch.begin(trial, task)
            yield task, limits

    for place, (epochs, reason) in executor.map(try_trial, items()):
        trial, task = made[place]
        if reason:
            print(f"trial {trial.number}: {reason}", flush=True)
        for epoch, loss in reports(epochs, task.training).items():
            trial.report(loss, epoch)
        value = value_of(epochs, task.training)
        told = study.tell(trial, value) if math.isfinite(value) else study.tell(trial, state=TrialState.PRUNED)
        watch.end(told, epochs)


def medians(study: optuna.Study) -> dict[int, float]:
    """Epoch -> the median of what complete trials reported then; nothing while these are few."""
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    by_epoch: dict[int, list[float]] = {}
    for trial in complete if len(complete) >= FIRST else ():
        for epoch, loss in trial.intermediate_values.items():
            by_epoch.setdefault(epoch, []).append(loss)
    return {epoch: float(np.median(losses)) for epoch, losses in by_epoch.items()}


def bounds(distribution: Distribution) -> Sequence[Value]:
    """The values at the ends, or all choices: if these may be had, so may those between."""
    if isinstance(distribution, optuna.distributions.CategoricalDistribution):
        return distribution.choices
    return distribution.low, distribution.high


def finished(study: optuna.Study) -> int:
    return len(study.get_trials(deepcopy=False, states=FINISHED))


def _number(text: str) -> int | float:
    return int(text) if re.fullmatch(r"-?\d+", text) else float(text)


def _value(text: str) -> Value:
    known: dict[str, Value] = {"true": True, "false": False, "null": None}
    if text in known:
        return known[text]
    try:
        return _number(text)
    except ValueError:
        return text
