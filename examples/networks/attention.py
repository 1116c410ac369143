"""Self-attention over the window, in place of recurrence (Vaswani et al. 2017)."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class Attention(nn.Module):
    """Each step asks all steps; the answer to the last one is the forecast.

    Args:
        input_size: features of a step, F.
        length: steps of a window, T.
        output_size: numbers to predict, or classes, O.
        hidden_size: features of a step within the network, a multiple of ``heads``.
        heads: that attend beside each other.
    """

    def __init__(self, input_size: int, length: int, output_size: int, hidden_size: int = 16, heads: int = 2) -> None:
        super().__init__()
        self.heads = heads
        self.enter = nn.Linear(input_size, hidden_size)
        self.position = nn.Parameter(0.1 * torch.randn(length, hidden_size))  # attention alone knows no order
        self.ask = nn.Linear(hidden_size, 3 * hidden_size)
        self.norm = nn.LayerNorm(hidden_size)
        self.linear = nn.Linear(hidden_size, output_size)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, F) -> (B, O)."""
        steps = self.enter(x) + self.position  # (B, T, H)
        query, key, value = (
            part.unflatten(2, (self.heads, -1)).transpose(1, 2) for part in self.ask(steps).chunk(3, dim=2)
        )
        answers = functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        predicted: Tensor = self.linear(self.norm(steps + answers)[:, -1])
        return predicted
