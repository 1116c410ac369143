"""Training over a panel: a network a symbol, as replicas in groups of like shape; or one network over all symbols.

Letters: S symbols of a group, K seeds, N windows, T time steps, F features.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnlab.training.plan import TrainingPlan
from rnnlab.windows.panel import Panel
from rnnlab.windows.targets import Target
from rnnlab.windows.windows import Windows

REPLICAS = 64  # networks of a group: more are hardly faster a network, and take more memory


@dataclass(frozen=True)
class Group:
    """Symbols, by number, that train on as many windows each."""

    symbols: tuple[int, ...]
    count: int


@dataclass(frozen=True)
class Trained:
    """What a group's training made; arrays of all symbols and seeds in one piece, by nn's names."""

    states: dict[int, dict[str, NDArray[np.float32]]]  # seed -> name -> (S, ...)
    units: NDArray[np.float64]  # (S,), of Target
    losses: NDArray[np.float64]  # (epochs, K): sums over the symbols that still learned
    learning: NDArray[np.int64]  # (epochs, K): how many these are
    diverged: dict[tuple[int, int], int]  # symbol's place in the group, seed -> epoch


def whole_batches(count: int, batch_size: int) -> int:
    """How many windows a symbol trains on, its last ones: whole batches, so that many symbols train in step."""
    return count // batch_size * batch_size or count


def make_groups(counts: Sequence[int], batch_size: int, seeds: int) -> list[Group]:
    """Group symbols by the number of their training windows; the same groups for any number of workers."""
    by_count: dict[int, list[int]] = {}
    for number, count in enumerate(counts):
        by_count.setdefault(whole_batches(count, batch_size), []).append(number)
    size = max(1, REPLICAS // seeds)
    return [
        Group(tuple(numbers[first : first + size]), count)
        for count, numbers in sorted(by_count.items(), reverse=True)  # the longest first: workers end together
        for first in range(0, len(numbers), size)
    ]


def train_group(plan: TrainingPlan, series: Sequence[Windows], count: int) -> Trained:
    """Train a network a symbol and seed, each as if it were alone, on a symbol's last ``count`` windows."""
    parts = [windows.part(len(windows) - count, len(windows)) for windows in series]
    targets = [plan.fit_target(part) for part in parts]
    x = torch.stack([torch.from_numpy(part.x).float() for part in parts])
    y = torch.stack([torch.from_numpy(t.encode(part)).float() for t, part in zip(targets, parts, strict=True)])
    trainer, seeds = plan.trainer(x, y), plan.seeds
    losses, learning = np.zeros((plan.settings.epochs, len(seeds))), np.zeros((plan.settings.epochs, len(seeds)), int)
    for rows in trainer.run():
        for row in rows:
            place = int(row["epoch"]), seeds.index(int(row["seed"]))
            losses[place] += row["train_loss"]
            learning[place] += 1
    states = trainer.states()
    return Trained(
        {
            seed: {name: torch.stack([state[name] for state in states[k :: len(seeds)]]).numpy() for name in states[0]}
            for k, seed in enumerate(seeds)
        },
        np.array([target.unit for target in targets]),
        losses,
        learning,
        {(k // len(seeds), trainer.seeds[k]): epoch for k, epoch in trainer.diverged.items()},
    )


class Sequences:
    """The windows of all symbols of a panel as one training part: indexed as a tensor is, made when asked for.

    Attributes:
        shape: (N, T, F).
    """

    def __init__(self, panel: Panel, device: torch.device) -> None:
        first = [panel.spans[s, 0] + np.arange(len(windows)) for s, (_, windows) in enumerate(panel.all())]
        rows = torch.from_numpy(panel.inputs)
        self._rows = rows if device.type == "cpu" else rows.to(device, torch.float32)
        self._first = torch.from_numpy(np.concatenate(first)).to(device)  # row of each window
        self._steps = torch.arange(panel.length, device=device)
        self.device, self.is_cuda = device, device.type == "cuda"
        self.shape = torch.Size((len(self._first), panel.length, panel.inputs.shape[1]))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, indices: Any) -> Tensor:
        """(..., T, F) float32, for numbers of windows (...)."""
        rows: Tensor = self._rows[self._first[indices][..., None] + self._steps].float()
        return rows


def encode(panel: Panel, targets: Sequence[Target]) -> Tensor:
    """What one network over all symbols is to say at each window, (N, ...) as ``Target.encode`` has it."""
    parts = [target.encode(windows) for target, (_, windows) in zip(targets, panel.all(), strict=True)]
    return torch.from_numpy(np.concatenate(parts)).float()
