"""Recurrent layers, forwards and backwards, for many independent rows at once.

A layer computes R rows, each a direction of a replica with weights of its own, over T steps. All that a step reads
stands in one matrix of C = F + H + 2 lines, and the weights beside it likewise, so that a step is one batched product:

    states[t] = [x_t; h_(t-1); 1; 1]    weight = [W_ih | W_hh | b_ih | b_hh]    gates[t] = weight @ states[t]

A network this small costs what its operations cost to start, not what they compute. So buffers, and the views of
each step, are made once, and what the way back can know of all steps beforehand it computes for all at once.

Letters: T time steps, R rows, F features, H hidden, G blocks of gates, C columns, B batch; d_: the loss's derivative
by what follows.
"""

from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor


class Block(NamedTuple):
    """H rows of a weight: a gate of nn's, by its place there, or the half of it that the input or h_(t-1) makes."""

    gate: int
    part: Literal["both", "input", "hidden"] = "both"


class Layer:
    """What all cells share. ``forward`` reads ``inputs`` and fills ``outputs``; ``backward`` reads ``d_outputs`` and
    fills ``d_inputs`` and the gradient.

    Args:
        weight: (R, G*H, C), in the cell's own order of blocks.
        gradient: of the same shape.
        steps: T.
        batch: B.
        hidden_size: H.
        lowest: the inputs are data, and ``d_inputs`` is empty.
    """

    blocks: tuple["Block", ...]  # of the weight's rows

    def __init__(
        self, weight: Tensor, gradient: Tensor, *, steps: int, batch: int, hidden_size: int, lowest: bool
    ) -> None:
        rows, height, columns = weight.shape
        features = columns - hidden_size - 2
        self.weight, self.gradient, self.steps = weight, gradient, steps
        self.states = weight.new_zeros(steps + 1, rows, columns, batch)
        self.states[:, :, -2:] = 1
        self.inputs = self.states[:-1, :, :features]  # (T, R, F, B)
        self.outputs = self.states[1:, :, features:-2]  # (T, R, H, B)
        self.gates = weight.new_empty(steps, rows, height // hidden_size, hidden_size, batch)
        self.d_gates = torch.empty_like(self.gates)
        self.d_outputs = weight.new_zeros(steps, rows, hidden_size, batch)
        self.d_hidden = weight.new_empty(rows, hidden_size, batch)  # of the step in work
        first = features if lowest else 0
        self.d_states = weight.new_empty(steps, rows, columns - 2 - first, batch)
        self.d_inputs = self.d_states[:, :, : features - first]
        self.d_weights = weight.new_empty(steps, *weight.shape)

        # views of each step
        self._weight_t = weight[:, :, first:-2].transpose(1, 2)
        self._state, self._d_state = self.states.unbind(), self.d_states.unbind()
        self._before, self._output = self.states[:, :, features:-2].unbind(), self.outputs.unbind()
        self._product, self._d_product = self.gates.flatten(2, 3).unbind(), self.d_gates.flatten(2, 3).unbind()
        self._d_output, self._d_before = self.d_outputs.unbind(), self.d_states[:, :, features - first :].unbind()
        self._d_products, self._states_t = self.d_gates.flatten(2, 3).flatten(0, 1), self.states[:-1].flatten(0, 1).mT
        self._d_weights = self.d_weights.flatten(0, 1)

    def forward(self) -> None:
        for t in range(self.steps):
            torch.bmm(self.weight, self._state[t], out=self._product[t])
            self.activate(t)

    def backward(self) -> None:
        self.slopes()
        self.d_hidden.copy_(self._d_output[-1])
        for t in range(self.steps - 1, -1, -1):
            self.d_activate(t)
            torch.bmm(self._weight_t, self._d_product[t], out=self._d_state[t])
            if t:
                torch.add(self.carried(t), self._d_before[t], out=self.d_hidden)
        torch.bmm(self._d_products, self._states_t, out=self._d_weights)
        torch.sum(self.d_weights, 0, out=self.gradient)

    def activate(self, t: int) -> None:
        """Gates and output of a step from its product."""
        raise NotImplementedError

    def slopes(self) -> None:
        """What ``d_activate`` multiplies with, for all steps."""
        raise NotImplementedError

    def d_activate(self, t: int) -> None:
        """d_gates of a step from d_hidden."""
        raise NotImplementedError

    def carried(self, t: int) -> Tensor:
        """d_hidden of the step before, but for what comes through the product."""
        return self._d_output[t - 1]


def _d_tanh(y: Tensor, out: Tensor) -> Tensor:
    return torch.addcmul(y.new_ones(()), y, y, value=-1, out=out)


def _d_sigmoid(y: Tensor, out: Tensor) -> Tensor:
    return torch.addcmul(y, y, y, value=-1, out=out)


class RNN(Layer):
    blocks = (Block(0),)

    def __init__(self, weight: Tensor, gradient: Tensor, **sizes: Any) -> None:
        super().__init__(weight, gradient, **sizes)
        self._slopes = torch.empty_like(self.d_outputs)
        self._slope, self._d_gate = self._slopes.unbind(), self.d_gates[:, :, 0].unbind()

    def activate(self, t: int) -> None:
        torch.tanh(self._product[t], out=self._output[t])

    def slopes(self) -> None:
        _d_tanh(self.outputs, self._slopes)

    def d_activate(self, t: int) -> None:
        torch.mul(self.d_hidden, self._slope[t], out=self._d_gate[t])


class LSTM(Layer):
    # o, i, f, g: o, i, f (sigmoids) stand together, and so do i, f, g (which are reached through the cell)
    blocks = (Block(3), Block(0), Block(1), Block(2))

    def __init__(self, weight: Tensor, gradient: Tensor, **sizes: Any) -> None:
        super().__init__(weight, gradient, **sizes)
        self._o, self._i, self._f, self._g = self.gates.unbind(2)
        self.cells = weight.new_zeros(self.steps + 1, *self.d_hidden.shape)
        self.tanh_cells = torch.empty_like(self.d_outputs)
        self.d_cell, self.d_carry = torch.empty_like(self.d_hidden), torch.empty_like(self.d_hidden)
        self._slopes, self._cell_slopes = torch.empty_like(self.gates), torch.empty_like(self.d_outputs)

        self._sigmoids = self.gates[:, :, :3].unbind()
        self._gate = [gate.unbind() for gate in (self._o, self._i, self._f, self._g)]
        self._cell, self._tanh_cell = self.cells.unbind(), self.tanh_cells.unbind()
        self._d_o, self._d_ifg = self.d_gates[:, :, 0].unbind(), self.d_gates[:, :, 1:].unbind()
        self._slope_o, self._slope_ifg = self._slopes[:, :, 0].unbind(), self._slopes[:, :, 1:].unbind()
        self._cell_slope, self._d_cell_block = self._cell_slopes.unbind(), self.d_cell.unsqueeze(1)

    def activate(self, t: int) -> None:
        o, i, f, g = (gate[t] for gate in self._gate)
        cell = self._cell[t + 1]
        self._sigmoids[t].sigmoid_()
        g.tanh_()
        torch.mul(f, self._cell[t], out=cell)
        cell.addcmul_(i, g)
        torch.tanh(cell, out=self._tanh_cell[t])
        torch.mul(o, self._tanh_cell[t], out=self._output[t])

    def slopes(self) -> None:
        slope_o, slope_i, slope_f, slope_g = self._slopes.unbind(2)
        _d_sigmoid(self.gates[:, :, :3], self._slopes[:, :, :3])
        slope_o.mul_(self.tanh_cells)
        slope_i.mul_(self._g)
        slope_f.mul_(self.cells[:-1])
        _d_tanh(self._g, slope_g).mul_(self._i)
        _d_tanh(self.tanh_cells, self._cell_slopes).mul_(self._o)
        self.d_carry.zero_()

    def d_activate(self, t: int) -> None:
        torch.addcmul(self.d_carry, self.d_hidden, self._cell_slope[t], out=self.d_cell)
        torch.mul(self.d_hidden, self._slope_o[t], out=self._d_o[t])
        torch.mul(self._d_cell_block, self._slope_ifg[t], out=self._d_ifg[t])
        torch.mul(self.d_cell, self._gate[2][t], out=self.d_carry)


class GRU(Layer):
    # r, z, and n = tanh(n_input + r * n_hidden)
    blocks = (Block(0), Block(1), Block(2, "input"), Block(2, "hidden"))

    def __init__(self, weight: Tensor, gradient: Tensor, **sizes: Any) -> None:
        super().__init__(weight, gradient, **sizes)
        self._r, self._z, self._n_input, self._n_hidden = self.gates.unbind(2)
        self.n = torch.empty_like(self.d_outputs)
        self._slopes, self._direct = torch.empty_like(self.gates), torch.empty_like(self.d_hidden)

        self._sigmoids = self.gates[:, :, :2].unbind()
        self._gate = [gate.unbind() for gate in (self._r, self._z, self._n_input, self._n_hidden, self.n)]
        self._slope, self._d_gate, self._d_block = (
            self._slopes.unbind(),
            self.d_gates.unbind(),
            self.d_hidden.unsqueeze(1),
        )

    def activate(self, t: int) -> None:
        r, z, n_input, n_hidden, n = (gate[t] for gate in self._gate)
        self._sigmoids[t].sigmoid_()
        torch.addcmul(n_input, r, n_hidden, out=n).tanh_()
        torch.lerp(n, self._before[t], z, out=self._output[t])

    def slopes(self) -> None:
        slope_r, slope_z, slope_input, slope_hidden = self._slopes.unbind(2)
        _d_tanh(self.n, slope_hidden)
        torch.addcmul(slope_hidden, slope_hidden, self._z, value=-1, out=slope_input)
        torch.mul(slope_input, self._r, out=slope_hidden)
        _d_sigmoid(self._r, slope_r).mul_(slope_input).mul_(self._n_hidden)
        before = self.states[:-1, :, -2 - self.n.shape[2] : -2]
        _d_sigmoid(self._z, slope_z).mul_(before - self.n)

    def d_activate(self, t: int) -> None:
        torch.mul(self._d_block, self._slope[t], out=self._d_gate[t])

    def carried(self, t: int) -> Tensor:
        return torch.addcmul(self._d_output[t - 1], self.d_hidden, self._gate[1][t], out=self._direct)


CELLS: dict[str, type[Layer]] = {"rnn": RNN, "lstm": LSTM, "gru": GRU}


def join(cell: type[Layer], w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> Tensor:
    """nn's parameters of one layer and direction, (g*H, F), (g*H, H), (g*H,), (g*H,), as a weight (G*H, C)."""
    hidden_size = w_hh.shape[1]
    gates = torch.cat([w_ih, w_hh, b_ih[:, None], b_hh[:, None]], 1).split(hidden_size)
    hidden = torch.zeros(gates[0].shape[1], dtype=torch.bool, device=w_hh.device)  # columns of the hidden part
    hidden[w_ih.shape[1] : -2] = hidden[-1] = True
    keep = {"both": torch.ones_like(hidden), "input": ~hidden, "hidden": hidden}
    return torch.cat([gates[block.gate] * keep[block.part] for block in cell.blocks])


def split(cell: type[Layer], weight: Tensor, hidden_size: int) -> list[Tensor]:
    """The inverse of ``join``."""
    blocks = list(zip(cell.blocks, weight.split(hidden_size), strict=True))
    count = 1 + max(block.gate for block in cell.blocks)
    gates = [torch.stack([rows for block, rows in blocks if block.gate == gate]).sum(0) for gate in range(count)]
    w_ih, w_hh, b_ih, b_hh = torch.cat(gates).split([weight.shape[1] - hidden_size - 2, hidden_size, 1, 1], 1)
    return [w_ih.contiguous(), w_hh.contiguous(), b_ih.flatten(), b_hh.flatten()]
