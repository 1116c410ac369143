"""Run a stage as `python -m` does, and print its seconds: imports, work, writing. For `pipeline.py`."""

import importlib
import runpy
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

begun = time.perf_counter()

stage, files = (importlib.import_module(f"rnnlab.core.{name}") for name in ("stage", "files"))
run, write = stage.run, files.write
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


stage.run, files.write = clocked_run, clocked_write  # before the stage's module takes them
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__")
