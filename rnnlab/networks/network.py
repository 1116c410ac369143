"""One recurrent network for all cells, tracks and directions, and a feed-forward one beside it.

Letters: B batch, T time steps, F features, H hidden, L layers, D directions, O outputs.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from rnnlab.networks import custom

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
        output: ``linear``, or ``sigmoid`` after the linear layer; ``sequence``: the linear layer at each step, whatever
            the head, with O outputs a step; ``horizon``: linear, with an output for each step ahead.
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
        joined = head == "flatten" and output != "sequence"
        self.linear = nn.Linear(width * length if joined else width, output_size)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, F) -> (B, O), or (B, O*T) of a sequence."""
        outputs, state = self.recurrent(x)  # (B, T, D*H); (L*D, B, H), for the lstm a pair
        if self.output == "sequence":
            at_steps: Tensor = self.linear(outputs).mT.flatten(1)
            return at_steps
        if self.head == "flatten":
            joined = outputs.flatten(1)  # (B, T*D*H)
        else:
            final = state[0] if isinstance(state, tuple) else state
            joined = final[-self.directions :].transpose(0, 1).flatten(1)  # (B, D*H)
        predicted: Tensor = self.linear(joined)
        return torch.sigmoid(predicted) if self.output == "sigmoid" else predicted


class FeedForwardNetwork(nn.Module):
    """Fully connected tanh layers on the flattened sequence, then one linear layer: a network that ignores order.

    Args as RecurrentNetwork's; ``num_layers`` are the hidden ones.
    """

    def __init__(
        self, *, input_size: int, length: int, output_size: int, hidden_size: int, num_layers: int, output: str
    ) -> None:
        super().__init__()
        widths = [input_size * length, *[hidden_size] * num_layers]
        self.hidden = nn.ModuleList(nn.Linear(*pair) for pair in itertools.pairwise(widths))
        self.linear = nn.Linear(hidden_size, output_size)
        self.output = output

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, F) -> (B, O)."""
        state = x.flatten(1)
        for layer in self.hidden:
            state = torch.tanh(layer(state))
        predicted: Tensor = self.linear(state)
        return torch.sigmoid(predicted) if self.output == "sigmoid" else predicted


def build(architecture: Mapping[str, Any]) -> nn.Module:
    """A network from RecurrentNetwork's arguments, of which ``cell`` may also be ``mlp``; or from those of ``custom``.

    Raises:
        UserError: if a network of the user's own can't be made.
    """
    if "network" in architecture:
        return custom.make(architecture)
    if architecture["cell"] != "mlp":
        return RecurrentNetwork(**architecture)
    unused = ("cell", "bidirectional", "head")
    return FeedForwardNetwork(**{name: value for name, value in architecture.items() if name not in unused})


def initial_states(architecture: Mapping[str, Any], seeds: Sequence[int]) -> list[dict[str, Tensor]]:
    """State dicts of new networks, one a seed, with the weights that PyTorch draws."""
    states = []
    for seed in seeds:
        torch.manual_seed(seed)
        states.append(build(architecture).state_dict())
    return states


def restore(architecture: Mapping[str, Any], state: Mapping[str, Tensor]) -> nn.Module:
    """A network with these weights.

    Raises:
        RuntimeError: if names or shapes do not fit.
        UserError: as ``build``.
    """
    if "network" in architecture:  # whatever it computes when it is made has to be there
        network = build(architecture)
        network.load_state_dict(state)
        return network.to(next(iter(state.values())).device)
    with torch.device("meta"):  # no initial weights are drawn
        network = build(architecture)
    network.load_state_dict(state, assign=True)
    return network


@torch.no_grad()
def predict(network: nn.Module, x: Tensor, batch_size: int = 10_000) -> Tensor:
    """(N, T, F) -> (N, O), in evaluation mode; the network is left in it."""
    network.eval()
    dtype = next(network.parameters()).dtype
    return torch.cat([network(part.to(dtype)) for part in x.split(batch_size)])


def count_parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
