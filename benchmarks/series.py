"""The series track's networks: the tutorial's loop against the engine with 1, 3, 10 and 30 replicas.

Milliseconds a step and seed, one thread; loop and engine take turns, and a ratio is the median of those within a turn.
"""

import statistics
import time
from collections.abc import Iterator

import torch
import tutorial
from results import publish
from torch import nn
from torch.utils.data import TensorDataset

from rnnlab.networks.network import RecurrentNetwork
from rnnlab.training.ensemble import Ensemble
from rnnlab.training.settings import Settings
from rnnlab.training.trainer import Trainer

WINDOWS, LENGTH, FEATURES, HIDDEN, BATCH, RATE = 200, 5, 4, 8, 20, 0.001  # the tutorial's
STEPS = WINDOWS // BATCH
EPOCHS, TURNS = 30, 7  # a turn's


def engine(cell: str, replicas: int, x: torch.Tensor, y: torch.Tensor) -> Iterator[float]:
    architecture = {"cell": cell, "input_size": FEATURES, "length": LENGTH, "output_size": 1, "hidden_size": HIDDEN}
    architecture |= {"num_layers": 2, "bidirectional": False, "head": "flatten"}
    architecture["output"] = "sigmoid" if cell == "rnn" else "linear"
    states = [RecurrentNetwork(**architecture).state_dict() for _ in range(replicas)]
    trainer = Trainer(
        Ensemble(architecture, states), x, y, range(replicas), Settings((TURNS + 1) * EPOCHS, BATCH, RATE)
    ).run()
    while True:
        start = time.perf_counter()
        next(trainer)
        yield time.perf_counter() - start


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    x, y = torch.rand(WINDOWS, LENGTH, FEATURES), torch.rand(WINDOWS, 1)
    rows = []
    for cell in ("rnn", "lstm", "gru"):
        network = tutorial.Network(cell, FEATURES, LENGTH, 1, HIDDEN)
        runs = {"loop": (1, tutorial.train(network, TensorDataset(x, y), BATCH, RATE, nn.MSELoss()))}
        runs |= {f"engine, K = {replicas}": (replicas, engine(cell, replicas, x, y)) for replicas in (1, 3, 10, 30)}
        turns = []
        for _ in range(TURNS + 1):
            turns.append(
                {
                    name: 1000 * sum(next(epochs) for _ in range(EPOCHS)) / EPOCHS / STEPS / replicas
                    for name, (replicas, epochs) in runs.items()
                }
            )
        del turns[0]  # warming up
        for name in runs:
            milliseconds = statistics.median(turn[name] for turn in turns)
            ratio = statistics.median(turn["loop"] / turn[name] for turn in turns)
            rows.append({"cell": cell, "training": name, "ms a step and seed": milliseconds, "times the loop": ratio})
    publish("series", rows)


if __name__ == "__main__":
    main()
