import numpy as np
import pytest
import torch

from rnnlab.networks.network import RecurrentNetwork, count_parameters

BASE = {"hidden_size": 8, "num_layers": 2, "head": "flatten", "bidirectional": False, "output": "linear"}
SERIES = BASE | {"input_size": 4, "length": 5, "output_size": 1}
DIGITS = BASE | {"input_size": 28, "length": 28, "output_size": 10, "hidden_size": 12, "bidirectional": True}


@pytest.mark.parametrize(
    ("config", "parameters"),
    [
        (SERIES | {"cell": "rnn", "output": "sigmoid"}, 297),
        (SERIES | {"cell": "lstm"}, 1065),
        (SERIES | {"cell": "gru"}, 809),
        (DIGITS | {"cell": "lstm"}, 14410),
    ],
)
def test_the_tutorials_parameter_counts(config, parameters):
    assert count_parameters(RecurrentNetwork(**config)) == parameters


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("head", ["flatten", "last"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_shapes(cell, head, bidirectional):
    network = RecurrentNetwork(**SERIES | {"cell": cell, "head": head, "bidirectional": bidirectional})
    assert network(torch.zeros(3, 5, 4)).shape == (3, 1)


def test_the_basic_cell_is_the_papers_equation():
    torch.manual_seed(0)
    network = RecurrentNetwork(**SERIES | {"cell": "rnn", "num_layers": 1, "head": "last", "output": "sigmoid"})
    x = torch.rand(2, 5, 4)
    weights = {name: value.detach().numpy() for name, value in network.state_dict().items()}
    h = np.zeros((2, 8))
    for t in range(5):
        h = np.tanh(
            x[:, t].numpy() @ weights["recurrent.weight_ih_l0"].T
            + weights["recurrent.bias_ih_l0"]
            + h @ weights["recurrent.weight_hh_l0"].T
            + weights["recurrent.bias_hh_l0"]
        )
    expected = 1 / (1 + np.exp(-(h @ weights["linear.weight"].T + weights["linear.bias"])))
    np.testing.assert_allclose(network(x).detach().numpy(), expected, atol=1e-6)


def test_head_last_joins_the_final_states_of_both_directions():
    network = RecurrentNetwork(**SERIES | {"cell": "gru", "head": "last", "bidirectional": True})
    x = torch.rand(2, 5, 4)
    outputs, _ = network.recurrent(x)
    forward, backward = outputs[:, -1, :8], outputs[:, 0, 8:]  # each has then read the whole sequence
    expected = network.linear(torch.cat([forward, backward], dim=1))
    torch.testing.assert_close(network(x), expected)
