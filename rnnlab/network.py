"""One recurrent network for all cells, tracks and directions.

Letters: B batch, T time steps, F features, H hidden, L layers, D directions, O outputs.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

CELLS: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


class RecurrentNetwork(nn.Module):
    """Stacked recurrent layers with zero initial states, then one linear layer.

    Args:
        cell: rnn (h_t = tanh(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh)), lstm or gru.
        input_size: features of a time step, F.
        length: time steps of a sequence, T.
        output_size: numbers to predict, or classes, O.
        hidden_size: features of the hidden state, H.
        num_layers: stacked recurrent layers, L.
        bidirectional: read each sequence backwards too (D = 2).
        head: ``flatten`` joins the outputs of all steps, ``last`` the final states of the last layer's directions.
        output: ``linear``, or ``sigmoid`` after the linear layer.
    """

    def __init__(
        self,
        *,
        cell: str,
        input_size: int,
        length: int,
        output_size: int,
        hidden_size: int,
        num_layers: int,
        bidirectional: bool,
        head: str,
        output: str,
    ) -> None:
        super().__init__()
        self.recurrent = CELLS[cell](input_size, hidden_size, num_layers, batch_first=True, bidirectional=bidirectional)
        self.directions = 2 if bidirectional else 1
        self.head, self.output = head, output
        width = hidden_size * self.directions
        self.linear = nn.Linear(width * length if head == "flatten" else width, output_size)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, F) -> (B, O)."""
        outputs, state = self.recurrent(x)  # (B, T, D*H); (L*D, B, H), for the lstm a pair
        if self.head == "flatten":
            joined = outputs.flatten(1)  # (B, T*D*H)
        else:
            final = state[0] if isinstance(state, tuple) else state
            joined = final[-self.directions :].transpose(0, 1).flatten(1)  # (B, D*H)
        predicted: Tensor = self.linear(joined)
        return torch.sigmoid(predicted) if self.output == "sigmoid" else predicted


@torch.no_grad()
def predict(network: nn.Module, x: Tensor, batch_size: int = 10_000) -> Tensor:
    """(N, T, F) -> (N, O), in evaluation mode; the network is left in it."""
    network.eval()
    return torch.cat([network(part) for part in x.split(batch_size)])


def count_parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
