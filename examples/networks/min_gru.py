"""minGRU: a gated recurrent unit whose gate and candidate do not read the state (Feng et al. 2024, section 3.1)."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class MinGRU(nn.Module):
    """h_t = (1 - z_t) h_(t-1) + z_t c_t with z_t and c_t of x_t alone, so that all steps are computed at once.

    In logarithms (appendix B of the paper): the state is a sum over the past of weights that are products.

    Args:
        input_size: features of a step, F.
        output_size: numbers to predict, or classes, O.
        hidden_size: features of the state, H.
        num_layers: layers, each of which reads the states of the one below.
    """

    def __init__(self, input_size: int, output_size: int, hidden_size: int = 16, num_layers: int = 1) -> None:
        super().__init__()
        sizes = [input_size] + [hidden_size] * (num_layers - 1)
        self.layers = nn.ModuleList(nn.Linear(size, 2 * hidden_size) for size in sizes)
        self.linear = nn.Linear(hidden_size, output_size)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, F) -> (B, O)."""
        for layer in self.layers:
            gate, candidate = layer(x).chunk(2, dim=2)  # (B, T, H) each
            log_candidate = torch.where(candidate > 0, (candidate.relu() + 0.5).log(), functional.logsigmoid(candidate))
            log_kept = functional.logsigmoid(-gate).cumsum(1)  # of what a step adds, how much is kept to the end of t
            added = functional.logsigmoid(gate) + log_candidate - log_kept
            x = (log_kept + added.logcumsumexp(1)).exp()
        predicted: Tensor = self.linear(x[:, -1])
        return predicted
