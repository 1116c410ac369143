"""How to train: the numbers of params.yaml, and the learning rate of each step that follows from them."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """How to train.

    Attributes:
        epochs: passes over the training part.
        batch_size: sequences a step; the last, smaller batch of an epoch is trained too.
        learning_rate: Adam's; under ``onecycle`` the highest.
        schedule: of the rate: ``constant``, or ``onecycle`` (Smith and Topin 2018, the rates of PyTorch's OneCycleLR).
        max_grad_norm: a replica's gradient is scaled down to this Euclidean norm; None: never.
        patience: epochs without a better validation loss after which a replica stops; None: never. With it, a
            replica ends with the weights of its best epoch.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    schedule: str = "constant"
    max_grad_norm: float | None = None
    patience: int | None = None


@dataclass(frozen=True)
class Choice:
    """With the same one, the same processor and the same PyTorch, a training gives the same bytes."""

    engine: str
    threads: int


def learning_rate(settings: Settings, step: int, steps: int) -> float:
    """The rate of a step, counted from 0, of ``steps`` in the whole training.

    ``onecycle`` has the rates of PyTorch's OneCycleLR, which by default moves Adam's beta1 too (here it stays): on half
    a cosine from 1/25 of the highest rate up to it in the first 30 % of the steps, then down to 1/10,000 of where it
    began.
    """
    highest = settings.learning_rate
    if settings.schedule == "constant":
        return highest
    lowest, top = highest / 25, 0.3 * steps - 1
    if step <= top:
        begin, end, done = lowest, highest, step / top
    else:
        begin, end, done = highest, lowest / 1e4, (step - top) / (steps - 1 - top)
    return end + (begin - end) / 2 * (1 + math.cos(math.pi * done))
