"""The trials of a search, as tasks of an executor: their data, their training, and when one is given up.

Nothing here needs Optuna, which workers on other machines may lack.

Letters: N windows or images, T time steps, F features, O numbers to predict.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from torch import Tensor

from rnnlab.core.errors import UserError
from rnnlab.core.model_params import Model, Training
from rnnlab.evaluation.baselines import naive_forecasts, ridge
from rnnlab.training.interfaces import Samples
from rnnlab.training.panel_training import Sequences, encode
from rnnlab.training.plan import TrainingPlan
from rnnlab.training.trainer import Row
from rnnlab.windows.folds import rescale
from rnnlab.windows.panel import Panel
from rnnlab.windows.splitting import DRAW_SEED
from rnnlab.windows.targets import Target, TargetForm
from rnnlab.windows.windows import Windows

REPORTS = 20  # of a trial, at which it may be given up
WARM_UP = 0.1  # of its epochs, before which none is
HELD_OUT = 0.2  # of the training part, where there is no validation part

Images = tuple[NDArray[Any], NDArray[Any]]  # (N, T, F) and labels (N,)


@dataclass(frozen=True)
class Data:
    """Sequences (N, T, F) and targets, (N, O) or classes (N,), to train and to judge on."""

    train: tuple[Samples, Tensor]
    validation: tuple[Samples, Tensor]
    outputs: int  # numbers to predict, or classes


@dataclass(frozen=True)
class Task:
    """What a trial trains.

    Attributes:
        load: makes the data, where the trial is trained: mapped arrays go there by reference, tensors would be copied.
        threads: of the CPU.
    """

    model: Model
    training: Training
    load: Callable[[], Data]
    threads: int


def load_series(train: Windows, validation: Windows, names: Sequence[str], form: TargetForm) -> Data:
    """Scaled by the rows that trials train on, and by no later ones.

    Raises:
        UserError: if there is no validation part, and too little to hold one out.
    """
    train, validation = _judged_parts(train, validation, names)
    target = Target.fit(train, *form)

    def tensors(windows: Windows) -> tuple[Tensor, Tensor]:
        return torch.from_numpy(windows.x), torch.from_numpy(target.encode(windows)).float().contiguous()

    return Data(tensors(train), tensors(validation), form.outputs(train.horizon))


def best_rule(
    train: Windows, validation: Windows, names: Sequence[str], form: TargetForm, period: int
) -> tuple[str, float]:
    """The simple rule with the smallest loss on what ``load_series`` validates on, and this loss, as trials have it.

    Args:
        period: rows of a season.
    """
    train, validation = _judged_parts(train, validation, names)
    target, values = Target.fit(train, *form), np.asarray(validation.target)
    last = np.arange(len(validation)) + validation.length - 1
    forecasts = naive_forecasts(values, last, validation.length, validation.horizon, period)
    forecasts["ridge"] = ridge(train.x, train.y[:, 0], validation.x)
    losses = {name: float(np.mean(((f - validation.y[:, 0]) / target.unit) ** 2)) for name, f in forecasts.items()}
    best = min(losses, key=lambda name: losses[name])
    return best, losses[best]


def _judged_parts(train: Windows, validation: Windows, names: Sequence[str]) -> tuple[Windows, Windows]:
    """What trains and what judges, scaled anew by the first, for the scaler may have been fitted on all rows."""
    if not len(validation):
        count, gap = len(train), train.horizon - 1
        held_out = round(HELD_OUT * count)
        if count - held_out - gap < 1 or held_out < 1:
            raise UserError(f"{count} training windows are too few to hold a fifth of them out for validation")
        train, validation = train.part(0, count - held_out - gap), train.part(count - held_out, count)
    return rescale(train, train, names)[0], rescale(validation, train, names)[0]


def load_panel(train: Panel, validation: Panel, form: TargetForm, names: Sequence[str] = ()) -> Data:
    """The windows of all symbols.

    Args:
        names: of the features, to scale each symbol anew by the rows that trials train on; none: it is scaled so.
    """
    if names:
        train, validation = (_rescale_each(part, train, names) for part in (train, validation))
    targets = [Target.fit(windows, *form) for _, windows in train.all()]

    def tensors(panel: Panel) -> tuple[Samples, Tensor]:
        return Sequences(panel, torch.device("cpu")), encode(panel, targets)

    return Data(tensors(train), tensors(validation), form.outputs(train.horizon))


def _rescale_each(panel: Panel, train: Panel, names: Sequence[str]) -> Panel:
    inputs, target = np.empty_like(panel.inputs), np.empty_like(panel.target)
    for (start, stop), (_, windows), (_, seen) in zip(panel.spans.tolist(), panel.all(), train.all(), strict=True):
        if stop > start:
            scaled, _ = rescale(windows, seen, names)
            inputs[start:stop], target[start:stop] = scaled.inputs, scaled.target
    return replace(panel, inputs=inputs, target=target)


def load_digits(train: Images, validation: Images) -> Data:
    if not len(validation[0]):
        images, labels = train
        kept, held_out = train_test_split(
            np.arange(len(labels)), test_size=HELD_OUT, stratify=labels, random_state=DRAW_SEED
        )
        train, validation = ((images[chosen], labels[chosen]) for chosen in (np.sort(kept), np.sort(held_out)))

    def tensors(images: NDArray[Any], labels: NDArray[Any]) -> tuple[Tensor, Tensor]:
        return torch.from_numpy(images), torch.from_numpy(labels).long()

    return Data(tensors(*train), tensors(*validation), 10)


def try_trial(task: Task, medians: Mapping[int, float]) -> tuple[list[list[Row]], str]:
    """As ``train_trial``; the reason instead, where a network of the user's own can't be made or trained so."""
    try:
        return train_trial(task, medians), ""
    except UserError as error:
        return [], str(error)


def train_trial(task: Task, medians: Mapping[int, float]) -> list[list[Row]]:
    """Train all seeds at once; the rows of each epoch, up to the one in which the trial is given up, if it is.

    That is when a seed diverges, or after a while when the best loss so far is above the median of other trials.

    Args:
        medians: epoch -> the median of the losses that other trials reported then.
    """
    training, epochs, best = task.training, list[list[Row]](), math.inf
    for rows in _train(task):
        epochs.append(rows)
        epoch, loss = int(rows[0]["epoch"]), _mean_loss(rows, training)
        if not math.isfinite(loss):
            break
        if _is_reported(epoch, training):
            best = min(best, loss)
            if epoch >= WARM_UP * training.epochs and best > medians.get(epoch, math.inf):
                break
    return epochs


def _train(task: Task) -> Iterator[list[Row]]:
    data, training = task.load(), task.training.model_copy(update={"patience": None})
    x, y = data.train
    plan = TrainingPlan.of(task.model, training, x.shape[1:], data.outputs, task.threads)
    return plan.trainer(x, y, data.validation).run()


def value_of(epochs: Sequence[list[Row]], training: Training) -> float:
    """The mean over seeds of the validation loss after the last epoch; infinite if a trial did not come so far."""
    loss = _mean_loss(epochs[-1], training) if len(epochs) == training.epochs else math.inf
    return loss if math.isfinite(loss) else math.inf


def reports(epochs: Sequence[list[Row]], training: Training) -> dict[int, float]:
    """Epoch -> mean validation loss, at the epochs at which trials are compared."""
    losses = {int(rows[0]["epoch"]): _mean_loss(rows, training) for rows in epochs}
    return {epoch: loss for epoch, loss in losses.items() if _is_reported(epoch, training) and math.isfinite(loss)}


def _mean_loss(rows: Sequence[Row], training: Training) -> float:
    """Infinite if a seed is missing, which has diverged."""
    return sum(row["validation_loss"] for row in rows) / training.seeds if len(rows) == training.seeds else math.inf


def _is_reported(epoch: int, training: Training) -> bool:
    every = max(1, training.epochs // REPORTS)
    return epoch % every == every - 1
