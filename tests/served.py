"""A server as a process, and what its clients say."""

import http.client
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
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
        """The status and what came back, over a connection of its own."""
        connection = http.client.HTTPConnection(*self.host_and_port, timeout=30)
        try:
            words = {"Content-Type": "application/json"} | {key.replace("_", "-"): headers[key] for key in headers}
            connection.request(method, path, body, words)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read().strip() or b"null")
        finally:
            connection.close()


@contextmanager
def serve(folder: Path, root: Path, *words: str, **env: str) -> Iterator[Served]:
    """`rnnlab serve` in a folder, on a port that was free."""
    with subprocess.Popen(
        [sys.executable, "-m", "rnnlab.cli", "serve", "--port", "0", *words],
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
