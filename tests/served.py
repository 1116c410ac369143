"""Servers as processes, and what their clients say."""

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import Any
from urllib.parse import urlsplit

import psutil


@dataclass(frozen=True)
class Served:
    address: str
    process: psutil.Process

    @property
    def host_and_port(self) -> tuple[str, int]:
        found = urlsplit(self.address)
        return str(found.hostname), int(found.port or 0)

    def ask(
        self, body: bytes = b"", method: str = "POST", path: str = "/invocations", **headers: str
    ) -> tuple[int, Any]:
        return ask(self.host_and_port, body, method, path, **headers)


def ask(
    host_and_port: tuple[str, int], body: bytes = b"", method: str = "POST", path: str = "/invocations", **headers: str
) -> tuple[int, Any]:
    """The status and what came back, over a connection of its own."""
    connection = http.client.HTTPConnection(*host_and_port, timeout=30)
    try:
        sent = {"Content-Type": "application/json"} | {key.replace("_", "-"): headers[key] for key in headers}
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read().strip() or b"null")
    finally:
        connection.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(command: Sequence[str], log: Path, answers: Callable[[], object], **options: Any) -> Iterator[None]:
    """A server from its first answer to the end of the block, which stops it with all processes that it started."""
    with log.open("w") as file:
        server = subprocess.Popen(command, stdout=file, stderr=file, start_new_session=True, **options)
    try:
        end = time.monotonic() + 120
        while not answers():
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.2)
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                server.wait(20)
            os.killpg(server.pid, SIGKILL)
        server.wait(20)


@contextmanager
def serve(folder: Path, root: Path, *args: str, **env: str) -> Iterator[Served]:
    """`rnnlab serve` in a folder, on a port that was free."""
    with subprocess.Popen(
        [sys.executable, "-m", "rnnlab.cli", "serve", "--port", "0", *args],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(root)} | env,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            found = re.search(r"http://\S+", server.stdout.readline() if server.stdout else "")
            assert found, "the server ended"
            yield Served(found[0], psutil.Process(server.pid))
        finally:
            server.terminate()
