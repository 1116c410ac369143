"""K replicas of a recurrent network side by side, by PyTorch's own layers (cuDNN's kernels on CUDA) and autograd."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from rnnlab.networks.network import restore


class Replicas:
    """The plain way: as fast as K single trainings; what an ``Ensemble`` is held against.

    Args:
        architecture: RecurrentNetwork's arguments.
        states: state dicts of K such networks.
    """

    capturable = False  # as one CUDA graph

    def __init__(self, architecture: Mapping[str, Any], states: Sequence[Mapping[str, Tensor]]) -> None:
        copies = ({name: tensor.clone() for name, tensor in state.items()} for state in states)
        self.networks = [restore(architecture, copy).requires_grad_() for copy in copies]
        self.parameters: list[Tensor] = [weight for network in self.networks for weight in network.parameters()]

    @property
    def gradients(self) -> list[Tensor]:
        return [weight.grad for weight in self.parameters if weight.grad is not None]

    def states(self) -> list[dict[str, Tensor]]:
        return [{name: value.clone() for name, value in n.state_dict().items()} for n in self.networks]

    def at(self, batch: int) -> "Replicas":
        """For batches of any size."""
        return self

    def clip_gradients(self, max_norm: float) -> None:
        for network in self.networks:
            nn.utils.clip_grad_norm_(network.parameters(), max_norm)

    def load(self, x: Tensor) -> None:
        """Sequences of each replica (K, B, T, F), or for all (1, B, T, F)."""
        with torch.inference_mode(False):  # autograd can't use what was made in inference mode
            self._x = x.to(self.parameters[0].dtype, copy=True).expand(len(self.networks), *x.shape[1:])

    def forward(self) -> None:
        with torch.inference_mode(False), torch.enable_grad():
            self._outputs = torch.stack([network(x).T for network, x in zip(self.networks, self._x, strict=True)])
        self.predicted = self._outputs.detach()

    def backward(self, d_predicted: Tensor) -> None:
        for parameter in self.parameters:
            parameter.grad = None
        with torch.inference_mode(False), torch.enable_grad():
            self._outputs.backward(d_predicted.clone())
