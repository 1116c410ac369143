"""Gates and states are PyTorch's own, and what inputs add to a forecast adds up to it."""

import numpy as np
import pytest
import torch

from rnnlab.evaluation.learned import blocks, integrated_gradients
from rnnlab.networks.network import CELLS, build, count_parameters
from rnnlab.networks.states import GATES, states_at_steps

ARCHITECTURE = {
    "input_size": 3, "length": 5, "output_size": 1, "hidden_size": 4, "num_layers": 2, "bidirectional": False,
    "head": "flatten", "output": "linear",
}  # fmt: skip


def network(cell, **changes):
    torch.manual_seed(1)
    return build(ARCHITECTURE | {"cell": cell} | changes).double()


def windows(count=6):
    return torch.from_numpy(np.random.default_rng(0).normal(size=(count, 5, 3)))


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_states_are_those_of_pytorchs_layers(cell, bidirectional):
    recurrent, x = network(cell, bidirectional=bidirectional).recurrent, windows()
    layers = states_at_steps(recurrent, x)
    outputs, final = recurrent(x)
    torch.testing.assert_close(layers[-1]["hidden"], outputs[:, :, :4])
    hidden, cells = final if cell == "lstm" else (final, None)
    directions = 2 if bidirectional else 1
    for number, layer in enumerate(layers):
        torch.testing.assert_close(layer["hidden"][:, -1], hidden[number * directions])
        if cells is not None:
            torch.testing.assert_close(layer["cell"][:, -1], cells[number * directions])


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_gate_is_between_closed_and_open(cell):
    for layer in states_at_steps(network(cell).recurrent, windows()):
        gates = torch.stack([layer[name] for name in GATES[cell]])
        assert 0 < gates.min() < gates.max() < 1


@pytest.mark.parametrize("cell", [*CELLS, "mlp"])
def test_what_inputs_add_is_the_output_minus_that_of_the_baseline(cell):
    net, x, baseline = network(cell, output="sigmoid"), windows(), torch.full((5, 3), 0.3, dtype=torch.float64)
    added = integrated_gradients(net, x, baseline).sum(dim=(1, 2))
    with torch.no_grad():
        expected = (net(x) - net(baseline[None]))[:, 0]
    torch.testing.assert_close(added, expected, atol=1e-4, rtol=1e-3)


def test_an_input_that_is_not_used_adds_nothing():
    net = network("gru")
    with torch.no_grad():
        net.recurrent.weight_ih_l0[:, 1] = 0
    added = integrated_gradients(net, windows(), torch.zeros(5, 3, dtype=torch.float64))
    assert added[:, :, 1].abs().max() == 0
    assert added[:, :, 0].abs().max() > 0


@pytest.mark.parametrize("cell", [*CELLS, "mlp"])
def test_blocks_have_all_parameters_of_the_network(cell):
    net = network(cell)
    found = list(blocks(net, ARCHITECTURE | {"cell": cell}))
    assert sum(block["parameters"] for block in found) == count_parameters(net)
    assert [block.get("gates") for block in found[:2]] == ([None] * 2 if cell == "mlp" else [list(GATES[cell])] * 2)
