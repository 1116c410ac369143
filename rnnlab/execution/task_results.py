"""Results of tasks, a file each, so that a stage that was killed goes on from there."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from rnnlab.core.errors import UserError
from rnnlab.core.files import read_json, write_bytes
from rnnlab.execution.executors import Executor

CHECKPOINTS = Path("data/checkpoints")


class TaskResults:
    """The tasks of a stage that are done, of ``count``.

    Args:
        name: of the model and stage.
        key: of all that the results depend on: those of others are removed.
        read: reads a result, and raises what is wrong with its file.

    Attributes:
        kept, waiting: numbers of the tasks that were done when it was made, and of the others.
    """

    def __init__(self, name: str, key: str, count: int, ending: str, read: Callable[[Path], object]) -> None:
        self._all, self._ending = CHECKPOINTS / name, ending
        self._folder = self._all / key[:16]
        for other in self._all.glob("*"):
            if other != self._folder:
                shutil.rmtree(other)
        self.kept = [number for number in range(count) if self._is_whole(self.path(number), read)]
        self.waiting = sorted(set(range(count)) - set(self.kept))
        if self.kept:
            print(f"{name}: {len(self.kept)} of {count} tasks are done", flush=True)

    @staticmethod
    def _is_whole(path: Path, read: Callable[[Path], object]) -> bool:
        try:
            read(path)
        except FileNotFoundError:
            return False
        except (OSError, ValueError, KeyError, SafetensorError, UserError) as error:  # a power cut, say
            print(f"{path}: is not whole, the task is done again ({error})", flush=True)
            return False
        return True

    def path(self, number: int) -> Path:
        return self._folder / f"{number}{self._ending}"

    def keep(self, number: int, content: bytes) -> None:
        write_bytes(self.path(number), content)

    def remove(self) -> None:
        shutil.rmtree(self._all, ignore_errors=True)


def map_the_rest(
    executor: Executor, function: Callable[..., Any], item: Callable[[int], tuple[Any, ...]], done: TaskResults
) -> Iterator[tuple[int, Any]]:
    """As ``executor.map`` over each ``item``; but results that are kept are read, and new ones are kept, as JSON."""
    for number in done.kept:
        yield number, read_json(done.path(number))
    for place, result in executor.map(function, map(item, done.waiting)):
        done.keep(done.waiting[place], json.dumps(result).encode())
        yield done.waiting[place], result
