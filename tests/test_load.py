"""The server under many clients, and under clients that mean no good."""

import asyncio
import json
import resource
import socket
import statistics
import time
from contextlib import ExitStack, suppress
from io import BytesIO

import aiohttp
import psutil
import pytest
import torch
from small_model import CONFIG

from rnnlab.networks.network import build
from rnnlab.serving import server as server_module
from rnnlab.serving.exported import input_columns
from rnnlab.serving.server import make_app

pytestmark = pytest.mark.promise(number=5)

CLIENTS = 16
GOOD = json.dumps({"dataframe_split": {"columns": input_columns(CONFIG), "data": [[2000.0] * 6]}}).encode()
LARGE = json.dumps({"dataframe_split": {"columns": input_columns(CONFIG), "data": [[2000.0] * 6] * 1000}}).encode()
HEAD = b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n"
CHUNKED = HEAD.replace(b"Content-Length: 999", b"Transfer-Encoding: chunked")
PING = b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n"


def load(server, seconds):
    """Milliseconds of each request of clients that ask again as soon as they are answered; and memory over time."""
    took, memory = [], []

    async def client(session, until):
        while (started := time.monotonic()) < until:
            async with session.post(f"{server.address}/invocations", data=GOOD) as answer:
                assert answer.status == 200
                assert "Close" in (await answer.json())["predictions"][0]
            took.append(1000 * (time.monotonic() - started))

    async def watch(until):
        while time.monotonic() < until:
            memory.append(server.process.memory_info().rss)
            await asyncio.sleep(seconds / 60)

    async def run():
        until = time.monotonic() + seconds
        async with aiohttp.ClientSession(headers={"Content-Type": "application/json"}) as session:
            await asyncio.gather(watch(until), *(client(session, until) for _ in range(CLIENTS)))

    asyncio.run(run())
    return took, memory


@pytest.mark.parametrize("seconds", [3, pytest.param(60, marks=pytest.mark.long)])
def test_many_clients(server, record_property, seconds):
    load(server, 1)  # what is made once is made
    took, memory = load(server, seconds)
    third = len(memory) // 3
    growth = statistics.mean(memory[-third:]) / statistics.mean(memory[:third])
    percentiles = statistics.quantiles(took, n=100)
    record_property("seconds", seconds)
    record_property("requests/s", round(len(took) / seconds))
    record_property("p50 ms", round(percentiles[49], 1))
    record_property("p99 ms", round(percentiles[98], 1))
    record_property("memory MB", round(memory[-1] / 1e6))
    record_property("memory growth", round(growth, 3))
    assert 0.9 < growth < 1.1


def answers(server):
    """Whether a good request is answered, soon."""
    started = time.monotonic()
    return server.ask(GOOD)[0] == 200 and time.monotonic() - started < 2


def test_many_bodies_of_50_mb(server):
    async def run():
        async with aiohttp.ClientSession(headers={"Content-Type": "application/json"}) as session:
            posts = (session.post(f"{server.address}/invocations", data=BytesIO(b"9" * 50_000_000)) for _ in range(4))
            return [answer.status for answer in await asyncio.gather(*posts)]

    before = server.process.memory_info().rss
    assert asyncio.run(run()) == [413] * 4
    assert server.process.memory_info().rss < before + 50_000_000
    assert answers(server)


def test_many_large_requests_at_once_take_little_memory(server):
    async def ask_at_once(count):
        async with aiohttp.ClientSession(headers={"Content-Type": "application/json"}) as session:

            async def ask():
                async with session.post(f"{server.address}/invocations", data=LARGE) as answer:
                    return answer.status, len((await answer.json())["predictions"])

            return set(await asyncio.gather(*(ask() for _ in range(count))))

    before = server.process.memory_info().rss
    assert asyncio.run(ask_at_once(80)) == {(200, 1000)}
    assert server.process.memory_info().rss < before + 40_000_000


def ask_thrice(networks, config, body, seconds):
    """Statuses and bodies of an application's first three answers, one after the other."""
    app = make_app(networks, config, seconds)
    scope = {"type": "http", "method": "POST", "path": "/invocations"}
    scope["headers"] = [(b"content-type", b"application/json")]
    said = []

    async def receive():
        return {"type": "http.request", "body": body}

    async def send(message):
        said.append(message.get("status", message.get("body")))

    async def run():
        for _ in range(3):
            await app(dict(scope), receive, send)

    asyncio.run(run())
    return said[::2], said[1::2]


def test_a_thread_gives_its_first_answer_as_the_others():
    torch.set_num_threads(2)  # a new thread has those of the environment, 1, until PyTorch sets its own
    network = {"cell": "lstm", "hidden_size": 32, "num_layers": 2, "bidirectional": True, "head": "flatten"}
    network |= {"input_size": 8, "length": 8, "output_size": 10, "output": "linear"}
    config = {"track": "digits", "network": network, "scaler": {"maximum": 16}}
    torch.manual_seed(0)
    rows = [[(number * 7 + row) % 17 for number in range(64)] for row in range(5)]
    body = json.dumps({"dataframe_split": {"columns": input_columns(config), "data": rows}}).encode()
    assert len(set(ask_thrice({0: build(network)}, config, body, 60)[1])) == 1


def test_a_request_that_waits_for_others_too_long(monkeypatch):
    monkeypatch.setattr(server_module, "make_predictor", lambda *_: lambda _: time.sleep(0.3))
    statuses, bodies = ask_thrice({}, {}, GOOD, 0.05)
    assert statuses == [503] * 3
    assert json.loads(bodies[0])["message"] == "too many requests: no answer within 0.05 s"


def connect(server, sent=b""):
    client = socket.create_connection(server.host_and_port, timeout=20)
    client.sendall(sent)
    return client


GARBAGE = {
    "NUL bytes": b"\0" * 1000,
    "all bytes": bytes(range(256)) * 300,
    "half a line": b"GET\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 99,
    "a line without end": b"a" * 70000,
    "a body of two lengths": HEAD[:-2] + b"Content-Length: 3\r\n\r\n",
    "a body with a length and in chunks": CHUNKED[:-2] + b"Content-Length: 3\r\n\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("sent", GARBAGE.values(), ids=GARBAGE)
def test_garbage(server, sent):
    with connect(server, sent) as client:
        assert client.recv(1000).startswith(b"HTTP/1.1 400 ")
    assert answers(server)


def test_a_body_that_does_not_come(server):
    with connect(server, HEAD) as client:
        assert client.recv(1000).startswith(b"HTTP/1.1 408 ")
    assert answers(server)


def test_a_body_that_comes_byte_by_byte(server):
    with connect(server, HEAD) as client:
        until = time.monotonic() + 10
        client.settimeout(0.1)
        while time.monotonic() < until:
            client.sendall(b" ")
            try:
                said = client.recv(1000)
                break
            except TimeoutError:
                pass
    assert said.startswith(b"HTTP/1.1 408 ")
    assert answers(server)


@pytest.mark.parametrize(
    "sent", [b"", HEAD[:40], PING, PING + HEAD[:40]], ids=["silent", "half a head", "idle", "half a second head"]
)
def test_a_connection_without_a_request_is_closed(server, sent):
    with connect(server, sent) as client:
        started = time.monotonic()
        while client.recv(1000):
            pass
        assert time.monotonic() - started < 12  # seconds, of which `--timeout 2` allows six


def test_clients_that_hang_up(server):
    for sent in (b"", HEAD, HEAD + GOOD, HEAD.replace(b"999", str(len(GOOD)).encode()) + GOOD) * 25:
        connect(server, sent).close()
    assert answers(server)


def test_hundreds_of_half_open_connections(server):
    with ExitStack() as clients:
        for sent in (b"", HEAD[:40], HEAD) * 100:
            clients.enter_context(connect(server, sent))
        assert answers(server)


def test_more_connections_than_open_files(server):
    limits, own = server.process.rlimit(psutil.RLIMIT_NOFILE), resource.getrlimit(resource.RLIMIT_NOFILE)
    server.process.rlimit(psutil.RLIMIT_NOFILE, (1024, limits[1]))
    resource.setrlimit(resource.RLIMIT_NOFILE, (own[1], own[1]))
    opened = []
    with ExitStack() as clients:
        clients.callback(resource.setrlimit, resource.RLIMIT_NOFILE, own)
        clients.callback(server.process.rlimit, psutil.RLIMIT_NOFILE, limits)
        for number in range(1400):
            clients.enter_context(connect(server))
            if number % 50 == 0:
                opened.append(server.process.num_fds())
        assert answers(server)
    assert max(opened) < 1000


def test_a_client_that_never_reads(server):
    with connect(server) as client:
        started = time.monotonic()
        with suppress(ConnectionError):
            while time.monotonic() - started < 15:  # seconds, of which `--timeout 2` allows six
                client.sendall(HEAD.replace(b"999", str(len(LARGE)).encode()) + LARGE)
        assert time.monotonic() - started < 15
    assert answers(server)


def test_chunks_of_one_byte(server):
    with ExitStack() as clients:
        for _ in range(10):
            client = clients.enter_context(connect(server, CHUNKED))
            client.setblocking(False)
            client.send(b"1\r\n \r\n" * 2**18)  # as many as find room
        assert answers(server)
