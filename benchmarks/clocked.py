"""Run a stage as `python -m` does, and print its seconds: imports, work, writing. For `pipeline.py`."""

import runpy
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

begun = time.perf_counter()

import stages.entry  # noqa: E402
import stages.files  # noqa: E402

run, write = stages.entry.run, stages.files.write
writing = 0.0


def clocked_run(main: Callable[..., None]) -> None:
    start = time.perf_counter()
    run(main)
    whole = time.perf_counter() - start
    print(start - begun, whole - writing, writing)


def clocked_write(path: Path, fill: Callable[[BinaryIO], object]) -> None:
    global writing
    start = time.perf_counter()
    write(path, fill)
    writing += time.perf_counter() - start


stages.entry.run, stages.files.write = clocked_run, clocked_write  # before the stage's module takes them
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__")
