"""The bidirectional LSTM on images like MNIST's, by one process and by two ranks on this machine: ms a step.

The images are of random numbers: the time does not depend on them. Each way in turn; the fastest step of all turns, for
what else a machine does holds two processes up more often than one.
"""

import itertools
import json
import os
import socket
import tempfile
import time
from pathlib import Path

import torch
from results import publish

from rnnlab.execution.ranks import join
from rnnlab.networks.network import RecurrentNetwork
from rnnlab.training.ensemble import Ensemble
from rnnlab.training.settings import Settings
from rnnlab.training.trainer import Trainer

NETWORKS = {"the tutorial's": (12, 128, 100), "larger": (128, 512, 7)}  # hidden size, batch size, steps a turn
WAYS = ((1, 1), (1, 2), (2, 1))  # ranks, threads of each
TURNS, WARM_UP = 3, 2  # steps of a turn that do not count
SIZE, CLASSES = 28, 10


def main() -> None:
    rows = []
    for name, network in NETWORKS.items():
        times: dict[tuple[int, int], list[float]] = {way: [] for way in WAYS}
        for _, way in itertools.product(range(TURNS), WAYS):
            times[way] += seconds_a_step(*way, *network)
        alone = min(times[WAYS[0]])
        for (ranks, threads), found in times.items():
            seconds = min(found)
            rows.append(
                {
                    "network": name,
                    "hidden size": network[0],
                    "batch size": network[1],
                    "ranks": ranks,
                    "threads of each": threads,
                    "ms a step, fastest": seconds * 1000,
                    "times faster": alone / seconds,
                    "efficiency": alone / seconds / (ranks * threads),
                }
            )
    publish("distributed", rows)


def seconds_a_step(ranks: int, threads: int, *network: int) -> list[float]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "times"
        torch.multiprocessing.spawn(train, (ranks, threads, port, found, *network), nprocs=ranks)
        seconds: list[float] = json.loads(found.read_text())
        return seconds


def train(
    rank: int, ranks: int, threads: int, port: int, found: Path, hidden_size: int, batch_size: int, steps: int
) -> None:
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(ranks)}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    architecture = {"cell": "lstm", "input_size": SIZE, "length": SIZE, "output_size": CLASSES, "num_layers": 2}
    architecture |= {"hidden_size": hidden_size, "bidirectional": True, "head": "flatten", "output": "linear"}
    engine = Ensemble(architecture, [RecurrentNetwork(**architecture).state_dict()])
    x, y = torch.rand(batch_size * steps, SIZE, SIZE), torch.randint(CLASSES, (batch_size * steps,))
    moments = []
    with join(torch.device("cpu")) as group:
        trainer = Trainer(engine, x, y, [0], Settings(1, batch_size, learning_rate=0.001))
        list(trainer.run(lambda: moments.append(time.perf_counter()), group))
    if rank == 0:
        found.write_text(json.dumps([after - before for before, after in itertools.pairwise(moments[WARM_UP:])]))


if __name__ == "__main__":
    main()
