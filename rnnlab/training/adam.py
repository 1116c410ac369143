"""Adam (Kingma and Ba 2015, algorithm 1) by PyTorch's function: its class spends a tenth of a step on bookkeeping."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.optim.adam import adam


class Adam:
    """Steps parameters in place, with the default moments of ``torch.optim.Adam``.

    Attributes:
        state: by name what a step changes, besides the parameters: a tensor for each of them.
    """

    def __init__(self, parameters: Sequence[Tensor]) -> None:
        self.parameters = list(parameters)
        self.state: dict[str, list[Tensor]] = {
            "average": [torch.zeros_like(parameter) for parameter in parameters],
            "square_average": [torch.zeros_like(parameter) for parameter in parameters],
            "updates": [torch.zeros((), device=parameter.device) for parameter in parameters],
        }

    def step(self, gradients: Sequence[Tensor], learning_rate: float) -> None:
        adam(
            self.parameters,
            list(gradients),
            self.state["average"],
            self.state["square_average"],
            [],
            self.state["updates"],
            lr=learning_rate,
            beta1=0.9,
            beta2=0.999,
            eps=1e-8,
            weight_decay=0.0,
            amsgrad=False,
            maximize=False,
            fused=True,
        )
