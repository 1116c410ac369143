import numpy as np
import pytest
import torch

from rnnlab.memory import (
    BASELINE,
    adding_problem,
    gradient_by_distance,
    learn,
    longest_learned,
    untrained,
)
from rnnlab.networks.network import build
from rnnlab.training.settings import Settings


def architecture(cell, length, hidden_size):
    words = {"cell": cell, "hidden_size": hidden_size, "num_layers": 1, "bidirectional": False, "head": "last"}
    return words | {"output": "linear", "input_size": 2, "length": length, "output_size": 1}


def test_the_adding_problem_marks_one_number_in_each_half():
    x, y = adding_problem(500, 7, seed=0)
    assert x.shape == (500, 7, 2)
    assert x[:, :3, 1].sum(1).unique().tolist() == x[:, 3:, 1].sum(1).unique().tolist() == [1.0]
    torch.testing.assert_close(y[:, 0], (x[..., 0] * x[..., 1]).sum(1))
    assert x[..., 0].min() >= 0
    assert x[..., 0].max() <= 1


def test_who_always_says_1_has_the_baselines_error():
    _, y = adding_problem(200_000, 4, seed=0)
    assert ((y - 1) ** 2).mean().item() == pytest.approx(BASELINE, rel=0.02)


def test_a_gru_learns_to_add_over_a_few_steps():
    states = untrained(architecture("gru", 4, 8), 0.0, [0, 1])
    settings = Settings(30, 50, 0.03, "onecycle", 1.0)
    errors, trained = learn(architecture("gru", 4, 8), states, 500, settings, seeds=[0, 1])
    assert max(errors) < BASELINE / 5
    assert len(errors) == len(trained) == 2


def test_the_forget_gate_alone_begins_with_the_bias():
    """PyTorch keeps the gates in the order input, forget, cell, output, and adds two biases."""
    plain, opened = (untrained(architecture("lstm", 4, 2), bias, [0])[0] for bias in (0.0, 3.0))
    changed = opened["recurrent.bias_ih_l0"] - plain["recurrent.bias_ih_l0"]
    assert changed.tolist() == [0, 0, 3, 3, 0, 0, 0, 0]
    assert opened["recurrent.bias_hh_l0"][2:4].tolist() == [0, 0]
    assert all(torch.equal(plain[name], opened[name]) for name in plain if name != "recurrent.bias_ih_l0")


def test_the_longest_length_is_that_which_all_cells_but_one_learned():
    good, bad = [0.01, 0.02], [0.16, 0.17]
    errors = {"rnn": {"10": good, "25": bad, "50": bad}, "lstm": {"10": good, "25": good, "50": bad}}
    assert longest_learned(errors | {"gru": {"10": good, "25": good, "50": good}}) == 25
    assert longest_learned({"rnn": {"10": bad, "25": bad}}) == 10


def test_the_gradient_of_a_linear_memory_falls_by_its_own_factor():
    """An RNN near 0, where tanh is the identity, with h_t = 0.5 h_(t-1) + 1e-4 x_t: half of it is left at each step."""
    network = build(architecture("rnn", 6, 1))
    state = {name: torch.zeros_like(value) for name, value in network.state_dict().items()}
    state["recurrent.weight_ih_l0"][:] = 1e-4
    state["recurrent.weight_hh_l0"][:] = 0.5
    state["linear.weight"][:] = 1.0
    norms = gradient_by_distance(architecture("rnn", 6, 1), [state, state])
    np.testing.assert_allclose(np.divide(norms[1:], norms[:-1]), 0.5, rtol=1e-3)
    assert norms[0] == pytest.approx(1e-4 * 2**0.5, rel=1e-3)
