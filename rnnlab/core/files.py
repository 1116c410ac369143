"""The one writer and reader of this pipeline's files: each is written whole or not at all."""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from rnnlab.core.errors import UserError

Allocate = Callable[[dict[str, tuple[tuple[int, ...], Any]]], dict[str, NDArray[Any]]]


def write(path: Path, fill: Callable[[BinaryIO], object]) -> None:
    """Let ``fill`` write a temporary file in the same folder, then rename it to ``path``."""
    partial = _partial(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            fill(file)
        partial.replace(path)
    except OSError as error:
        raise UserError(f"{path}: can't be written: {error.strerror or error}") from None
    finally:
        with suppress(OSError):  # renamed, or never there
            partial.unlink()


def _partial(path: Path) -> Path:
    """What ``rnnlab.recovery.leftovers`` removes after a kill."""
    return path.with_name(f".{path.name}.{os.getpid()}.partial")


def write_bytes(path: Path, content: bytes) -> None:
    write(path, lambda file: file.write(content))


def write_text(path: Path, content: str) -> None:
    write_bytes(path, content.encode())


def write_json(path: Path, content: Any) -> None:
    """Human-readable, and without NaN, which is not JSON."""
    try:
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    except ValueError:
        raise UserError(f"{path}: is not written: one of its figures is not a finite number") from None
    write_text(path, text + "\n")


def write_figures(path: Path, content: Any) -> None:
    """As ``write_json``, with numbers of six significant digits: more differ from one processor to another."""
    write_json(path, _rounded(content))


def _rounded(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {key: _rounded(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_rounded(value) for value in content]
    return float(f"{content:.6g}") if isinstance(content, float) else content


def read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: is not JSON: {error}") from None


def digest(contents: Iterable[bytes | Path]) -> str:
    """Of several contents, or files' contents; 32 hexadecimal digits, as MLflow's digests have at most 36."""
    total = hashlib.sha256()
    for content in contents:
        if isinstance(content, bytes):
            total.update(hashlib.sha256(content).digest())
            continue
        with content.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()[:32]


def write_arrays(folder: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """One ``NAME.npy`` each: such files can be memory-mapped."""
    for name, array in arrays.items():
        # Not a lambda over the loop variable: a partial would be as long.
        def fill(file: BinaryIO, array: NDArray[Any] = array) -> None:
            np.save(file, array, allow_pickle=False)

        write(folder / f"{name}.npy", fill)


@contextmanager
def new_arrays(folder: Path) -> Iterator[Allocate]:
    """A maker of arrays that lie in files ``NAME.npy``, for what is too large for memory: whole, or not there.

    It takes the shape and type of each name.
    """
    begun, made = list[Path](), dict[Path, np.memmap[Any, Any]]()

    def allocate(shapes: dict[str, tuple[tuple[int, ...], Any]]) -> dict[str, NDArray[Any]]:
        arrays = dict[str, NDArray[Any]]()
        for name, (shape, dtype) in shapes.items():
            path = folder / f"{name}.npy"
            path.parent.mkdir(parents=True, exist_ok=True)
            begun.append(path)
            made[path] = array = np.lib.format.open_memmap(
                _partial(path), "w+", np.dtype(dtype), tuple(map(int, shape))
            )
            arrays[name] = array
            # Space for all of it now: where it ended later, a write into the memory would kill the process.
            with _partial(path).open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, _partial(path).stat().st_size)
        return arrays

    try:
        yield allocate
        for path, array in made.items():
            array.flush()
            _partial(path).replace(path)
    except OSError as error:
        raise UserError(f"{folder}: can't be written: {error.strerror or error}") from None
    finally:
        for path in begun:
            with suppress(OSError):  # renamed, or never there
                _partial(path).unlink()


def read_arrays(folder: Path, *names: str) -> list[Any]:
    """The named arrays, memory-mapped; what is written into one never reaches its file."""
    arrays = []
    for path in (folder / f"{name}.npy" for name in names):
        try:
            arrays.append(np.load(path, mmap_mode="c", allow_pickle=False))
        except (ValueError, EOFError) as error:
            raise UserError(f"{path}: is no array's file: {error}; make it again (`dvc repro`)") from None
    return arrays
