"""A server of one model: MLflow's addresses and words, with bounds on what a request may be and how long it takes."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, cast

import torch
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from torch import nn
from uvicorn.protocols.http.h11_impl import H11Protocol

from rnnlab.core.errors import UserError
from rnnlab.serving.exported import MODULES, input_limits, output_columns
from rnnlab.serving.requests import read_rows

LIMIT = 2**20  # bytes of a body
THREADS = 2  # that compute: while one multiplies, one reads or writes JSON; each keeps memory for itself
CONNECTIONS, BACKLOG = 256, 128  # open, and opened at once: asyncio needs 4 * BACKLOG more; 1,024 open files are usual
READ = 2**12  # bytes from one connection, then others have their turn: 2**18 of chunks of one byte take 0.2 s to parse
JSON = "application/json"


def make_app(networks: Mapping[int, nn.Module], config: Mapping[str, Any], seconds: float) -> Starlette:
    """The application that answers for a model.

    Args:
        networks: of each seed.
        config: of the weights file.
        seconds: in which a request's body has to arrive, and then its answer to be made.
    """
    predict = make_predictor(networks, config)
    # Each counts as PyTorch's only one: by default a sum's last digits differ between its first product and later ones.
    threads = ThreadPoolExecutor(THREADS, initializer=torch.set_num_threads, initargs=(1,))

    async def invocations(request: Request) -> Response:
        found = request.headers.get("Content-Type", "")
        if found.split(";")[0].strip().lower() != JSON:
            raise HTTPException(415, f"Content-Type: {found[:200] or 'nothing'} can't be read; {JSON} can")
        body = await _within(seconds, _read_body(request), 408, "the body did not arrive")
        making = asyncio.get_running_loop().run_in_executor(threads, predict, body)
        return Response(await _within(seconds, making, 503, "too many requests: no answer"), media_type=JSON)

    async def ping(request: Request) -> Response:
        return Response("\n", media_type=JSON)

    app = _Application(
        routes=[Route("/invocations", invocations, methods=["POST"]), Route("/ping", ping), Route("/health", ping)],
        exception_handlers={HTTPException: _refuse, UserError: _refuse, ClientDisconnect: _refuse},
    )
    app.router.redirect_slashes = False  # it would redirect to whatever host the request names
    return app


def serve(app: Starlette, host: str, port: int, seconds: int, ready: Callable[[str], None]) -> None:
    """Serve until a signal comes.

    Args:
        seconds: each for a request's beginning, its body and its answer, after which a connection is closed.
        ready: gets the address.

    Raises:
        UserError: if the address can't be had.
    """
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise UserError(f"{host}:{port}: can't be listened on: {error.strerror}") from None
    with listener:
        # asyncio asks for it on sockets of its own making alone; without it each answer waits 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ready(f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}")
        config = uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_level="error",
            backlog=BACKLOG,
            timeout_keep_alive=seconds,
            timeout_graceful_shutdown=seconds,
        )
        uvicorn.Server(config).run([listener])


def make_predictor(networks: Mapping[int, nn.Module], config: Mapping[str, Any]) -> Callable[[bytes], str]:
    """From a request's body to an answer's."""
    module = MODULES[config["track"]](networks, config).eval()
    limits, names = input_limits(config), output_columns(config)

    def predict(body: bytes) -> str:
        rows = read_rows(body, limits)
        with torch.inference_mode():
            outputs = module(torch.tensor(rows, dtype=torch.float64))
        if (bad := ~outputs.isfinite().all(1)).any():
            row = int(bad.nonzero()[0])
            raise UserError(f"row {row}: the forecast is no finite number; are its values too large?")
        return json.dumps({"predictions": [dict(zip(names, row, strict=True)) for row in outputs.tolist()]})

    return predict


async def _within(seconds: float, awaited: Awaitable[Any], status: int, message: str) -> Any:
    try:
        return await asyncio.wait_for(awaited, seconds)
    except TimeoutError:
        raise HTTPException(status, f"{message} within {seconds:g} s", {"Connection": "close"}) from None


async def _read_body(request: Request) -> bytes:
    body, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= LIMIT:  # beyond it is read and dropped: who is still sending hears no answer
            body += chunk
    if size > LIMIT:
        raise HTTPException(413, f"the body has {size} bytes; up to {LIMIT} are allowed")
    return bytes(body)


def _refuse(request: Request, error: Exception) -> Response:
    """One message, as MLflow's server words it."""
    status, headers, message = 400, None, str(error)
    if isinstance(error, HTTPException):
        status, headers, message = error.status_code, error.headers, error.detail
        if status in (404, 405):
            asked = f"{request.method} {request.scope['path']}"[:200]
            message = f"{asked}: there are POST /invocations and GET /ping"
    return JSONResponse({"error_code": HTTPStatus(status).name, "message": message}, status, headers)


class _Application(Starlette):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = super().__call__
        if {b"content-length", b"transfer-encoding"} <= dict(scope["headers"]).keys():
            # A proxy in front may go by the other one, and take the rest for another request (RFC 9112, 6.1).
            error = HTTPException(400, "Content-Length beside Transfer-Encoding", {"Connection": "close"})
            app = _refuse(Request(scope), error)
        await app(scope, receive, send)


class _Protocol(H11Protocol):
    """uvicorn's, which closes a connection that is idle after a request; this one wherever no answer gets complete.

    ``timeout_keep_alive`` is allowed three times: for a request's beginning, for its body, and for its answer.
    """

    end: asyncio.TimerHandle

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast(asyncio.Transport, transport))
        cast(Any, transport).max_size = READ  # of asyncio
        self._set_end()
        if len(self.connections) > CONNECTIONS:  # the one that was longest without an answer makes room
            first = min(cast(set[_Protocol], self.connections), key=lambda found: found.end.when())
            self.connections.discard(first)
            first.transport.abort()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self.end.cancel()
        self._set_end()

    def connection_lost(self, exc: Exception | None) -> None:
        self.end.cancel()
        super().connection_lost(exc)

    def _set_end(self) -> None:
        self.end = self.loop.call_later(3 * self.timeout_keep_alive, self.transport.abort)
