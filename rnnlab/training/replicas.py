"""K replicas of any module side by side, by PyTorch's own layers (cuDNN's kernels on CUDA) and autograd."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn

from rnnlab.networks.custom_code import told
from rnnlab.networks.network import restore

TRAINING = "fails in training"


class ByAutograd:
    """What engines of modules have in common: K networks at once, whose gradients PyTorch finds.

    Args:
        architecture: as of ``networks.network.build``.
        count: K.
        parameters: all that are trained.
    """

    capturable = False  # as one CUDA graph
    _outputs: Tensor  # (K, O, B), of the last pass forward

    def __init__(self, architecture: Mapping[str, Any], count: int, parameters: list[Tensor]) -> None:
        self._code, self._count, self.parameters = architecture.get("network", ""), count, parameters
        self.gradients = [torch.zeros_like(weight) for weight in parameters]

    def at(self, batch: int) -> Self:
        """For batches of any size."""
        return self

    def load(self, x: Tensor) -> None:
        """Sequences of each replica (K, B, T, F), or for all (1, B, T, F)."""
        with torch.inference_mode(False):  # autograd can't use what was made in inference mode
            self._x = x.to(self.parameters[0].dtype, copy=True).expand(self._count, *x.shape[1:])

    def backward(self, d_predicted: Tensor) -> None:
        with told(self._code, TRAINING), torch.inference_mode(False):
            gradients = torch.autograd.grad(
                self._outputs, self.parameters, d_predicted.clone(), allow_unused=True, materialize_grads=True
            )
        self.gradients = [gradient.contiguous() for gradient in gradients]  # as Adam's fused kernel takes them


class Replicas(ByAutograd):
    """The plain way, one after the other: as fast as K single trainings; what the other engines are held against.

    Args:
        architecture: as of ``networks.network.build``.
        states: state dicts of K such networks.
    """

    def __init__(self, architecture: Mapping[str, Any], states: Sequence[Mapping[str, Tensor]]) -> None:
        copies = ({name: tensor.clone() for name, tensor in state.items()} for state in states)
        self.networks = [restore(architecture, copy) for copy in copies]
        trained: list[Tensor] = [
            weight for network in self.networks for weight in network.parameters() if weight.requires_grad
        ]
        super().__init__(architecture, len(states), trained)

    @property
    def buffers(self) -> list[Tensor]:
        """As they are now: a module may replace its own."""
        return [buffer for network in self.networks for buffer in network.buffers()]

    def states(self) -> list[dict[str, Tensor]]:
        return [{name: value.clone() for name, value in n.state_dict().items()} for n in self.networks]

    def clip_gradients(self, max_norm: float) -> None:
        count = len(self.parameters) // len(self.networks)
        for first in range(0, len(self.gradients), count):
            own = self.gradients[first : first + count]
            scale = (max_norm / (nn.utils.get_total_norm(own) + 1e-6)).clamp(max=1)
            for gradient in own:
                gradient.mul_(scale)

    def forward(self, training: bool = True) -> None:
        with told(self._code, TRAINING), torch.inference_mode(False), torch.set_grad_enabled(training):
            pairs = zip(self.networks, self._x, strict=True)
            self._outputs = torch.stack([network.train(training)(x).T for network, x in pairs])
        self.predicted = self._outputs.detach()
