"""The order of the samples: an epoch's batches, drawn anew for each epoch and replica."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

SHUFFLED_AT_ONCE = 2**20  # sequences; more are shuffled in blocks, so that few need be in memory at a time


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
