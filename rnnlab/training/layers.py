"""Recurrent layers, forwards and backwards, for many independent rows at once.

A layer computes R rows, each a direction of a replica with weights of its own, over T steps. All that a step reads
stands in one matrix of C = F + H + 2 lines, and the weights beside it likewise, so that a step is one batched product:

    states[t] = [x_t; h_(t-1); 1; 1]    weight = [W_ih | W_hh | b_ih | b_hh]    gates[t] = weight @ states[t]

A network this small costs what its operations cost to start, not what they compute. So buffers, and the views of
each step, are made once, and what the way back can know of all steps beforehand it computes for all at once.

Letters: T time steps, R rows, F features, H hidden, G blocks of gates, C columns, B batch; d_: the loss's derivative
by what follows.
"""

from abc import ABC, abstractmethod
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor


class Block(NamedTuple):
    """H rows of a weight: a gate of nn's, by its place there, or the half of it that the input or h_(t-1) makes."""

    gate: int
    part: Literal["both", "input", "hidden"] = "both"


class Layer(ABC):
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
        self.befores, self.outputs = self.states[:-1, :, features:-2], self.states[1:, :, features:-2]  # (T, R, H, B)
        self.gates = weight.new_empty(steps, rows, height // hidden_size, hidden_size, batch)
        self.d_gates = torch.empty_like(self.gates)
        self.d_outputs = weight.new_zeros(steps, rows, hidden_size, batch)
        self.d_hidden = weight.new_empty(rows, hidden_size, batch)  # of the step in work
        first = features if lowest else 0
        self.d_states = weight.new_empty(steps, rows, columns - 2 - first, batch)
        self.d_inputs = self.d_states[:, :, : features - first]

        # views of each step
        self._weight_t = weight[:, :, first:-2].transpose(1, 2)
        self._state, self._d_state = self.states.unbind(), self.d_states.unbind()
        self._before, self._output = self.befores.unbind(), self.outputs.unbind()
        self._product, self._d_product = self.gates.flatten(2, 3).unbind(), self.d_gates.flatten(2, 3).unbind()
        self._d_output, self._d_before = self.d_outputs.unbind(), self.d_states[:, :, features - first :].unbind()
        self._state_t = self.states[:-1].mT.unbind()

    def forward(self) -> None:
        for t in range(self.steps):
            torch.bmm(self.weight, self._state[t], out=self._product[t])
            self.activate(t)

    def backward(self) -> None:
        self.gradient.zero_()
        self.slopes()
        self.d_hidden.copy_(self._d_output[-1])
        for t in range(self.steps - 1, -1, -1):
            self.d_activate(t)
            torch.bmm(self._weight_t, self._d_product[t], out=self._d_state[t])
            self.gradient.baddbmm_(self._d_product[t], self._state_t[t])
            if t:
                torch.add(self.carried(t), self._d_before[t], out=self.d_hidden)

    @abstractmethod
    def activate(self, t: int) -> None:
        """Gates and output of a step from its product."""

    @abstractmethod
    def slopes(self) -> None:
        """Into d_gates, for all steps: what ``d_activate`` multiplies."""

    @abstractmethod
    def d_activate(self, t: int) -> None:
        """d_gates of a step, from their slopes and d_hidden."""

    def carried(self, t: int) -> Tensor:
        """d_hidden of the step before, but for what comes through the product."""
        return self._d_output[t - 1]


def _d_tanh(y: Tensor, out: Tensor) -> Tensor:
    return torch.addcmul(y.new_ones(()), y, y, value=-1, out=out)


def _d_sigmoid(y: Tensor, out: Tensor) -> Tensor:
    return torch.addcmul(y, y, y, value=-1, out=out)


class RNN(Layer):
    blocks = (Block(0),)

    def activate(self, t: int) -> None:
        torch.tanh(self._product[t], out=self._output[t])

    def slopes(self) -> None:
        _d_tanh(self.outputs, self.d_gates[:, :, 0])

    def d_activate(self, t: int) -> None:
        self._d_product[t].mul_(self.d_hidden)


class FeedForward(RNN):
    """Of one step, the whole sequence, that has no state before it."""

    blocks = (Block(0, "input"),)


class LSTM(Layer):
    # o, i, f, g: o, i, f (sigmoids) stand together, and so do i, f, g (which are reached through the cell)
    blocks = (Block(3), Block(0), Block(1), Block(2))

    def __init__(self, weight: Tensor, gradient: Tensor, **sizes: Any) -> None:
        super().__init__(weight, gradient, **sizes)
        self._cells = weight.new_zeros(self.steps + 1, *self.d_hidden.shape)
        self._tanh_cells, self._cell_slopes = torch.empty_like(self.d_outputs), torch.empty_like(self.d_outputs)
        self._d_cell, self._d_carry = torch.empty_like(self.d_hidden), torch.empty_like(self.d_hidden)

        self._sigmoids, self._gate = self.gates[:, :, :3].unbind(), [gate.unbind() for gate in self.gates.unbind(2)]
        self._cell, self._tanh_cell, self._cell_slope = (
            of_steps.unbind() for of_steps in (self._cells, self._tanh_cells, self._cell_slopes)
        )
        self._d_o, self._d_ifg = self.d_gates[:, :, 0].unbind(), self.d_gates[:, :, 1:].unbind()
        self._d_cell_block = self._d_cell.unsqueeze(1)

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
        o, i, _, g = self.gates.unbind(2)
        d_o, d_i, d_f, d_g = self.d_gates.unbind(2)
        _d_sigmoid(self.gates[:, :, :3], self.d_gates[:, :, :3])
        d_o.mul_(self._tanh_cells)
        d_i.mul_(g)
        d_f.mul_(self._cells[:-1])
        _d_tanh(g, d_g).mul_(i)
        _d_tanh(self._tanh_cells, self._cell_slopes).mul_(o)
        self._d_carry.zero_()

    def d_activate(self, t: int) -> None:
        torch.addcmul(self._d_carry, self.d_hidden, self._cell_slope[t], out=self._d_cell)
        self._d_o[t].mul_(self.d_hidden)
        self._d_ifg[t].mul_(self._d_cell_block)
        torch.mul(self._d_cell, self._gate[2][t], out=self._d_carry)


class GRU(Layer):
    # r, z, and n = tanh(n_input + r * n_hidden)
    blocks = (Block(0), Block(1), Block(2, "input"), Block(2, "hidden"))

    def __init__(self, weight: Tensor, gradient: Tensor, **sizes: Any) -> None:
        super().__init__(weight, gradient, **sizes)
        self._n, self._past = torch.empty_like(self.d_outputs), torch.empty_like(self.d_hidden)
        self._sigmoids = self.gates[:, :, :2].unbind()
        self._gate = [gate.unbind() for gate in (*self.gates.unbind(2), self._n)]
        self._d_gate, self._d_block = self.d_gates.unbind(), self.d_hidden.unsqueeze(1)

    def activate(self, t: int) -> None:
        r, z, n_input, n_hidden, n = (gate[t] for gate in self._gate)
        self._sigmoids[t].sigmoid_()
        torch.addcmul(n_input, r, n_hidden, out=n).tanh_()
        torch.lerp(n, self._before[t], z, out=self._output[t])

    def slopes(self) -> None:
        r, z, _, n_hidden = self.gates.unbind(2)
        d_r, d_z, d_input, d_hidden = self.d_gates.unbind(2)
        _d_tanh(self._n, d_hidden)
        torch.addcmul(d_hidden, d_hidden, z, value=-1, out=d_input)
        torch.mul(d_input, r, out=d_hidden)
        _d_sigmoid(r, d_r).mul_(d_input).mul_(n_hidden)
        _d_sigmoid(z, d_z).mul_(self.befores - self._n)

    def d_activate(self, t: int) -> None:
        self._d_gate[t].mul_(self._d_block)

    def carried(self, t: int) -> Tensor:
        return torch.addcmul(self._d_output[t - 1], self.d_hidden, self._gate[1][t], out=self._past)


CELLS: dict[str, type[Layer]] = {"rnn": RNN, "lstm": LSTM, "gru": GRU, "mlp": FeedForward}


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
