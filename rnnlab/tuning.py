"""A search over a model's parameters by Optuna, judged on validation data; the test part is never seen.

Letters: B batch, T time steps, F features, K replicas (the seeds of a trial, trained at once).
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import optuna
import torch
from torch import Tensor

from rnnlab.engines import ENGINES, choose
from rnnlab.errors import UserError
from rnnlab.network import build
from rnnlab.params import Model, Training
from rnnlab.training import Row, Settings, Trainer

REPORTS = 20  # of a trial, at which it may be given up
WARM_UP = 0.1  # of its epochs, before which none is
HELD_OUT = 0.2  # of the training part, where there is no validation part
FINISHED = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
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
class Data:
    """Sequences (N, T, F) and targets, (N, O) or classes (N,), to train and to judge on."""

    train: tuple[Tensor, Tensor]
    validation: tuple[Tensor, Tensor]
    outputs: int  # numbers to predict, or classes


Watch = Callable[[optuna.Trial, Model, Training], Callable[[list[Row]], None]]


def parse_space(words: Sequence[str]) -> dict[str, Distribution]:
    """``KEY=LOW..HIGH`` or ``KEY=A,B,C``, keys of a model's entry in params.yaml -> what Optuna draws from.

    A range is drawn from evenly, or evenly by its logarithm where its end is ten times its start or more.

    Raises:
        UserError: if a word is none of these, or its key can't be searched.
    """
    space: dict[str, Distribution] = {}
    for word in words:
        key, _, values = word.partition("=")
        if key not in KEYS:
            raise UserError(f"--space {word}: {key!r} can't be searched; allowed: {', '.join(KEYS)}")
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
            raise UserError(f"--space {word}: wanted is KEY=LOW..HIGH or KEY=A,B,C ({error})") from None
    return space


def search(
    study: optuna.Study,
    trials: int,
    space: Mapping[str, Distribution],
    make: Callable[[Mapping[str, Value]], tuple[Model, Training]],
    data: Data,
    threads: int | None,
    watch: Watch,
    after: Callable[[optuna.Study, optuna.trial.FrozenTrial], None],
) -> None:
    """Go on with a study until ``trials`` are finished, those of an earlier call and of others at work counted.

    The value of a trial is the mean over its seeds of the validation loss after the last epoch.

    Args:
        make: a model's entry and training with these values; raises UserError where they do not go together.
        threads: None to have them measured.
        watch: called when a trial begins; what it returns is called with each epoch's rows.
        after: called when it is over.
    """

    def objective(trial: optuna.Trial) -> float:
        values = {key: _suggest(trial, key, distribution) for key, distribution in space.items()}
        try:
            model, training = make(values)
        except UserError as error:  # each may be had, but not together
            raise optuna.TrialPruned(str(error)) from None
        told, every = watch(trial, model, training), max(1, training.epochs // REPORTS)
        loss = math.nan
        for rows in train(model, training, data, threads):
            told(rows)
            epoch, loss = int(rows[0]["epoch"]), sum(row["validation_loss"] for row in rows) / training.seeds
            if len(rows) < training.seeds or not math.isfinite(loss):
                raise optuna.TrialPruned(f"a seed diverged in epoch {epoch}")
            if epoch % every == every - 1:
                trial.report(loss, epoch)
                if epoch >= WARM_UP * training.epochs and trial.should_prune():
                    raise optuna.TrialPruned
        if not math.isfinite(loss):
            raise optuna.TrialPruned("all seeds diverged in epoch 0")
        return loss

    study.optimize(objective, callbacks=[after, optuna.study.MaxTrialsCallback(trials, FINISHED)])


def train(model: Model, training: Training, data: Data, threads: int | None) -> Iterator[list[Row]]:
    """The epochs of all seeds of a model, as ``Trainer.run`` yields them."""
    x, y = data.train
    architecture = model.architecture(x.shape[2], x.shape[1], data.outputs)
    seeds, states = range(training.seed, training.seed + training.seeds), []
    for seed in seeds:
        torch.manual_seed(seed)
        states.append(build(architecture).state_dict())
    choice = choose(architecture, states, x, y, training.batch_size, threads)
    torch.set_num_threads(choice.threads)
    settings = Settings(**training.model_dump(exclude={"seeds", "seed", "patience"}))
    return Trainer(ENGINES[choice.engine](architecture, states), x, y, seeds, settings, data.validation).run()


def loss_of(model: Model, training: Training, data: Data, threads: int | None) -> float:
    """What a trial with these would have as its value."""
    losses = [sum(row["validation_loss"] for row in rows) / len(rows) for rows in train(model, training, data, threads)]
    return losses[-1] if losses else math.inf


def _suggest(trial: optuna.Trial, key: str, distribution: Distribution) -> Value:
    if isinstance(distribution, optuna.distributions.IntDistribution):
        return trial.suggest_int(key, distribution.low, distribution.high, log=distribution.log)
    if isinstance(distribution, optuna.distributions.FloatDistribution):
        return trial.suggest_float(key, distribution.low, distribution.high, log=distribution.log)
    return trial.suggest_categorical(key, distribution.choices)


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
