"""K replicas of a recurrent network, trained at once, each as if it were alone.

Letters: K replicas, D directions, R = K*D rows of a layer, T time steps, F features, H hidden, J inputs of the linear
layer, O outputs, B batch. The second direction's rows read time backwards.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from rnnlab.training.layers import CELLS, join, split

PARTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")  # nn's names


class Ensemble:
    """The weights of K networks in one flat tensor, which an optimizer steps as one.

    Args:
        architecture: RecurrentNetwork's arguments.
        states: state dicts of K such networks.
    """

    capturable = True  # as one CUDA graph

    def __init__(self, architecture: Mapping[str, Any], states: Sequence[Mapping[str, Tensor]]) -> None:
        self.cell, self.hidden_size = CELLS[architecture["cell"]], architecture["hidden_size"]
        self.length, self.head, self.output = (architecture[name] for name in ("length", "head", "output"))
        self.replicas, self.directions = len(states), 2 if architecture["bidirectional"] else 1
        layers = range(architecture["num_layers"])
        if architecture["cell"] == "mlp":
            self.length = 1  # the whole sequence is one step
            self._names = [[[f"hidden.{layer}.weight", "", f"hidden.{layer}.bias", ""]] for layer in layers]
        else:
            suffixes = ("", "_reverse")[: self.directions]
            self._names = [
                [[f"recurrent.{part}_l{layer}{suffix}" for part in PARTS] for suffix in suffixes] for layer in layers
            ]

        weights, masks = [], []  # a mask is 1 where a weight stands, 0 where a block of the cell has none
        for names_by_direction in self._names:
            parts = [self._parts(state, names) for state in states for names in names_by_direction]
            weights.append(torch.stack([join(self.cell, *part) for part in parts]))  # (R, G*H, C)
            masks.append(torch.stack([join(self.cell, *map(torch.ones_like, part)) for part in parts]))
        linear = [torch.cat([state["linear.weight"], state["linear.bias"][:, None]], 1) for state in states]
        weights.append(torch.stack(linear))  # (K, O, J+1)
        masks.append(torch.ones_like(weights[-1]))

        flat, mask = (torch.cat([part.flatten() for part in parts]) for parts in (weights, masks))
        self.parameters, self.gradients = [flat], [torch.zeros_like(flat)]
        self.weights, self.weight_gradients = _views(flat, weights), _views(self.gradients[0], weights)
        self._mask = None if bool(mask.all()) else mask
        self.buffers = list[Tensor]()  # there are none
        self._passes: dict[int, EnsemblePass] = {}

    def states(self) -> list[dict[str, Tensor]]:
        """State dicts of the K networks, copies."""
        *recurrent, linear = self.weights
        states: list[dict[str, Tensor]] = [{} for _ in range(self.replicas)]
        for names_by_direction, weight in zip(self._names, recurrent, strict=True):
            for state, rows in zip(states, weight.split(self.directions), strict=True):
                for names, row in zip(names_by_direction, rows, strict=True):
                    parts = zip(names, split(self.cell, row, self.hidden_size), strict=True)
                    state |= {name: part for name, part in parts if name}
        for state, weight in zip(states, linear, strict=True):
            state |= {"linear.weight": weight[:, :-1].clone(), "linear.bias": weight[:, -1].clone()}
        return states

    def _parts(self, state: Mapping[str, Tensor], names: Sequence[str]) -> list[Tensor]:
        """nn's four parameters; zeros for those without a name, which the network has not."""
        height = state[names[0]].shape[0]
        shapes = ((), (height, self.hidden_size), (), (height,))
        return [
            state[name] if name else state[names[0]].new_zeros(shape) for name, shape in zip(names, shapes, strict=True)
        ]

    def at(self, batch: int) -> "EnsemblePass":
        """The buffers for batches of this size; made once."""
        if batch not in self._passes:
            self._passes[batch] = EnsemblePass(self, batch)
        return self._passes[batch]

    def mask_gradients(self) -> None:
        if self._mask is not None:
            self.gradients[0].mul_(self._mask)

    def clip_gradients(self, max_norm: float) -> None:
        """Scale each replica's gradient down to this Euclidean norm, as ``torch.nn.utils.clip_grad_norm_`` does."""
        parts = [gradient.view(self.replicas, -1) for gradient in self.weight_gradients]
        norms = torch.stack([torch.linalg.vector_norm(part, dim=1) for part in parts]).norm(dim=0)  # (K,)
        scale = (max_norm / (norms + 1e-6)).clamp(max=1)
        for part in parts:
            part.mul_(scale[:, None])


class EnsemblePass:
    """An ensemble's passes forward and backward with batches of one size.

    ``load``, then ``forward`` fills ``predicted``; ``backward`` overwrites the ensemble's gradients.
    """

    def __init__(self, ensemble: Ensemble, batch: int) -> None:
        self._ensemble = ensemble
        *recurrent, (self._weight, self._gradient) = zip(ensemble.weights, ensemble.weight_gradients, strict=True)
        sizes = {"steps": ensemble.length, "batch": batch, "hidden_size": ensemble.hidden_size}
        self._layers = [
            ensemble.cell(weight, gradient, lowest=number == 0, **sizes)
            for number, (weight, gradient) in enumerate(recurrent)
        ]
        replicas, outputs, columns = self._weight.shape
        # A sequence's steps stand beside each other, as a batch that is T times as large.
        self._samples = batch * ensemble.length if ensemble.output == "sequence" else batch
        self._joined = self._weight.new_ones(replicas, columns, self._samples)
        self._d_joined = self._weight.new_empty(replicas, columns - 1, self._samples)
        self._product = self._weight.new_empty(replicas, outputs, self._samples)
        self.predicted = self._product.view(replicas, -1, batch)  # (K, O, B), or (K, O*T, B)
        self._weight_t, self._joined_t = self._weight[:, :, :-1].mT, self._joined.mT
        self._connect()

    def _connect(self) -> None:
        """What is copied where, as views made once: before a layer's forward pass, after its backward pass."""
        ensemble, top = self._ensemble, self._layers[-1]
        directions, hidden_size = ensemble.directions, ensemble.hidden_size

        def by_direction(rows: Tensor) -> Sequence[Tensor]:
            """(T, R, ., B) -> D times (T, K, ., B)"""
            parts: Sequence[Tensor] = rows.unflatten(1, (ensemble.replicas, directions)).unbind(2)
            return parts

        self._entry, *others = by_direction(self._layers[0].inputs)
        self._forward_copies = [[Copy(self._entry, other, backwards=True) for other in others]]
        self._backward_copies: list[list[Copy]] = []
        for lower, upper in itertools.pairwise(self._layers):
            forward_copies, backward_copies = [], []
            outputs, d_outputs = by_direction(lower.outputs), by_direction(lower.d_outputs)
            for own, (inputs, d_inputs) in enumerate(
                zip(by_direction(upper.inputs), by_direction(upper.d_inputs), strict=True)
            ):
                for other, (output, d_output) in enumerate(zip(outputs, d_outputs, strict=True)):
                    part = slice(other * hidden_size, (other + 1) * hidden_size)
                    forward_copies.append(Copy(output, inputs[:, :, part], backwards=own != other))
                    backward_copies.append(Copy(d_inputs[:, :, part], d_output, backwards=own != other, add=own > 0))
            self._forward_copies.append(forward_copies)
            self._backward_copies.append(backward_copies)

        ends, d_ends = by_direction(top.outputs), by_direction(top.d_outputs)
        if ensemble.output == "sequence":
            joined, d_joined = (
                lines.unflatten(1, (directions, hidden_size))
                .unflatten(3, (ensemble.length, -1))
                .permute(3, 0, 1, 2, 4)
                .unbind(2)
                for lines in (self._joined[:, :-1], self._d_joined)
            )
        elif ensemble.head == "last":
            ends, d_ends = [end[-1] for end in ends], [end[-1] for end in d_ends]
            joined, d_joined = (
                lines.unflatten(1, (directions, hidden_size)).unbind(1)
                for lines in (self._joined[:, :-1], self._d_joined)
            )
        else:
            joined, d_joined = (
                lines.unflatten(1, (ensemble.length, directions, hidden_size)).transpose(0, 1).unbind(2)
                for lines in (self._joined[:, :-1], self._d_joined)
            )
        steps = ensemble.output == "sequence" or ensemble.head == "flatten"
        backwards = [steps and direction == 1 for direction in range(directions)]
        self._forward_copies.append(list(map(Copy, ends, joined, backwards)))
        self._backward_copies.append(list(map(Copy, d_joined, d_ends, backwards)))

    def load(self, x: Tensor) -> None:
        """Sequences of each replica (K, B, T, F), or for all (1, B, T, F)."""
        steps = x.reshape(*x.shape[:2], self._ensemble.length, -1)
        self._entry.copy_(steps.permute(2, 0, 3, 1))

    def forward(self, training: bool = True) -> None:
        for copies, layer in zip(self._forward_copies, self._layers, strict=False):
            for copy in copies:
                copy()
            layer.forward()
        for copy in self._forward_copies[-1]:
            copy()
        torch.bmm(self._weight, self._joined, out=self._product)
        if self._ensemble.output == "sigmoid":
            self.predicted.sigmoid_()

    def backward(self, d_predicted: Tensor) -> None:
        """From the derivative of the losses by ``predicted``, (K, O, B)."""
        if self._ensemble.output == "sigmoid":
            d_predicted = d_predicted * self.predicted * (1 - self.predicted)
        d_predicted = d_predicted.reshape(self._product.shape)
        torch.bmm(d_predicted, self._joined_t, out=self._gradient)
        torch.bmm(self._weight_t, d_predicted, out=self._d_joined)
        for copies, layer in zip(reversed(self._backward_copies), reversed(self._layers), strict=True):
            for copy in copies:
                copy()
            layer.backward()
        self._ensemble.mask_gradients()


@dataclass(frozen=True)
class Copy:
    """Of the steps (T, ...) of ``source`` into ``target``, in reversed order or added where it says so."""

    source: Tensor
    target: Tensor
    backwards: bool
    add: bool = False

    def __call__(self) -> None:
        steps = self.source.flip(0) if self.backwards else self.source
        if self.add:
            self.target.add_(steps)
        else:
            self.target.copy_(steps)


def _views(flat: Tensor, shapes: Sequence[Tensor]) -> list[Tensor]:
    parts = flat.split([tensor.numel() for tensor in shapes])
    return [part.view_as(tensor) for part, tensor in zip(parts, shapes, strict=True)]
