"""The training loop: K replicas at once, each with its own order of the data; no files, no tracks, no MLflow."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor, nn
from torch.optim.adam import adam

from rnnlab.core.errors import UserError

SHUFFLED_AT_ONCE = 2**20  # sequences; more are shuffled in blocks, so that few need be in memory at a time

Row = dict[str, float]  # the figures of a replica's epoch
Loss = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
Made = TypeVar("Made")


class Samples(Protocol):
    """Sequences (N, T, F): a tensor, or what is indexed as one."""

    @property
    def shape(self) -> torch.Size: ...
    @property
    def device(self) -> torch.device: ...
    @property
    def is_cuda(self) -> bool: ...
    def __len__(self) -> int: ...
    def __getitem__(self, indices: Any, /) -> Tensor: ...


class Way(Protocol):
    """Of an engine with batches of one size: ``load``, ``forward`` fills ``predicted``, ``backward`` the gradients."""

    predicted: Tensor  # (K, O, B)

    def load(self, x: Tensor) -> None: ...
    def forward(self) -> None: ...
    def backward(self, d_predicted: Tensor) -> None: ...


class Engine(Protocol):
    """K networks that can be trained."""

    parameters: list[Tensor]
    capturable: bool  # whether CUDA can replay its way as one graph

    @property
    def gradients(self) -> list[Tensor]: ...
    def at(self, batch: int) -> Way: ...
    def clip_gradients(self, max_norm: float) -> None: ...
    def states(self) -> list[dict[str, Tensor]]: ...


class Alone:
    """The group of processes of a training that only one works at; `rnnlab.execution.ranks` has larger ones."""

    rank, size = 0, 1

    def share(self, samples: Tensor, dim: int) -> tuple[Tensor, float]:
        """Those that this process computes, at least one, and their weight in the mean over all."""
        return samples, 1.0

    def sum(self, tensors: Sequence[Tensor]) -> None:
        """Add up, in place, what the processes have."""

    def from_first(self, make: Callable[[], Made]) -> Made:
        """What the first process makes, for all."""
        return make()

    def check_same(self, fingerprint: str) -> None:
        """Raise a ``UserError`` unless all processes are to train the same."""


@dataclass(frozen=True)
class Settings:
    """How to train.

    Attributes:
        epochs: passes over the training part.
        batch_size: sequences a step; the last, smaller batch of an epoch is trained too.
        learning_rate: Adam's; under ``onecycle`` the highest.
        schedule: of the rate: ``constant``, or ``onecycle`` (Smith and Topin 2018, as PyTorch's OneCycleLR).
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


class Trainer:
    """Trains an engine's networks in place, with Adam.

    The loss is the mean squared error for real targets and the cross-entropy for classes. Figures of the training
    part are means over the epoch's samples while the weights change, as the tutorial prints them.

    Args:
        x: (N, T, F), the training sequences; may be a view of memory-mapped rows.
        y: (N, O) real targets, or (N,) classes.
        seeds: K, of each replica's order of the samples, which is drawn anew each epoch.
        validation: sequences and targets to report on, never trained on.
        starts: where replicas train on samples of their own: the first of each, which ``count`` - 1 follow.
        group: the processes that share each batch and the validation part. All draw the same orders, and have the
            same figures and weights after each step.

    Attributes:
        diverged: replica -> the epoch in which its loss or a weight was no longer a finite number. It trains on to no
            avail, without a row of its own; the others are not touched by it.

    Raises:
        UserError: if there is patience and nothing to validate on.
    """

    def __init__(
        self,
        engine: Engine,
        x: Samples,
        y: Tensor,
        seeds: Sequence[int],
        settings: Settings,
        validation: tuple[Samples, Tensor] | None = None,
        *,
        starts: Sequence[int] | None = None,
        count: int | None = None,
        group: Alone | None = None,
    ) -> None:
        self.engine, self.x, self.y, self.seeds, self.settings = engine, x, y, seeds, settings
        self.group = group or Alone()
        self.validation = validation if validation is not None and len(validation[0]) else None
        if settings.patience and self.validation is None:
            raise UserError("patience needs a validation part, and there is no sample in it")
        self.classes = not y.is_floating_point()
        self.loss: Loss = cross_entropy if self.classes else squared_error
        self.count = len(x) if count is None else count
        self.starts = torch.tensor([0] * len(seeds) if starts is None else starts)[:, None]
        self.steps = -(-self.count // settings.batch_size)  # an epoch
        self.orders = [torch.Generator().manual_seed(seed) for seed in seeds]
        self._compute: dict[int, Callable[[Tensor], None]] = {}  # by batch size

        # Adam as a function: the class takes a tenth of a step's time for its bookkeeping.
        self.averages = [torch.zeros_like(parameter) for parameter in engine.parameters]
        self.square_averages = [torch.zeros_like(parameter) for parameter in engine.parameters]
        self.updates = [torch.zeros((), device=parameter.device) for parameter in engine.parameters]

        self.epoch = self.step = 0  # how many are done; of the steps, in this epoch
        self.order_states = [order.get_state() for order in self.orders]  # at the start of the epoch
        self.total, self.right = engine.parameters[0].new_zeros(2, len(seeds))  # over the epoch's samples so far
        self.diverged = dict[int, int]()
        self.best_losses, self.waited = [float("inf")] * len(seeds), [0] * len(seeds)  # epochs since the best
        self.best_states = engine.states() if settings.patience else []

    @torch.inference_mode()
    def run(self, after_step: Callable[[], None] = lambda: None) -> Iterator[list[Row]]:
        """Train on; yield each epoch as it ends, a row for each replica that was still learning."""
        while self.epoch < self.settings.epochs and (learning := self._learning()):
            for number, indices in enumerate(draw(self.count, self.settings.batch_size, self.orders)):
                if number < self.step:
                    continue  # done before the restore
                self._step(indices)
                self.step += 1
                after_step()
            rows = self._figures(learning)
            self.epoch, self.step = self.epoch + 1, 0
            self.order_states = [order.get_state() for order in self.orders]
            self.total.zero_()
            self.right.zero_()
            if rows:
                yield rows
        for k, state in enumerate(self.states()):  # the last steps have no epoch after them that would show it
            if k not in self.diverged and not all(bool(tensor.isfinite().all()) for tensor in state.values()):
                self.diverged[k] = self.epoch - 1

    def states(self) -> list[dict[str, Tensor]]:
        """State dicts of the networks; with ``patience`` those of their best epochs."""
        return self.best_states if self.settings.patience else self.engine.states()

    def progress(self) -> dict[str, Tensor]:
        """All that ``restore`` needs to go on to the same weights; copies, taken between steps."""
        tensors = {
            "epoch": torch.tensor(self.epoch),
            "step": torch.tensor(self.step),
            "orders": torch.stack(self.order_states),
            "best_losses": torch.tensor(self.best_losses, dtype=torch.float64),
            "waited": torch.tensor(self.waited),
            "diverged": torch.tensor([self.diverged.get(k, -1) for k in range(len(self.seeds))]),
        }
        for k, state in enumerate(self.best_states):
            tensors |= {f"best.{k}.{name}": value for name, value in state.items()}
        return {name: tensor.clone() for name, tensor in (tensors | self._updated()).items()}

    @torch.no_grad()
    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        self.epoch, self.step = int(tensors["epoch"]), int(tensors["step"])
        self.order_states = [state.clone() for state in tensors["orders"]]  # set_state reads a tensor from its start
        for order, state in zip(self.orders, self.order_states, strict=True):
            order.set_state(state)
        self.diverged = dict[int, int]()
        self.best_losses, self.waited = tensors["best_losses"].tolist(), tensors["waited"].tolist()
        self.diverged = {k: epoch for k, epoch in enumerate(tensors["diverged"].tolist()) if epoch >= 0}
        for k, best in enumerate(self.best_states):
            best.update((name, tensors[f"best.{k}.{name}"]) for name in best)
        for name, tensor in self._updated().items():
            tensor.copy_(tensors[name])

    def _updated(self) -> dict[str, Tensor]:
        """What a step updates in place."""
        tensors = {"total": self.total, "right": self.right}
        kinds = {
            "parameter": self.engine.parameters,
            "average": self.averages,
            "square_average": self.square_averages,
            "updates": self.updates,
        }
        return tensors | {f"{kind}.{i}": tensor for kind, many in kinds.items() for i, tensor in enumerate(many)}

    def _learning(self) -> list[int]:
        """The replicas that did not diverge, and whose patience is not at its end."""
        patience = self.settings.patience
        waiting = [k for k, waited in enumerate(self.waited) if patience is None or waited < patience]
        return [k for k in waiting if k not in self.diverged]

    def _step(self, indices: Tensor) -> None:
        """(K, B), the samples of each replica."""
        batch = indices.shape[1]
        own, weight = self.group.share(indices, 1)
        if batch not in self._compute:
            self._compute[batch] = self._prepare(batch, own.shape[1], weight)
        self._compute[batch]((own + self.starts).to(self.x.device))
        adam(
            self.engine.parameters,
            self.engine.gradients,
            self.averages,
            self.square_averages,
            [],
            self.updates,
            lr=learning_rate(self.settings, self.epoch * self.steps + self.step, self.settings.epochs * self.steps),
            beta1=0.9,
            beta2=0.999,
            eps=1e-8,
            weight_decay=0.0,
            amsgrad=False,
            maximize=False,
            fused=True,
        )

    def _prepare(self, batch: int, size: int, weight: float) -> Callable[[Tensor], None]:
        """Losses and gradients of batches, of which ``size`` samples are this process's; on CUDA as a graph."""
        way, max_norm = self.engine.at(size), self.settings.max_grad_norm
        targets = self._targets(self.y[:size].expand(len(self.seeds), size, *self.y.shape[1:])).clone()

        def differentiate() -> list[Tensor]:
            way.forward()
            losses, d_predicted = self.loss(way.predicted, targets)
            figures = [losses, (way.predicted.argmax(1) == targets).sum(1)] if self.classes else [losses]
            if weight != 1:
                losses.mul_(weight)
                d_predicted.mul_(weight)
                figures[-1].mul_(weight > 0)  # nor is a sample without weight a right answer
            way.backward(d_predicted)
            return figures

        def compute() -> None:
            figures = differentiate()
            self.group.sum([*self.engine.gradients, *figures])
            if max_norm is not None:
                self.engine.clip_gradients(max_norm)
            self.total.add_(figures[0], alpha=batch)
            if self.classes:
                self.right.add_(figures[1])

        if self.engine.capturable and self.total.is_cuda:
            if self.group.size > 1:  # what the processes say to each other stays out of the graph
                differentiate = _captured(differentiate)
            else:
                sums = self.total.clone(), self.right.clone()
                compute = _captured(compute)
                self.total.copy_(sums[0])
                self.right.copy_(sums[1])

        def step(indices: Tensor) -> None:
            way.load(self.x[indices])
            targets.copy_(self._targets(self.y[indices]))
            compute()

        return step

    def _targets(self, y: Tensor) -> Tensor:
        """(K, B, O) -> (K, O, B), as ``predicted`` lies; classes (K, B) as they are."""
        return y if self.classes else y.mT

    def _figures(self, learning: Sequence[int]) -> list[Row]:
        figures = {"train_loss": self.total / self.count}
        if self.classes:
            figures["train_accuracy"] = self.right / self.count
        if self.validation is not None:
            x, y = self.validation
            own, weight = self.group.share(torch.arange(len(y)), 0)
            rows = range(int(own[0]), int(own[-1]) + 1)
            predicted = _predict(self.engine, x, rows, self.settings.batch_size)
            y = y[rows.start : rows.stop]
            targets = self._targets(y.expand(len(self.seeds), *y.shape))
            means = {"validation_loss": self.loss(predicted, targets)[0] * weight}
            if self.classes:
                means["validation_accuracy"] = (predicted.argmax(1) == targets).float().mean(1) * weight
            self.group.sum(list(means.values()))
            figures |= means
        by_name = {name: values.tolist() for name, values in figures.items()}
        self.diverged |= {k: self.epoch for k in learning if not math.isfinite(by_name["train_loss"][k])}
        learning = [k for k in learning if k not in self.diverged]
        if self.settings.patience:
            self._keep_best(learning, by_name["validation_loss"])
        return [
            {"epoch": self.epoch, "seed": self.seeds[k]} | {name: values[k] for name, values in by_name.items()}
            for k in learning
        ]

    def _keep_best(self, learning: Sequence[int], losses: Sequence[float]) -> None:
        states = self.engine.states()
        for k in learning:
            self.waited[k] += 1
            if losses[k] < self.best_losses[k]:
                self.best_losses[k], self.best_states[k], self.waited[k] = losses[k], states[k], 0


@torch.inference_mode()
def _predict(engine: Engine, x: Samples, rows: range, batch_size: int) -> Tensor:
    """For each replica the same ``rows``, N of them, of the sequences -> (K, O, N)."""
    predicted = []
    for part in (x[first : min(first + batch_size, rows.stop)] for first in rows[::batch_size]):
        way = engine.at(len(part))
        way.load(part[None])
        way.forward()
        predicted.append(way.predicted.clone())
    return torch.cat(predicted, 2)


def draw(count: int, batch_size: int, orders: Sequence[torch.Generator]) -> Iterator[Tensor]:
    """An epoch's batches (K, B) of the samples 0 .. count - 1, in an order of its own for each replica.

    More than ``SHUFFLED_AT_ONCE`` samples are shuffled in blocks of as many: the blocks' order, then each block.
    """
    size = batch_size * max(1, SHUFFLED_AT_ONCE // batch_size)
    for pieces in zip(*(_resized(_shuffled(count, order), size) for order in orders), strict=True):
        yield from torch.stack(pieces).split(batch_size, 1)


def _shuffled(count: int, order: torch.Generator) -> Iterator[Tensor]:
    starts = torch.randperm(-(-count // SHUFFLED_AT_ONCE), generator=order) * SHUFFLED_AT_ONCE
    for start in starts.tolist():
        yield start + torch.randperm(min(SHUFFLED_AT_ONCE, count - start), generator=order)


def _resized(pieces: Iterator[Tensor], size: int) -> Iterator[Tensor]:
    """The same numbers in pieces of ``size``; the last may be smaller."""
    rest = torch.empty(0, dtype=torch.int64)
    for piece in pieces:
        *full, rest = torch.cat([rest, piece]).split(size)
        yield from full
    yield rest


def learning_rate(settings: Settings, step: int, steps: int) -> float:
    """The rate of a step, counted from 0, of ``steps`` in the whole training.

    ``onecycle`` as PyTorch's OneCycleLR has it by default: on half a cosine from 1/25 of the highest rate up to it in
    the first 30 % of the steps, then down to 1/10,000 of where it began.
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


def squared_error(predicted: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """(K, O, B) twice -> the mean over a replica's batch (K,), and its derivative by ``predicted``."""
    difference = predicted - y
    return difference.square().mean((1, 2)), difference * (2 / difference[0].numel())


def cross_entropy(predicted: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """(K, C, B) and classes (K, B) -> the mean over a replica's batch (K,), and its derivative by ``predicted``."""
    losses = nn.functional.cross_entropy(predicted, y, reduction="none").mean(1)
    d_predicted = predicted.softmax(1)
    d_predicted.scatter_add_(1, y[:, None], -torch.ones_like(predicted[:, :1]))
    return losses, d_predicted / y.shape[1]


def _captured(compute: Callable[[], Made]) -> Callable[[], Made]:
    """The same operations on the same tensors, those that it returns too, as one CUDA graph."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):  # PyTorch asks for some runs beforehand, on another stream
        for _ in range(3):
            compute()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        made = compute()

    def replay() -> Made:
        graph.replay()
        return made

    return replay
