"""What only a measurement can choose, in one place: the number of threads on a CPU, the engine on CUDA."""

import itertools
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from rnnlab.ensemble import Ensemble
from rnnlab.replicas import Replicas
from rnnlab.training import Engine, Settings, Trainer

MakeEngine = Callable[[Mapping[str, Any], Sequence[Mapping[str, Tensor]]], Engine]
STEPS, ROUNDS = 10, 3
MARGIN = 1.1  # how much faster more threads must be: others may want the cores, and a near tie should fall one way


def choose_device(wanted: str) -> torch.device:
    """``auto`` is CUDA where there is one, else the CPU."""
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(wanted)


def choose_engine(
    architecture: Mapping[str, Any], states: Sequence[Mapping[str, Tensor]], x: Tensor, y: Tensor, batch_size: int
) -> Engine:
    """An engine for these weights: on a CPU an ``Ensemble``; on CUDA what is faster, as cuDNN wins for large layers."""
    makes: list[MakeEngine] = [Ensemble, Replicas]
    if not x.is_cuda:
        return Ensemble(architecture, states)
    times = [seconds_a_step(make(architecture, states), x, y, batch_size) for make in makes]
    return makes[times.index(min(times))](architecture, states)


def choose_threads(
    architecture: Mapping[str, Any], states: Sequence[Mapping[str, Tensor]], x: Tensor, y: Tensor, batch_size: int
) -> int:
    """How many threads train fastest, at most as many as PyTorch set out with: 1, 2, 4 and so on."""
    most = torch.get_num_threads()
    candidates = list(itertools.takewhile(lambda threads: threads <= most, (2**power for power in range(16))))
    engine = Ensemble(architecture, states)
    times: dict[int, list[float]] = {threads: [] for threads in candidates}
    try:
        for threads in candidates * ROUNDS if len(candidates) > 1 else ():  # in turn: what disturbs one disturbs all
            torch.set_num_threads(threads)
            times[threads].append(seconds_a_step(engine, x, y, batch_size))
    finally:
        torch.set_num_threads(most)
    best = 1
    for threads in candidates[1:]:
        if min(times[threads]) * MARGIN < min(times[best]):
            best = threads
    return best


def seconds_a_step(engine: Engine, x: Tensor, y: Tensor, batch_size: int) -> float:
    """The median of some steps; the engine's weights are trained by it."""
    x, y = x[:batch_size], y[:batch_size]
    replicas = len(engine.states())
    times = []
    for _ in Trainer(engine, x, y, range(replicas), Settings(STEPS + 1, batch_size, 0.001)).run():
        if x.is_cuda:
            torch.cuda.synchronize()
        times.append(time.perf_counter())
    return statistics.median(after - before for before, after in itertools.pairwise(times))
