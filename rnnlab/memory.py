"""How far back networks remember: the adding problem, and gradients by distance in time.

Letters: K seeds, N samples, T time steps.
"""

import itertools
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnlab.core.errors import UserError
from rnnlab.core.params import CELLS, Params
from rnnlab.networks.custom import with_code
from rnnlab.networks.network import build, initial_states
from rnnlab.training.engines import ENGINES, engine_of
from rnnlab.training.settings import Settings
from rnnlab.training.trainer import Trainer

TEST_SAMPLES, TEST_SEED = 1000, 1_000_000
GRADIENT_SAMPLES = 200
# the error of always answering 1, the mean of a sum of two uniform numbers: its variance
BASELINE = 1 / 6
State = dict[str, Tensor]


def adding_problem(samples: int, length: int, seed: int) -> tuple[Tensor, Tensor]:
    """Sequences (N, T, 2) of a number in [0, 1] and a mark at each step, and (N, 1), the sum of the two marked numbers.

    One mark stands in each half of the sequence (Hochreiter and Schmidhuber 1997, experiment 4, with fixed lengths).
    """
    generator = torch.Generator().manual_seed(seed)
    numbers, marks = torch.rand(samples, length, generator=generator), torch.zeros(samples, length)
    first = torch.randint(length // 2, (samples, 1), generator=generator)
    second = torch.randint(length // 2, length, (samples, 1), generator=generator)
    marks.scatter_(1, first, 1.0).scatter_(1, second, 1.0)
    return torch.stack([numbers, marks], 2), (numbers * marks).sum(1, keepdim=True)


def architecture_of(cell: str, params: Params, length: int) -> dict[str, Any]:
    """One layer of a cell, or a network of the user's own as its model has it."""
    size = params.memory.hidden_size
    words = {"cell": cell, "hidden_size": size, "num_layers": 1, "bidirectional": False, "head": "last"}
    own = params.models[cell].own if cell not in CELLS else words | {"output": "linear"}
    return with_code(own | {"input_size": 2, "length": length, "output_size": 1})


def untrained(architecture: Mapping[str, Any], forget_bias: float, seeds: Sequence[int]) -> list[State]:
    """Weights to begin with, by seed: PyTorch's own, but the bias of the LSTM's forget gate, which a gate needs that is
    to keep something from the start (Gers, Schmidhuber and Cummins 2000; Jozefowicz, Zaremba and Sutskever 2015)."""
    states = initial_states(architecture, seeds)
    for state in states if architecture.get("cell") == "lstm" else ():
        hidden_size = architecture["hidden_size"]
        # PyTorch adds two biases, in the order input, forget, cell, output
        state["recurrent.bias_ih_l0"][hidden_size : 2 * hidden_size] = forget_bias
        state["recurrent.bias_hh_l0"][hidden_size : 2 * hidden_size] = 0.0
    return states


def learn(
    architecture: Mapping[str, Any], states: Sequence[State], samples: int, settings: Settings, seeds: Sequence[int]
) -> tuple[list[float], list[State]]:
    """Train on the adding problem; return by seed the mean squared error on other samples, and the weights.

    Raises:
        UserError: if a network diverges.
    """
    length, engine = architecture["length"], ENGINES[engine_of(architecture)](architecture, states)
    data, test = adding_problem(samples, length, seeds[0]), adding_problem(TEST_SAMPLES, length, TEST_SEED)
    trainer = Trainer(engine, *data, seeds, settings, test)
    epochs = list(trainer.run())
    if trainer.diverged:
        raise UserError(
            f"memory: a loss at {length} steps is not finite in epoch {min(trainer.diverged.values())}; "
            f"a smaller memory.learning_rate (now {settings.learning_rate:g}) or memory.max_grad_norm may help"
        )
    return [row["validation_loss"] for row in epochs[-1]], trainer.states()


def gradient_by_distance(architecture: Mapping[str, Any], states: Sequence[State]) -> list[float]:
    """How strongly the output depends on the input d steps before the last, for d = 0 .. T - 1.

    The norm of d output / d x_(T-1-d), as a geometric mean over seeds of the mean over samples, in double precision;
    what vanishes can hardly be learned from (Bengio, Simard and Frasconi 1994).
    """
    x, _ = adding_problem(GRADIENT_SAMPLES, architecture["length"], TEST_SEED)
    logarithms = []
    for state in states:
        network = build(architecture)
        network.load_state_dict(state)
        network, inputs = network.double().eval(), x.double().requires_grad_()
        (gradient,) = torch.autograd.grad(network(inputs).sum(), inputs)
        norms = gradient.norm(dim=2).mean(0).flip(0).numpy()
        logarithms.append(np.log(np.maximum(norms, np.finfo(float).tiny)))
    by_distance: list[float] = np.exp(np.mean(logarithms, axis=0)).tolist()
    return by_distance


def longest_learned(errors: Mapping[str, Mapping[str, Sequence[float]]]) -> int:
    """The longest length that all cells but one learned (or the only one), else the shortest; learned: an error below
    half the baseline."""
    needed = max(1, len(errors) - 1)
    lengths = [int(length) for length in next(iter(errors.values()))]
    learned = [
        length
        for length in lengths
        if sum(np.mean(by_length[str(length)]) < BASELINE / 2 for by_length in errors.values()) >= needed
    ]
    return max(learned, default=min(lengths))


def measure(params: Params) -> dict[str, Any]:
    """For metrics/memory.json: of each cell the errors by length and seed, and the gradients by distance, before and
    after the training, at the ``length`` that ``longest_learned`` finds."""
    memory = params.memory
    seeds = range(memory.seed, memory.seed + memory.seeds)
    given = memory.model_dump(include={"epochs", "batch_size", "learning_rate", "schedule", "max_grad_norm"})
    errors: dict[str, dict[str, list[float]]] = {cell: {} for cell in memory.cells}
    before, after = dict[tuple[str, int], list[State]](), dict[tuple[str, int], list[State]]()
    for cell, length in itertools.product(memory.cells, memory.lengths):
        start, key, architecture = time.perf_counter(), (cell, length), architecture_of(cell, params, length)
        before[key] = untrained(architecture, memory.forget_bias, seeds)
        by_seed, after[key] = learn(architecture, before[key], memory.samples, Settings(**given), seeds)
        errors[cell][str(length)] = by_seed
        shown = ", ".join(f"{error:.4f}" for error in by_seed)
        print(f"memory: {cell}, {length} steps: {shown} ({time.perf_counter() - start:.1f} s)", flush=True)
    length = longest_learned(errors)
    architectures = {cell: architecture_of(cell, params, length) for cell in memory.cells}
    gradients = {
        name: {cell: gradient_by_distance(each, states[cell, length]) for cell, each in architectures.items()}
        for name, states in (("untrained", before), ("trained", after))
    }
    steps = memory.epochs * -(-memory.samples // memory.batch_size)
    return {"baseline": BASELINE, "errors": errors, "length": length, "gradients": gradients, "steps": steps}
