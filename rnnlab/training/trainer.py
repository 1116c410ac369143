"""The training loop: K replicas at once, each with its own order of the data; no files, no tracks, no MLflow."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from torch import Tensor

from rnnlab.core.errors import UserError
from rnnlab.training.adam import Adam
from rnnlab.training.batches import draw
from rnnlab.training.cuda_graph import captured
from rnnlab.training.interfaces import Engine, Samples, SingleProcess
from rnnlab.training.losses import Loss, cross_entropy, squared_error
from rnnlab.training.settings import Settings, learning_rate

Row = dict[str, float]  # the figures of a replica's epoch


class Trainer:
    """Trains an engine's networks in place, with Adam.

    The loss is the mean squared error for real targets and the cross-entropy for classes. Figures of the training
    part are means over the epoch's samples while the weights change, as the tutorial prints them.

    Args:
        x: (N, T, F), the training sequences; may be a view of memory-mapped rows. Or (S, N, T, F): S sets of samples,
            each for K/S replicas that follow one another.
        y: (N, O) real targets, or (N,) classes; or (S, N, O).
        seeds: K, of each replica's order of the samples, which is drawn anew each epoch.
        validation: sequences and targets to report on, never trained on.

    Attributes:
        diverged: replica -> the epoch in which its loss or a weight was no longer a finite number. It stays in the
            batches without a row of its own, and does not affect the others.

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
    ) -> None:
        sets, self.count = (1, len(x)) if len(x.shape) == 3 else x.shape[:2]
        if isinstance(x, Tensor) and x.dim() == 4:
            x, y = x.flatten(0, 1), y.flatten(0, 1)
        self.engine, self.x, self.y, self.seeds, self.settings = engine, x, y, seeds, settings
        self.starts = torch.arange(sets).repeat_interleave(len(seeds) // sets)[:, None] * self.count
        self.group = SingleProcess()
        self.validation = validation if validation is not None and len(validation[0]) else None
        if settings.patience and self.validation is None:
            raise UserError("patience needs a validation part, and there is no sample in it")
        self.classes = not y.is_floating_point()
        self.loss: Loss = cross_entropy if self.classes else squared_error
        self.steps = -(-self.count // settings.batch_size)  # an epoch
        self.orders = [torch.Generator().manual_seed(seed) for seed in seeds]
        self._compute: dict[int, Callable[[Tensor], None]] = {}  # by batch size
        self.optimizer = Adam(engine.parameters)

        # A mask may hold what is infinite, and be no sign of divergence.
        self.finite = {name for name, tensor in engine.states()[0].items() if bool(tensor.isfinite().all())}
        self.epoch = self.step = 0  # how many are done; of the steps, in this epoch
        self.order_states = [order.get_state() for order in self.orders]  # at the start of the epoch
        self.total, self.right = engine.parameters[0].new_zeros(2, len(seeds))  # over the epoch's samples so far
        self.diverged = dict[int, int]()
        self.best_losses, self.waited = [float("inf")] * len(seeds), [0] * len(seeds)  # epochs since the best
        self.best_states = engine.states() if settings.patience else []

    @torch.inference_mode()
    def run(
        self, after_step: Callable[[], None] = lambda: None, group: SingleProcess | None = None
    ) -> Iterator[list[Row]]:
        """Train on; yield each epoch as it ends, a row for each replica that was still learning.

        Args:
            group: the processes that share each batch and the validation part. All draw the same orders, and have
                the same figures and weights after each step.
        """
        self.group = group or self.group
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
            finite = (bool(tensor.isfinite().all()) for name, tensor in state.items() if name in self.finite)
            if k not in self.diverged and not all(finite):
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
        self.best_losses, self.waited = tensors["best_losses"].tolist(), tensors["waited"].tolist()
        self.diverged = {k: epoch for k, epoch in enumerate(tensors["diverged"].tolist()) if epoch >= 0}
        for k, best in enumerate(self.best_states):
            best.update((name, tensors[f"best.{k}.{name}"]) for name in best)
        for name, tensor in self._updated().items():
            tensor.copy_(tensors[name])

    def _updated(self) -> dict[str, Tensor]:
        """What a step updates in place."""
        tensors = {"total": self.total, "right": self.right}
        kinds = {"parameter": self.engine.parameters, "buffer": self.engine.buffers} | self.optimizer.state
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
        done, steps = self.epoch * self.steps + self.step, self.settings.epochs * self.steps
        torch.manual_seed(self.seeds[0] << 32 | done)  # of random layers: the same after a restore
        self._compute[batch]((own + self.starts).to(self.x.device))
        self.optimizer.step(self.engine.gradients, learning_rate(self.settings, done, steps))

    def _prepare(self, batch: int, size: int, weight: float) -> Callable[[Tensor], None]:
        """Losses and gradients of batches, of which ``size`` samples are this process's; on CUDA as a graph."""
        batch_pass, max_norm = self.engine.at(size), self.settings.max_grad_norm
        targets = self._targets(self.y[:size].expand(len(self.seeds), size, *self.y.shape[1:])).clone()

        def differentiate() -> list[Tensor]:
            batch_pass.forward()
            losses, d_predicted = self.loss(batch_pass.predicted, targets)
            figures = [losses, (batch_pass.predicted.argmax(1) == targets).sum(1)] if self.classes else [losses]
            if weight != 1:
                losses.mul_(weight)
                d_predicted.mul_(weight)
                figures[-1].mul_(weight > 0)  # nor is a sample without weight a right answer
            batch_pass.backward(d_predicted)
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
                differentiate = captured(differentiate)
            else:
                sums = self.total.clone(), self.right.clone()
                compute = captured(compute)
                self.total.copy_(sums[0])
                self.right.copy_(sums[1])

        def step(indices: Tensor) -> None:
            batch_pass.load(self.x[indices])
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
        batch_pass = engine.at(len(part))
        batch_pass.load(part[None])
        batch_pass.forward(training=False)
        predicted.append(batch_pass.predicted.clone())
    return torch.cat(predicted, 2)
