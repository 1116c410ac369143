"""Losses of K replicas, each with its derivative: the engines go on from there to the weights' gradients."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

Loss = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


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
