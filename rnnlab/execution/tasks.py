"""Where the tasks of a stage run, as params.yaml says, and what a person sees of them."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from rnnlab.core.params import Params
from rnnlab.execution.executors import Executor, make_executor

T = TypeVar("T")


def in_this_process(params: Params) -> bool:
    return params.executor == "local" and params.workers == 1


@contextmanager
def executor_of(params: Params, label: str) -> Iterator[Executor]:
    """The executor; each task that ends elsewhere is a line."""
    with make_executor(params.executor, params.workers) as executor:
        yield executor if in_this_process(params) else _Counted(executor, label)


class _Counted:
    def __init__(self, executor: Executor, label: str) -> None:
        self._executor, self._label = executor, label

    def map(self, function: Callable[..., T], items: Iterable[tuple[Any, ...]]) -> Iterator[tuple[int, T]]:
        for done, ended in enumerate(self._executor.map(function, items), 1):
            print(f"{self._label}: {done} task{'s' if done > 1 else ''} done", flush=True)
            yield ended
