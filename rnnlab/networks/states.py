"""Gates and states of recurrent layers at each step, which PyTorch's modules keep to themselves.

Letters: B batch, T time steps, F features, H hidden, D directions.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

Step = Callable[[Tensor, Tensor, Tensor], dict[str, Tensor]]  # W_ih x + b_ih, W_hh h + b_hh, the cell state before
GATES = {"rnn": (), "lstm": ("input", "forget", "output"), "gru": ("reset", "update")}


def _rnn(x: Tensor, h: Tensor, _: Tensor) -> dict[str, Tensor]:
    return {"hidden": torch.tanh(x + h)}


def _lstm(x: Tensor, h: Tensor, before: Tensor) -> dict[str, Tensor]:
    i, f, g, o = (x + h).chunk(4, dim=-1)
    i, f, o = i.sigmoid(), f.sigmoid(), o.sigmoid()
    cell = f * before + i * g.tanh()
    return {"hidden": o * cell.tanh(), "cell": cell, "input": i, "forget": f, "output": o}


def _gru(x: Tensor, h: Tensor, before: Tensor) -> dict[str, Tensor]:
    (r, z, n), (hr, hz, hn) = x.chunk(3, dim=-1), h.chunk(3, dim=-1)
    r, z = (r + hr).sigmoid(), (z + hz).sigmoid()
    n = torch.tanh(n + r * hn)
    return {"hidden": (1 - z) * n + z * before, "reset": r, "update": z}


STEPS: Mapping[str, Step] = {"RNN": _rnn, "LSTM": _lstm, "GRU": _gru}


@torch.no_grad()
def states_at_steps(recurrent: nn.RNNBase, x: Tensor) -> list[dict[str, Tensor]]:
    """Of each layer the hidden state, the LSTM's cell state, and the gates, (B, T, H) each, from zero initial states.

    Equations of ``torch.nn.RNN``, ``LSTM`` (Hochreiter and Schmidhuber 1997; Gers et al. 2000) and ``GRU``
    (Cho et al. 2014). Of a layer with two directions the forward one is returned.

    Args:
        x: (B, T, F).
    """
    layers = []
    for number in range(recurrent.num_layers):
        directions = [_run(recurrent, f"l{number}", x)]
        if recurrent.bidirectional:
            backward = _run(recurrent, f"l{number}_reverse", x.flip(1))
            directions.append({name: values.flip(1) for name, values in backward.items()})
        layers.append(directions[0])
        x = torch.cat([direction["hidden"] for direction in directions], dim=2)  # (B, T, D*H)
    return layers


def _run(recurrent: nn.RNNBase, layer: str, x: Tensor) -> dict[str, Tensor]:
    w_ih, w_hh, b_ih, b_hh = (
        getattr(recurrent, f"{name}_{layer}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    step, hidden = STEPS[recurrent.mode.split("_")[0]], x.new_zeros(len(x), recurrent.hidden_size)
    cell, found = hidden, list[dict[str, Tensor]]()
    for inputs in (x @ w_ih.T + b_ih).unbind(1):
        found.append(step(inputs, hidden @ w_hh.T + b_hh, cell))
        hidden = found[-1]["hidden"]
        cell = found[-1].get("cell", hidden)
    return {name: torch.stack([each[name] for each in found], dim=1) for name in found[0]}
