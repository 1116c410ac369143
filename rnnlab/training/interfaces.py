"""What a trainer works with: samples, an engine with its batch passes, and the processes that share a training."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor

T = TypeVar("T")


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


class BatchPass(Protocol):
    """An engine on batches of one size: ``load``, then ``forward`` fills ``predicted``, ``backward`` the gradients."""

    predicted: Tensor  # (K, O, B)

    def load(self, x: Tensor) -> None: ...
    def forward(self, training: bool = True) -> None: ...  # false: as networks are used, without dropout
    def backward(self, d_predicted: Tensor) -> None: ...


class Engine(Protocol):
    """K networks that can be trained."""

    parameters: list[Tensor]
    capturable: bool  # whether CUDA can replay a batch pass as one graph

    @property
    def buffers(self) -> list[Tensor]: ...  # what a pass may change besides, as a batch normalisation's means
    @property
    def gradients(self) -> list[Tensor]: ...
    def at(self, batch: int) -> BatchPass: ...
    def clip_gradients(self, max_norm: float) -> None: ...
    def states(self) -> list[dict[str, Tensor]]: ...


class SingleProcess:
    """The group of processes of a training that only one works at; `rnnlab.execution.ranks` has larger ones."""

    rank, size = 0, 1

    def share(self, samples: Tensor, dim: int) -> tuple[Tensor, float]:
        """Those that this process computes, at least one, and their weight in the mean over all."""
        return samples, 1.0

    def sum(self, tensors: Sequence[Tensor]) -> None:
        """Add up, in place, what the processes have."""

    def from_first(self, make: Callable[[], T]) -> T:
        """What the first process makes, for all."""
        return make()

    def check_same(self, fingerprint: str) -> None:
        """Raise a ``UserError`` unless all processes are to train the same."""
