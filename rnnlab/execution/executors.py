"""Where tasks run: in this process, in others of this machine, or on Ray; their results are the same.

A task is a function called with an item, a tuple of arguments. It sets what it depends on, as seeds and PyTorch's
threads, changes no argument, and writes nothing, for it may be tried again: what it returns is the caller's to write.
"""

import logging
import os
import re
import secrets
import signal
import socket
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

import numpy as np
import psutil

from rnnlab.core.errors import UserError
from rnnlab.core.kernels import SHARED
from rnnlab.core.processes import end_with

TRIES = 3  # of a task whose worker dies
ROOT = Path(__file__).parents[2]
# Settings of Ray that can only be given so, before it is imported: no usage statistics, no warnings, and of one that
# is started here only this machine's loopback address, to those who have its token.
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0", "RAY_IGNORE_UNHANDLED_ERRORS": "1"}
ALONE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}

T = TypeVar("T")
Item = tuple[Any, ...]


class Executor(Protocol):
    """Runs tasks."""

    def map(self, function: Callable[..., T], items: Iterable[Item]) -> Iterator[tuple[int, T]]:
        """Call ``function`` with each item; (index, result) in the order in which they end.

        An item is taken when a worker is free for it. Arrays that are views of memory-mapped files go to a worker of
        this machine as a file's name and place, and on Ray by its object store, from which they are read-only.

        Raises:
            UserError: a task's own, or one that names the task whose worker died ``TRIES`` times.
            Exception: what else a task raises.
        """
        ...


@contextmanager
def make_executor(kind: Literal["local", "ray"], workers: int) -> Iterator[Executor]:
    """An executor for ``workers`` tasks at a time; what it started ends with it.

    Args:
        kind: ``local``: with one worker this very process, else one process a worker; ``ray``: the cluster that the
            variable RAY_ADDRESS names, else one that is started here, with a CPU for each worker.

    Raises:
        UserError: if Ray is not installed, or its cluster can't be reached.
    """
    if kind == "ray":
        with _ray_started(workers):
            yield _Ray(workers)
    elif workers == 1:
        yield _Here()
    else:
        processes = _Processes(workers)
        try:
            yield processes
        finally:
            processes.kill()


class _Here:
    def map(self, function: Callable[..., T], items: Iterable[Item]) -> Iterator[tuple[int, T]]:
        for index, item in enumerate(items):
            yield index, function(*item)


class _Processes:
    """Pools of one process each: where one dies, it is known which task it had, and no other is touched."""

    def __init__(self, workers: int) -> None:
        self._pools = [_pool() for _ in range(workers)]

    def map(self, function: Callable[..., T], items: Iterable[Item]) -> Iterator[tuple[int, T]]:
        from joblib.externals.loky.process_executor import TerminatedWorkerError

        todo, idle = enumerate(items), list(range(len(self._pools)))
        running: dict[Future[T], tuple[int, int, int, Item]] = {}  # worker, tries, index, item
        ended: list[tuple[int, T]] = []
        while True:
            for index, item in islice(todo, len(idle)):
                worker = idle.pop()
                running[self._submit(worker, function, item)] = worker, 1, index, item
            yield from ended
            if not running:
                return
            ended = []
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                worker, tries, index, item = running.pop(future)
                if not isinstance(future.exception(), TerminatedWorkerError):
                    idle.append(worker)
                    ended.append((index, future.result()))
                elif tries < TRIES:
                    running[self._submit(worker, function, item)] = worker, tries + 1, index, item
                else:
                    raise _died(index)

    def _submit(self, worker: int, function: Callable[..., T], item: Item) -> Future[T]:
        try:
            future: Future[T] = self._pools[worker].submit(function, *item)
        except BrokenProcessPool:  # by the task before, or since then
            self._pools[worker] = _pool()
            future = self._pools[worker].submit(function, *item)
        return future

    def kill(self) -> None:
        for pool in self._pools:
            pool.shutdown(kill_workers=True)


def _pool() -> Any:
    """Its process starts with the first task."""
    from joblib.externals.loky import ProcessPoolExecutor
    from joblib.pool import get_memmapping_reducers

    by_reference, _ = get_memmapping_reducers(max_nbytes=None)  # what is in memory already is copied
    return ProcessPoolExecutor(1, job_reducers=by_reference, initializer=_begin, initargs=(os.getpid(),))


def _begin(parent: int) -> None:
    """In a worker: an interrupt is the parent's to handle, and without the parent there is nothing to do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with(psutil.Process(parent))


class _Ray:
    def __init__(self, workers: int) -> None:
        self._workers = workers

    def map(self, function: Callable[..., T], items: Iterable[Item]) -> Iterator[tuple[int, T]]:
        import ray
        from ray.exceptions import NodeDiedError, OutOfMemoryError, RayTaskError, WorkerCrashedError

        task: Any = ray.remote(max_retries=TRIES - 1)(_call)
        todo = enumerate(items)
        running: dict[Any, int] = {}
        ended: list[tuple[int, T]] = []
        while True:
            for index, item in islice(todo, self._workers - len(running)):
                running[task.remote(function, ray.put(item))] = index
            yield from ended
            if not running:
                return
            (reference,), _ = ray.wait(list(running))
            index = running.pop(reference)
            try:
                ended = [(index, ray.get(reference))]
            except RayTaskError as error:
                raise error.cause from error
            except (NodeDiedError, OutOfMemoryError, WorkerCrashedError):
                raise _died(index) from None


def _call(function: Callable[..., T], item: Item) -> T:
    return function(*item)


@contextmanager
def _ray_started(workers: int) -> Iterator[None]:
    address = os.environ.get("RAY_ADDRESS")
    if address == "local":  # Ray's word for one that it starts here
        address = None
    for name, value in (QUIET if address else QUIET | ALONE).items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError:
        raise UserError("executor: ray needs Ray: pip install -e '.[cluster]'") from None
    if address:
        _check_answers(address)
    kernels = {name: os.environ[name] for name in SHARED if name in os.environ}  # the same on each machine
    handler = signal.getsignal(signal.SIGTERM)  # Ray sets one of its own
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as logs:  # Ray would leave them
        own: dict[str, Any] = {"num_cpus": workers, "include_dashboard": False, "_temp_dir": logs}
        own["_system_config"] = {"task_oom_retries": TRIES - 1}
        try:
            ray.init(
                address or "local",
                # other machines, and copies of this project by `dvc exp run --temp`, run the code that lies here
                runtime_env={"py_modules": [str(ROOT / "rnnlab"), str(ROOT / "stages")], "env_vars": kernels},
                log_to_driver=False,
                logging_level=logging.ERROR,
                **({} if address else own),
            )
        except (ConnectionError, ImportError, RuntimeError, ValueError) as error:
            ray.shutdown()  # of what was started until then
            where = f"RAY_ADDRESS {address}: can't be reached" if address else "executor: ray: can't be started"
            raise UserError(f"{where} ({str(error).splitlines()[0]})") from None
        finally:
            signal.signal(signal.SIGTERM, handler)
        ray._private.worker._worker_logs_enabled = False  # pages about each worker that dies; there is no setting
        ray.util.register_serializer(np.memmap, serializer=np.asarray, deserializer=_same)  # else it is copied
        try:
            yield
        finally:
            ray.shutdown()


def _check_answers(address: str) -> None:
    """That somebody listens there: Ray would try for minutes, deaf to signals."""
    if place := re.fullmatch(r"(?:ray://)?(.+):(\d+)", address):
        try:
            socket.create_connection((place[1].strip("[]"), int(place[2])), timeout=10).close()
        except (OSError, OverflowError) as error:
            raise UserError(f"RAY_ADDRESS {address}: can't be reached ({error})") from None


def _same(value: T) -> T:
    return value


def _died(index: int) -> UserError:
    return UserError(
        f"task {index}: its worker died {TRIES} times; was it killed, or is there too little memory? "
        "fewer workers need less"
    )
