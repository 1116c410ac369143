"""Walk-forward evaluation: train on the past, forecast the days after it, go on (Tashman 2000).

Letters: N windows of a series, T time steps, F features, K replicas (folds x seeds).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnlab.core.csv_writer import Table
from rnnlab.core.errors import UserError
from rnnlab.execution.executors import Executor
from rnnlab.networks.predictions import predict_values
from rnnlab.training.plan import TrainingPlan
from rnnlab.training.trainer import Row
from rnnlab.windows.folds import Fold, rescale
from rnnlab.windows.targets import Target
from rnnlab.windows.windows import Windows

Array = NDArray[np.float64]
Epochs = Callable[[Iterator[list[Row]]], Iterator[list[Row]]]


@dataclass(frozen=True)
class Walk:
    """A walk over a series: its windows, in the unit that forecasts are wanted in, and its folds.

    Attributes:
        names: of the features, for messages.
        refit: false: the first fold's networks forecast all folds, scaled as they were trained.
    """

    windows: Windows
    folds: Sequence[Fold]
    names: Sequence[str]
    refit: bool = True


def walk_forward(plan: TrainingPlan, walk: Walk, watch: Epochs, executor: Executor) -> list[dict[int, Array]]:
    """Of each fold the forecasts of its test windows by seed (n,), in the units of ``walk.windows.target``.

    Folds that train on as many windows are one task, and train at once, as replicas.

    Args:
        watch: passes on what training yields, and shows it; goes with the tasks to where they run.
    """
    windows, folds = walk.windows, walk.folds
    steps = [(fold, [fold]) for fold in folds] if walk.refit else [(folds[0], list(folds))]  # trains, tested

    def parts_of(fold: Fold, tested: Sequence[Fold]) -> tuple[Windows, list[Windows]]:
        tests = [windows.part(test.test_start, test.test_stop) for test in tested]
        return windows.part(fold.train_start, fold.train_stop), tests

    of_one_size = groupby(steps, lambda step: step[0].train_stop - step[0].train_start)
    items = ((plan, [parts_of(*step) for step in group], walk.names, watch) for _, group in of_one_size)
    ended = dict(executor.map(_walk, items))
    return [by_seed for index in sorted(ended) for by_seed in ended[index]]


def _walk(
    plan: TrainingPlan, parts: Sequence[tuple[Windows, Sequence[Windows]]], names: Sequence[str], watch: Epochs
) -> list[dict[int, Array]]:
    """Train on the first of each of ``parts``, all of one size, and forecast those that go with it."""
    scaled = [rescale(seen, seen, names)[0] for seen, _ in parts]
    targets = [plan.fit_target(part) for part in scaled]
    states = _train(plan, scaled, targets, watch)
    forecasts = []
    for (seen, tests), target, by_seed in zip(parts, targets, states, strict=True):
        for test in tests:
            part, scaler = rescale(test, seen, names)
            forecasts.append(predict_values(plan.restore(by_seed), target, scaler, "target", part))
    return forecasts


def _train(
    plan: TrainingPlan, sets: Sequence[Windows], targets: Sequence[Target], watch: Epochs
) -> list[dict[int, dict[str, Tensor]]]:
    """Of each set of windows, all of one size, the trained state dicts by seed."""
    x = torch.stack([torch.from_numpy(part.x).float() for part in sets])
    y = torch.stack([torch.from_numpy(t.encode(part)).float() for t, part in zip(targets, sets, strict=True)])
    trainer, seeds = plan.trainer(x, y), plan.seeds
    for _ in watch(trainer.run()):
        pass
    if trainer.diverged:
        k, epoch = next(iter(trainer.diverged.items()))
        raise UserError(
            f"backtest: the loss of seed {trainer.seeds[k]} is not finite in epoch {epoch}; "
            f"a smaller learning_rate (now {plan.settings.learning_rate:g}) or max_grad_norm may help"
        )
    states = trainer.states()
    return [dict(zip(seeds, states[i * len(seeds) :], strict=False)) for i in range(len(sets))]


def to_tables(walk: Walk, forecasts: Sequence[Mapping[int, Array]]) -> list[Table]:
    """Of each fold, a row a tested step: fold, date, y_true, seed_K."""
    tables = list[Table]()
    for number, (fold, by_seed) in enumerate(zip(walk.folds, forecasts, strict=True)):
        test = walk.windows.part(fold.test_start, fold.test_stop)
        table = {"fold": number, "date": test.target_dates, "y_true": test.y[:, 0]}
        tables.append(table | {f"seed_{seed}": values for seed, values in by_seed.items()})
    return tables
