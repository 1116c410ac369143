"""What only a measurement can choose, in one place: the engine on CUDA, and threads where one asks for it."""

import itertools
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from rnnlab.core.errors import UserError
from rnnlab.networks.custom import check_module
from rnnlab.training.ensemble import Ensemble
from rnnlab.training.interfaces import Engine, Samples
from rnnlab.training.replicas import Replicas
from rnnlab.training.settings import Choice, Settings
from rnnlab.training.stacked import Stacked, why_not_stacked
from rnnlab.training.trainer import Trainer

STEPS, ROUNDS = 10, 3
ENOUGH = 0.5  # seconds of steps
MARGIN = 1.1  # how much faster more threads must be: others may want the cores, and a near tie should fall one way

Architecture = Mapping[str, Any]  # as of networks.network.build
States = Sequence[Mapping[str, Tensor]]  # state dicts of such networks

ENGINES: dict[str, Callable[[Architecture, States], Engine]] = {
    "ensemble": Ensemble,
    "stacked": Stacked,
    "replicas": Replicas,
}


def choose_device(wanted: str) -> torch.device:
    """``auto`` is CUDA where there is one, else the CPU.

    Raises:
        UserError: if there is no CUDA device and it is wanted.
    """
    there = torch.cuda.is_available()
    if wanted == "cuda" and not there:
        raise UserError("device: cuda is asked for, but PyTorch finds no CUDA device here; allowed are auto and cpu")
    return torch.device(("cuda" if there else "cpu") if wanted == "auto" else wanted)


def engine_of(architecture: Architecture) -> str:
    """The engine of a network on a CPU; says so where a network of the user's own can't be stacked.

    Raises:
        UserError: if such a network fails.
    """
    if "network" not in architecture:
        return "ensemble"
    check_module(architecture)
    if reason := why_not_stacked(architecture):
        print(f"{architecture['network']}: its seeds are trained one after the other ({reason})", flush=True)
    return "replicas" if reason else "stacked"


def choose(
    make: Callable[[str], Engine], engine: str, x: Samples, y: Tensor, batch_size: int, threads: int | None
) -> Choice:
    """``engine``, or on CUDA ``replicas`` where they are faster on the first samples; on a CPU nothing is tried, unless
    for the threads.

    There an ensemble wins by far where networks are small, and PyTorch's own layers where they are large were never
    more than a quarter faster: too little for a measurement, which another day ends otherwise, with other last digits.

    Args:
        make: an engine of the networks to train, by its name.
        threads: None to have them measured too.
    """
    batch = x[:batch_size], y[:batch_size]
    if x.is_cuda:
        times = {name: seconds_a_step(make(name), *batch) for name in (engine, "replicas")}
        engine = min(times, key=lambda name: times[name])
    if threads is None:
        threads = 1 if x.is_cuda else _threads(make(engine), *batch)
    return Choice(engine, threads)


def seconds_a_step(engine: Engine, x: Tensor, y: Tensor) -> float:
    """The median of some steps with all samples; the engine's weights are trained by it."""
    times = []
    replicas = range(len(engine.states()))
    for _ in Trainer(engine, x, y, replicas, Settings(STEPS + 1, len(x), learning_rate=0.001)).run():
        if x.is_cuda:
            torch.cuda.synchronize()
        times.append(time.perf_counter())
        if len(times) > 2 and times[-1] - times[0] > ENOUGH:
            break
    return statistics.median(after - before for before, after in itertools.pairwise(times))


def _threads(engine: Engine, x: Tensor, y: Tensor) -> int:
    """The fastest of 1, 2, 4 and so on, up to as many as PyTorch started with."""
    most = torch.get_num_threads()
    times: dict[int, list[float]] = {2**power: [] for power in range(most.bit_length())}
    if most == 1:
        return 1
    try:
        for threads in list(times) * ROUNDS:  # in turn: what disturbs one disturbs all
            torch.set_num_threads(threads)
            times[threads].append(seconds_a_step(engine, x, y))
    finally:
        torch.set_num_threads(most)
    best = 1
    for threads, seconds in times.items():
        if min(seconds) * MARGIN < min(times[best]):
            best = threads
    return best
