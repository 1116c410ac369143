"""Ten seeds of the example networks: trained one after the other, or stacked by torch.func; and the tutorial's GRU so,
and by the engine with a backward pass by hand.

Milliseconds a step and seed, one thread; engines take turns, and a ratio is the median of those within a turn.
"""

import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from results import publish
from series import BATCH, EPOCHS, FEATURES, HIDDEN, LENGTH, RATE, STEPS, TURNS, WINDOWS

from rnnlab.networks.custom import with_code
from rnnlab.networks.network import initial_states
from rnnlab.training.engines import ENGINES
from rnnlab.training.settings import Settings
from rnnlab.training.trainer import Trainer

SEEDS = range(10)
EXAMPLES = {
    "attention": "attention.py:Attention",
    "temporal convolution": "temporal_convolution.py:TemporalConvolution",
    "minGRU": "min_gru.py:MinGRU",
    "residual LSTM": "residual_lstm.py:ResidualLSTM",
}
GRU = {"cell": "gru", "hidden_size": HIDDEN, "num_layers": 2, "bidirectional": False, "head": "flatten"}
GRU |= {"output": "linear"}


def epochs(architecture: dict[str, object], engine: str, x: torch.Tensor, y: torch.Tensor) -> Iterator[float]:
    trained = ENGINES[engine](architecture, initial_states(architecture, SEEDS))
    trainer = Trainer(trained, x, y, SEEDS, Settings((TURNS + 1) * EPOCHS, BATCH, RATE)).run()
    while True:
        start = time.perf_counter()
        next(trainer)
        yield time.perf_counter() - start


def main() -> None:
    os.chdir(Path(__file__).parent.parent)  # where the examples are
    torch.set_num_threads(1)
    torch.manual_seed(0)
    x, y = torch.rand(WINDOWS, LENGTH, FEATURES), torch.rand(WINDOWS, 1)
    data = {"input_size": FEATURES, "length": LENGTH, "output_size": 1}
    networks = {
        name: with_code({"network": f"examples/networks/{reference}", "arguments": {}} | data)
        for name, reference in EXAMPLES.items()
    }
    rows = []
    for name, architecture in (networks | {"the tutorial's GRU": GRU | data}).items():
        engines = ("replicas", "stacked", *(["ensemble"] if "cell" in architecture else []))
        runs = {engine: epochs(architecture, engine, x, y) for engine in engines}
        turns = [
            {
                engine: 1000 * sum(next(run) for _ in range(EPOCHS)) / EPOCHS / STEPS / len(SEEDS)
                for engine, run in runs.items()
            }
            for _ in range(TURNS + 1)
        ][1:]  # the first warms up
        for engine in engines:
            milliseconds = statistics.median(turn[engine] for turn in turns)
            ratio = statistics.median(turn["replicas"] / turn[engine] for turn in turns)
            rows.append({"network": name, "engine": engine, "ms a step and seed": milliseconds, "times": ratio})
    publish("stacking", rows)


if __name__ == "__main__":
    main()
