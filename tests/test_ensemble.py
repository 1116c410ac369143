"""An ensemble is equal to its networks, each built, run and trained alone by PyTorch's own layers and autograd."""

import pytest
import torch
from torch import nn

from rnnlab.networks.network import build
from rnnlab.training.ensemble import Ensemble
from rnnlab.training.settings import Settings
from rnnlab.training.trainer import Trainer

T, F, H, OUTPUTS, B = 4, 3, 5, 2, 6
SEEDS = (0, 1, 2)
SHAPES = pytest.mark.parametrize(
    ("num_layers", "bidirectional", "head", "output"),
    [
        (1, False, "flatten", "linear"),
        (1, True, "last", "linear"),
        (2, True, "flatten", "sigmoid"),
        (3, True, "last", "linear"),
        (3, False, "last", "sigmoid"),
        (2, True, "last", "sequence"),
    ],
)
CELLS = pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "mlp"])


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def architecture(cell, num_layers=2, bidirectional=False, head="flatten", output="linear", output_size=OUTPUTS):
    if output == "sequence" and cell == "mlp":  # it has no steps
        cell = "rnn"
    sizes = {"input_size": F, "length": T, "output_size": output_size, "hidden_size": H}
    kind = {"num_layers": num_layers, "bidirectional": bidirectional and cell != "mlp", "head": head, "output": output}
    return {"cell": cell} | sizes | kind


def networks_of(config, seeds=SEEDS, dtype=torch.float32):
    networks = []
    for seed in seeds:
        torch.manual_seed(seed)
        networks.append(build(config).to(dtype))
    return networks


def states_of(networks):
    return [network.state_dict() for network in networks]


@CELLS
@SHAPES
def test_the_weights_go_in_and_out_as_nns_state_dicts(cell, num_layers, bidirectional, head, output):
    config = architecture(cell, num_layers, bidirectional, head, output)
    states = states_of(networks_of(config))
    for state, ours in zip(states, Ensemble(config, states).states(), strict=True):
        assert list(ours) == list(state)
        assert all(torch.equal(ours[name], state[name]) for name in state)


@CELLS
@SHAPES
def test_forward(cell, num_layers, bidirectional, head, output):
    config = architecture(cell, num_layers, bidirectional, head, output)
    networks = networks_of(config)
    way = Ensemble(config, states_of(networks)).at(B)
    for x in (torch.randn(len(SEEDS), B, T, F), torch.randn(len(SEEDS), B, T, F)):  # the buffers are used again
        way.load(x)
        way.forward()
        expected = torch.stack([network(part).T for network, part in zip(networks, x, strict=True)])
        torch.testing.assert_close(way.predicted, expected, atol=1e-6, rtol=0)


class Forward(torch.autograd.Function):
    """A network's output as an ensemble computes it, of its parameters: what gradcheck needs."""

    @staticmethod
    def forward(ctx, x, config, *parameters):
        names = list(build(config).state_dict())
        ctx.ensemble, ctx.config = Ensemble(config, [dict(zip(names, parameters, strict=True))]), config
        ctx.way = ctx.ensemble.at(len(x))
        ctx.way.load(x[None])
        ctx.way.forward()
        return ctx.way.predicted[0].clone()

    @staticmethod
    def backward(ctx, d_predicted):
        ctx.way.backward(d_predicted[None].contiguous())
        gradients = Ensemble(ctx.config, ctx.ensemble.states())
        gradients.parameters[0].copy_(ctx.ensemble.gradients[0])
        return None, None, *gradients.states()[0].values()


@CELLS
@SHAPES
def test_gradients_are_those_of_finite_differences(cell, num_layers, bidirectional, head, output):
    config = architecture(cell, num_layers, bidirectional, head, output)
    (network,) = networks_of(config, seeds=(0,), dtype=torch.float64)
    x = torch.randn(2, T, F, dtype=torch.float64)
    assert torch.autograd.gradcheck(
        lambda *p: Forward.apply(x, config, *p), tuple(network.parameters()), fast_mode=True
    )


@CELLS
@SHAPES
def test_gradients_are_autograds(cell, num_layers, bidirectional, head, output):
    config = architecture(cell, num_layers, bidirectional, head, output)
    networks = networks_of(config, dtype=torch.float64)
    ensemble = Ensemble(config, states_of(networks))
    x = torch.randn(len(SEEDS), B, T, F, dtype=torch.float64)
    way = ensemble.at(B)
    way.load(x)
    way.forward()
    d = torch.randn_like(way.predicted)
    way.backward(d)
    for network, part, d_part in zip(networks, x, d, strict=True):
        network(part).T.backward(d_part)
    gradients = [{name: p.grad for name, p in network.named_parameters()} for network in networks]
    torch.testing.assert_close(ensemble.gradients[0], Ensemble(config, gradients).parameters[0])


def train_alone(config, seed, x, y, steps, batch_size, learning_rate):
    """The plain loop: one network, autograd, the optimizer's class."""
    (network,) = networks_of(config, seeds=(seed,))
    loss_of = nn.functional.mse_loss if y.is_floating_point() else nn.functional.cross_entropy
    optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate)
    order = torch.Generator().manual_seed(seed)
    while True:
        for batch in torch.randperm(len(x), generator=order).split(batch_size):
            optimizer.zero_grad()
            loss_of(network(x[batch]), y[batch]).backward()
            optimizer.step()
            if (steps := steps - 1) == 0:
                return network.state_dict()


@CELLS
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("classes", [False, True])
def test_twenty_steps_are_those_of_each_network_trained_alone(cell, bidirectional, classes):
    config = architecture(cell, bidirectional=bidirectional, output="linear" if classes else "sigmoid")
    x = torch.rand(22, T, F)
    y = torch.randint(OUTPUTS, (22,)) if classes else torch.rand(22, OUTPUTS)
    engine = Ensemble(config, states_of(networks_of(config)))
    trainer = Trainer(engine, x, y, SEEDS, Settings(epochs=5, batch_size=6, learning_rate=0.001))
    assert sum(1 for _ in trainer.run()) == 5  # of 4 steps, the last with 4 samples
    for seed, state in zip(SEEDS, trainer.states(), strict=True):
        alone = train_alone(config, seed, x, y, steps=20, batch_size=6, learning_rate=0.001)
        for name in alone:
            torch.testing.assert_close(state[name], alone[name], atol=1e-5, rtol=0)


@CELLS
def test_a_replica_does_not_depend_on_those_beside_it(cell):
    config = architecture(cell, bidirectional=True)
    x, y = torch.rand(20, T, F), torch.rand(20, OUTPUTS)
    results = []
    for seeds in ((1,), (0, 1, 2, 3, 4), (7, 1)):
        engine = Ensemble(config, states_of(networks_of(config, seeds)))
        trainer = Trainer(engine, x, y, seeds, Settings(epochs=5, batch_size=8, learning_rate=0.01))
        list(trainer.run())
        results.append(trainer.states()[seeds.index(1)])
    for other in results[1:]:
        for name, value in results[0].items():
            torch.testing.assert_close(other[name], value, atol=1e-6, rtol=0)


def test_the_number_of_threads_changes_rounding_at_most():
    config = architecture("lstm", bidirectional=True) | {"hidden_size": 64}  # enough work to be shared
    x, y = torch.rand(256, T, F), torch.rand(256, OUTPUTS)
    results = []
    before = torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            trainer = Trainer(
                Ensemble(config, states_of(networks_of(config))), x, y, SEEDS, Settings(3, 128, learning_rate=0.01)
            )
            list(trainer.run())
            results.append(trainer.engine.parameters[0])
    finally:
        torch.set_num_threads(before)
    torch.testing.assert_close(*results, atol=1e-5, rtol=0)
