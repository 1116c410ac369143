"""A training's side of its MLflow run: it hands figures to `rnnlab.tracking.recorder`, a process of its own.

Not MLflow in this process: importing it takes as long as many trainings, and a slow or silent server must hold none up.
"""

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any

from rnnlab.core.params import Params
from rnnlab.core.processes import identity

AFTER = 5.0  # seconds of training before a run is opened; a shorter one is seen when `track` has mirrored it
EVERY = 3.0  # seconds between two batches
PATIENCE = 4.0  # seconds that the recorder has at the end; it goes on by itself if need be

Row = Mapping[str, float]


class LiveRun:
    """Streams the figures of a training; closes the run as FAILED on an exception, as KILLED on a signal.

    Args:
        model: its name.
        key: of all that the training depends on.
        params: as the training read them.
    """

    def __init__(self, model: str, key: str, params: Params) -> None:
        self._about = {"model": model, "key": key, "params": params.model_dump_json(exclude_unset=True)}
        self._began = time.time()
        self._due = time.monotonic() + AFTER
        self._waiting: list[Sequence[Row]] = []
        self._recorder: subprocess.Popen[str] | None = None
        self._ended = False

    def __enter__(self) -> "LiveRun":
        return self

    def add(self, epoch: Sequence[Row]) -> None:
        self._waiting.append(epoch)
        if time.monotonic() > self._due:
            self._flush()

    def finish(self, tags: Mapping[str, str]) -> None:
        """The training is over, and its results are written."""
        if self._recorder:  # else it was too short to be watched
            self._end("FINISHED", tags)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is None or self._ended:
            return
        killed = not issubclass(kind, Exception)
        reason = {} if killed else {"reason": f"{kind.__name__}: {error}"[:1000]}
        self._end("KILLED" if killed else "FAILED", reason)

    def _flush(self) -> None:
        self._send({"epochs": self._waiting})
        self._waiting, self._due = [], time.monotonic() + EVERY

    def _send(self, message: Mapping[str, Any]) -> subprocess.Popen[str]:
        if self._recorder is None:
            # In a session of its own: what kills this process and its group leaves it time to close the run.
            self._recorder = subprocess.Popen(
                [sys.executable, "-m", "rnnlab.tracking.recorder"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            )
            self._send({**self._about, "process": identity(), "began": self._began})
        with suppress(OSError):  # it has said why it gave up
            print(json.dumps(message), file=self._recorder.stdin, flush=True)
        return self._recorder

    def _end(self, status: str, tags: Mapping[str, str]) -> None:
        self._ended = True
        self._flush()
        with suppress(OSError, subprocess.TimeoutExpired):
            self._send({"status": status, "tags": tags}).communicate(timeout=PATIENCE)
