import pytest
import torch

from rnnlab.core.errors import UserError
from rnnlab.networks.network import RecurrentNetwork
from rnnlab.training import engines
from rnnlab.training.engines import ENGINES, choose, choose_device, seconds_a_step
from rnnlab.training.ensemble import Ensemble
from rnnlab.training.replicas import Replicas
from rnnlab.training.settings import Choice, Settings
from rnnlab.training.trainer import Trainer

CONFIG = {
    "cell": "lstm",
    "input_size": 2,
    "length": 3,
    "output_size": 1,
    "hidden_size": 4,
    "num_layers": 2,
    "bidirectional": True,
    "head": "flatten",
    "output": "linear",
}
X, Y = torch.rand(8, 3, 2), torch.rand(8, 1)


def states():
    torch.manual_seed(0)
    return [RecurrentNetwork(**CONFIG).state_dict()]


def make(name):
    return ENGINES[name](CONFIG, states())


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_without_a_device_is_an_error():
    with pytest.raises(UserError, match="finds no CUDA device"):
        choose_device("cuda")


class OnCuda:
    """A tensor that says so."""

    is_cuda = True

    def __getitem__(self, rows):
        return self


@pytest.mark.parametrize(("x", "expected"), [(X, "ensemble"), (OnCuda(), "replicas")])
def test_on_cuda_alone_both_engines_are_tried(monkeypatch, x, expected):
    monkeypatch.setattr(engines, "seconds_a_step", lambda engine, *_: 1.0 if isinstance(engine, Replicas) else 2.0)
    assert choose(make, "ensemble", x, Y, 4, threads=1) == Choice(expected, 1)


def test_devices():
    assert choose_device("cpu").type == "cpu"
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize(("two", "expected"), [(0.5, 2), (0.95, 1), (2.0, 1)])
def test_more_threads_are_taken_only_where_they_are_clearly_faster(monkeypatch, two, expected):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    used = []
    monkeypatch.setattr(torch, "set_num_threads", used.append)
    monkeypatch.setattr(engines, "seconds_a_step", lambda *_: two if used[-1] == 2 else 1.0)
    assert choose(make, "ensemble", X, Y, 4, threads=None) == Choice("ensemble", expected)
    assert used[-1] == 2  # as it was


def test_threads_that_are_given_are_not_measured(monkeypatch):
    monkeypatch.setattr(engines, "seconds_a_step", lambda *_: pytest.fail("measured"))
    assert choose(make, "ensemble", X, Y, 4, threads=3) == Choice("ensemble", 3)


@pytest.mark.parametrize("name", list(ENGINES))
def test_a_measurement_leaves_the_given_weights_alone(name):
    given = states()
    assert seconds_a_step(ENGINES[name](CONFIG, given), X, Y) > 0
    assert all(torch.equal(given[0][key], value) for key, value in states()[0].items())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_cuda_a_captured_step_trains_as_on_the_cpu():
    results = []
    for device in ("cpu", "cuda"):
        made = [{name: value.to(device) for name, value in state.items()} for state in states()]
        trainer = Trainer(Ensemble(CONFIG, made), X.to(device), Y.to(device), [0], Settings(5, 3, learning_rate=0.01))
        rows = [row["train_loss"] for rows in trainer.run() for row in rows]
        results.append((trainer.engine.parameters[0].cpu(), torch.tensor(rows)))
    for cpu, cuda in zip(*results, strict=True):
        torch.testing.assert_close(cpu, cuda, atol=1e-5, rtol=0)
