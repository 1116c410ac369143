"""Several networks of one architecture as one wide network, whose weights are zero between them.

One recurrent layer where K stood is exported by PyTorch, and run, K times sooner.

Letters: K networks, G gates, H hidden, L layers, D directions, T time steps, O outputs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from rnnlab.networks.network import build


def merge(networks: Sequence[nn.Module], architecture: Mapping[str, Any]) -> nn.Module:
    """The network with K * H hidden features and K * O outputs, network by network, that says what all of them say."""
    if "network" in architecture:
        return SideBySide(networks).eval()
    count = len(networks)
    wide = dict(architecture) | {name: architecture[name] * count for name in ("hidden_size", "output_size")}
    merged = build(wide)
    parameters = dict(merged.named_parameters())
    with torch.no_grad():
        for parameter in parameters.values():
            parameter.zero_()
        for number, network in enumerate(networks):
            for name, value in network.named_parameters():
                axes = [
                    _places(size, wide_size, _block(name, axis, architecture), number)
                    for axis, (size, wide_size) in enumerate(zip(value.shape, parameters[name].shape, strict=True))
                ]
                parameters[name][torch.meshgrid(*axes, indexing="ij")] = value
    return merged.eval()


class SideBySide(nn.Module):
    """Networks of the user's own, whose weights can't be told apart: each is run."""

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, F) -> (B, K*O)."""
        return torch.cat([network(x) for network in self.networks], 1)


def _block(name: str, axis: int, architecture: Mapping[str, Any]) -> int:
    """How many neighbours of a parameter's axis belong to one network: its hidden features, or its outputs."""
    outputs = name.startswith("linear.") and axis == 0
    return int(architecture["output_size" if outputs else "hidden_size"])


def _places(size: int, wide_size: int, block: int, number: int) -> Tensor:
    """Where an axis of a network's parameter lies in the wide one's: as blocks, of which each network has its own.

    Axes are (G, H) where a recurrent layer computes, (D, H) or (T, D, H) where a layer reads the one below.
    """
    if size == wide_size:  # the inputs, which all share
        return torch.arange(size)
    outer = torch.arange(size // block)[:, None] * (wide_size // (size // block))
    return (outer + number * block + torch.arange(block)).flatten()
