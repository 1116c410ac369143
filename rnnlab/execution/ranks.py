"""One training by several processes, its ranks: each takes a share of every batch, and their gradients are summed.

`torchrun` starts them, on one machine or several; `launch` does on this one. This module alone imports
torch.distributed: gloo connects CPUs, NCCL connects CUDA devices.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import psutil
import torch
import torch.distributed as dist
from torch import Tensor

from rnnlab.core.errors import UserError
from rnnlab.core.processes import end_with
from rnnlab.training.interfaces import SingleProcess

PATIENCE = timedelta(minutes=10)  # with ranks that do not come, or not on
PLACE = ("RANK", "WORLD_SIZE", "LOCAL_RANK")  # of a process, as torchrun says it in the environment

T = TypeVar("T")


class Group(SingleProcess):
    """The ranks of one training; all of them call the same methods in the same order.

    Raises:
        UserError: by any method, if another rank has ended or does not answer.
    """

    def __init__(self) -> None:
        self.rank, self.size = dist.get_rank(), dist.get_world_size()

    def share(self, samples: Tensor, dim: int) -> tuple[Tensor, float]:
        part = samples.tensor_split(self.size, dim)[self.rank]
        if part.shape[dim] == 0:  # a sample too many, without weight, spares the engines a case of their own
            return samples.narrow(dim, 0, 1), 0.0
        return part, part.shape[dim] / samples.shape[dim]

    def sum(self, tensors: Sequence[Tensor]) -> None:
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        with _answered():
            dist.all_reduce(flat)
        for tensor, total in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(total.view_as(tensor))

    def from_first(self, make: Callable[[], T]) -> T:
        told: list[Any] = [make() if self.rank == 0 else None]
        with _answered():
            dist.broadcast_object_list(told)
        made: T = told[0]
        return made

    def check_same(self, fingerprint: str) -> None:
        found = [""] * self.size
        with _answered():
            dist.all_gather_object(found, fingerprint)
        if others := [rank for rank, other in enumerate(found) if other != found[0]]:
            raise UserError(
                f"rank {', '.join(map(str, others))} would train something else than rank 0: "
                "parameters, data, code and PyTorch must be the same on all machines"
            )


@contextmanager
def join(device: torch.device) -> Iterator[SingleProcess]:
    """The group that torchrun started this process in; without torchrun it is alone.

    Raises:
        UserError: if the environment does not name a place in a group, there is no CUDA device for it, PyTorch lacks
            the backend, or the others can't be reached.
    """
    rank, size, local_rank = _place() if launched() else (0, 1, 0)
    if size == 1:
        yield SingleProcess()
        return
    end_with(psutil.Process(os.getppid()))  # killed outright, torchrun can't end its ranks
    backend, there = ("nccl", dist.is_nccl_available()) if device.type == "cuda" else ("gloo", dist.is_gloo_available())
    if not there:
        raise UserError(f"several ranks on device {device.type} need {backend}, which this build of PyTorch lacks")
    if device.type == "cuda":
        if local_rank >= torch.cuda.device_count():
            raise UserError(
                f"rank {rank} has no CUDA device of its own: it is number {local_rank + 1} on a machine with "
                f"{torch.cuda.device_count()}; start as many ranks as there are devices"
            )
        torch.cuda.set_device(local_rank)
    try:
        dist.init_process_group(backend, timeout=PATIENCE, rank=rank, world_size=size)
    except (RuntimeError, ValueError) as error:
        raise UserError(f"rank {rank} of {size} does not reach the others: {_first_line(error)}") from None
    yield Group()
    dist.destroy_process_group()  # not after an error: NCCL might wait for ranks that are gone


def launched() -> bool:
    """Whether this process is one of several, by torchrun or what sets the same variables."""
    return "WORLD_SIZE" in os.environ


def launch(ranks: int, module: str, *args: str) -> None:
    """Run a module as ranks on this machine, as `torchrun --standalone` does, until all have ended.

    Raises:
        UserError: if one ended with an error; then the others are ended too.
    """
    # here, for a training in one process needs none of it
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.run import parse_args, run

    os.environ.setdefault("OMP_NUM_THREADS", "1")  # torchrun would, and print lines about it
    try:
        run(parse_args(["--standalone", f"--nproc-per-node={ranks}", "--module", module, *args]))
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        raise UserError(f"rank {rank} of {ranks} ended with exit code {failure.exitcode}, and so did the run") from None
    except SignalException as error:
        sys.exit(128 + error.sigval)


def _place() -> tuple[int, int, int]:
    """Rank, number of ranks, rank among those of this machine."""
    found = {name: os.environ.get(name, "") for name in PLACE}
    rank, size, local_rank = (int(value) if value.isdecimal() else -1 for value in found.values())
    if not 0 <= local_rank <= rank < size:
        typed = ", ".join(f"{name}={value or 'nothing'}" for name, value in found.items())
        raise UserError(f"the environment says {typed}: torchrun sets them, with LOCAL_RANK <= RANK < WORLD_SIZE")
    return rank, size, local_rank


@contextmanager
def _answered() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise UserError(f"another rank has ended or does not answer: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
