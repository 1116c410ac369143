"""Downloads from a real server on this machine that does what servers and networks do when they are not well."""

import hashlib
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from itertools import chain, repeat

import pytest
from ruamel.yaml import YAML

from rnnlab.core.errors import UserError
from rnnlab.data import downloads, sources

pytestmark = pytest.mark.promise(number=6)

CONTENT = b"Date,Close\n" + b"2020-01-02,1\n" * 1000
HASH = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
PAGE = b"\n<!DOCTYPE html><html><body>Welcome to our hotel</body></html>"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.requests.append(self.headers)
        self.close_connection = True
        next(self.server.answers)(self)

    def log_message(self, *words):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = False  # closing it waits for its threads: none is left behind

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests, self.done = [], threading.Event()
        self.address = f"http://127.0.0.1:{self.server_port}/b.csv"

    def shutdown_request(self, request):
        self.close_request(request)  # without a word, so that ``reset`` can be one

    def answer(self, first, *others):
        """Answer the first request with ``first``, and so on; the last one again and again."""
        answers = [first, *others]
        self.answers = chain(answers, repeat(answers[-1]))


@pytest.fixture
def server():
    with Server() as found:
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield found
        found.done.set()
        found.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch):
    monkeypatch.setattr(downloads, "SILENCE", 0.5)
    monkeypatch.setattr(downloads, "PAUSES", (0.01, 0.01))
    monkeypatch.setattr(downloads, "LIMIT", 2**16)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cache/b.csv"


# What a server may do with a request


def send(status=200, body=CONTENT, **headers):
    def answer(request):
        request.send_response(status)
        for name, value in ({"Content-Length": len(body)} | headers).items():
            request.send_header(name.replace("_", "-"), str(value))
        request.end_headers()
        request.wfile.write(body)

    return answer


def raw(content):
    return lambda request: request.wfile.write(content)


def redirect(to, status=302):
    return send(status, b"", Location=to)


def reset(after):
    """Send something, and break the connection off as a crash does."""

    def answer(request):
        request.wfile.write(after)
        time.sleep(0.05)  # what is still on its way would be lost with the connection
        request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return answer


def fall_silent(after):
    def answer(request):
        request.wfile.write(after)
        request.server.done.wait(30)

    return answer


def drip(content, seconds=0.1):
    """A byte now and then, never silent for long."""

    def answer(request):
        for byte in content:
            if request.server.done.wait(seconds):
                return
            try:
                request.wfile.write(bytes([byte]))
            except OSError:
                return

    return answer


def flood(request):
    request.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    try:
        while not request.server.done.is_set():
            request.wfile.write(CONTENT)
    except OSError:
        pass


HEAD = f"HTTP/1.1 200 OK\r\nContent-Length: {len(CONTENT)}\r\n\r\n".encode()
HALF = HEAD + CONTENT[:5000]
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

# Answers, and the number of requests. Where a connection breaks before an answer, aiohttp itself asks once more.
MENDED = {
    "nothing wrong": ([send()], 1),
    "chunks": ([raw(CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(CONTENT), CONTENT))], 1),
    "called a page": ([send(Content_Type="text/html")], 1),
    "called gzip": ([send(Content_Encoding="gzip")], 1),
    "busy once": ([send(503), send()], 2),
    "too many requests": ([send(429), send()], 2),
    "an error, a gateway": ([send(500), send(502), send()], 3),
    "reset at once": ([reset(b""), send()], 2),
    "reset in the file": ([reset(HALF), send()], 2),
    "half a file": ([raw(HALF), send()], 2),
    "silent once": ([fall_silent(b""), send()], 2),
    "silent in the file": ([fall_silent(HALF), send()], 2),
    "moved": ([redirect("/elsewhere"), send()], 2),
    "moved for good": ([redirect("/elsewhere", 308), send()], 2),
}
REFUSED = {
    "not found": ([send(404)], 1, "the server answered 404 Not Found"),
    "forbidden": ([send(403, PAGE)], 1, "the server answered 403 Forbidden"),
    "always an error": ([send(500)], 3, "the server answered 500 Internal Server Error"),
    "always busy": ([send(503, Retry_After=3600)], 3, "the server answered 503 Service Unavailable"),
    "always reset": ([reset(b"")], 6, "Connection reset by peer"),
    "hung up": ([raw(b"")], 6, "the server hung up"),
    "always half a file": ([raw(HALF)], 3, "the connection ended in the middle of the file"),
    "half a chunk": ([raw(CHUNKED + b"1000\r\nabc")], 3, "the connection ended in the middle of the file"),
    "half a file, length unsaid": ([raw(b"HTTP/1.1 200 OK\r\n\r\nDate,Cl")], 1, "does not match the known hash"),
    "half a head": ([raw(HEAD[:20])], 6, "the server hung up"),
    "always silent": ([fall_silent(b"")], 3, "the server was silent for 0.5 s"),
    "no bytes": ([send(body=b"")], 1, "does not match the known hash"),
    "other bytes": ([send(body=CONTENT[::-1])], 1, "does not match the known hash"),
    "one bit": ([send(body=b"e" + CONTENT[1:])], 1, "does not match the known hash"),
    "captive portal": ([send(body=PAGE)], 1, "a web page came instead of data: is a login to the network needed?"),
    "led to a login": ([redirect("/login"), send(body=PAGE)], 2, "a web page came instead of data"),
    "login required": ([send(511, PAGE)], 1, "the server answered 511 Network Authentication Required"),
    "going round": ([redirect("/b.csv")], 5, "the server redirects again and again"),
    "led to a file": (
        [redirect("file:///etc/passwd")],
        1,
        "file:///etc/passwd does not begin with http:// or https://",
    ),
    "no HTTP": ([raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")], 1, "the server answered 400 "),
    "without end": ([flood], 1, "more than 0.0625 MiB came, and no file is so large"),
}


@pytest.mark.parametrize(("answers", "count"), MENDED.values(), ids=MENDED)
def test_it_comes_all_the_same(server, path, answers, count):
    server.answer(*answers)
    downloads.download(server.address, HASH, path)
    assert path.read_bytes() == CONTENT
    # aiohttp asks once more by itself where a connection ends before its answer begins
    assert count <= len(server.requests) <= 2 * count
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(("answers", "count", "message"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused_and_leaves_nothing(server, path, answers, count, message):
    server.answer(*answers)
    with pytest.raises(UserError) as error:
        downloads.download(server.address, HASH, path)
    assert message in str(error.value)
    # aiohttp asks once more by itself where a connection ends before its answer begins
    assert count <= len(server.requests) <= 2 * count
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("content", [HEAD + CONTENT, b"HTTP/1.1 200 OK\r\nServer: " + b"x" * 999], ids=["file", "head"])
def test_a_server_that_is_never_silent_and_never_done(server, path, monkeypatch, content):
    monkeypatch.setattr(downloads, "SECONDS", 1.0)
    server.answer(drip(content))
    with pytest.raises(UserError, match="the file did not come within 1 s"):
        downloads.download(server.address, HASH, path)
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("http://127.0.0.1:1/b.csv", "Cannot connect to host 127.0.0.1:1"),
        ("http://nobody.invalid/b.csv", "Cannot connect to host nobody.invalid:80"),
        ("http://[::1/b.csv", "is no address"),
        ("ftp://127.0.0.1/b.csv", "does not begin with http:// or https://"),
    ],
)
def test_nobody_there(path, address, message):
    with pytest.raises(UserError) as error:
        downloads.download(address, HASH, path)
    assert message in str(error.value)


def test_a_damaged_file_in_the_cache_is_replaced(server, path):
    path.parent.mkdir()
    path.write_bytes(CONTENT[:99])
    server.answer(send())
    downloads.download(server.address, HASH, path)
    assert path.read_bytes() == CONTENT


def test_a_damaged_file_stays_where_no_other_comes(server, path):
    path.parent.mkdir()
    path.write_bytes(b"old")
    server.answer(send(404))
    with pytest.raises(UserError):
        downloads.download(server.address, HASH, path)
    assert path.read_bytes() == b"old"


def test_several_at_once(server, path):
    server.answer(lambda request: (time.sleep(0.1), send()(request)))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: downloads.download(server.address, HASH, path), range(4)))
    assert len(server.requests) == 4
    assert path.read_bytes() == CONTENT
    assert list(path.parent.iterdir()) == [path]


def test_a_password_is_sent_and_not_shown(server, path, capfd):
    server.answer(send(404))
    with pytest.raises(UserError) as error:
        downloads.download(server.address.replace("//", "//me:secret@"), HASH, path)
    assert server.requests[0]["Authorization"].startswith("Basic ")
    assert "secret" not in str(error.value) + "".join(capfd.readouterr())


def test_the_public_address_where_the_mirror_fails(server, monkeypatch):
    monkeypatch.setenv("RNNLAB_MIRROR", server.address.removesuffix("/b.csv").replace("//", "//me:secret@"))
    server.answer(send(404), send())
    assert sources.locate("b.csv", HASH, [server.address]).read_bytes() == CONTENT


def test_the_message_says_what_to_do_and_no_password(server, monkeypatch):
    monkeypatch.setenv("RNNLAB_MIRROR", server.address.removesuffix("/b.csv").replace("//", "//me:secret@"))
    server.answer(send(404))
    with pytest.raises(UserError) as error:
        sources.locate("b.csv", HASH, [])
    assert f"{server.address}: the server answered 404" in str(error.value)
    assert "To go on: set RNNLAB_MIRROR" in str(error.value)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_is_stopped_leaves_no_file(server, path, root, number):
    server.answer(fall_silent(HALF))
    program = (
        "import pathlib, signal, sys; from rnnlab.data.downloads import download; from rnnlab.core.stage import run;"
        # where the tests run in a shell's background it is ignored
        "signal.signal(signal.SIGINT, signal.default_int_handler); sys.argv[1:] = [];"
        f"run(lambda: download({server.address!r}, {HASH!r}, pathlib.Path({str(path)!r})))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        until = time.monotonic() + 60
        while not any(found.stat().st_size for found in path.parent.glob("*")) and time.monotonic() < until:
            time.sleep(0.02)
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert "Traceback" not in said
    assert list(path.parent.iterdir()) == []


def test_https_is_not_left_for_http(server, path, root, tmp_path):
    certificate = make_certificate(tmp_path / "own.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with Server() as plain:
        plain.answer(send())
        thread = threading.Thread(target=plain.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        server.answer(redirect(plain.address))
        program = (
            "import pathlib; from rnnlab.data.downloads import download;"
            f"download({server.address.replace('http', 'https')!r}, {HASH!r}, pathlib.Path({str(path)!r}))"
        )
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=root,
            env=os.environ | {"SSL_CERT_FILE": str(certificate)},
            capture_output=True,
            text=True,
        )
        plain.shutdown()
        thread.join()
    assert "UserError: the server leads from https to http" in done.stderr
    assert list(path.parent.iterdir()) == []


def make_certificate(path):
    """Of 127.0.0.1, signed by itself, with its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(1))
        .not_valid_after(now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(made.public_bytes(pem) + secret)
    return path


def test_the_stage_says_one_error_and_leaves_old_data(server, root, tmp_path):
    params = YAML(typ="safe").load(root / "params.yaml")
    params["digits"]["source"] = "mnist"
    YAML(typ="safe").dump(params, tmp_path / "params.yaml")
    old = tmp_path / "data/raw/digits/sample.npz"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"old")
    server.answer(send(body=PAGE))
    done = subprocess.run(
        [sys.executable, "-m", "stages.fetch", "digits"],
        cwd=tmp_path,
        env=os.environ
        | {"PYTHONPATH": str(root), "RNNLAB_MIRROR": server.address.removesuffix("/b.csv")}
        | {"HTTP_PROXY": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1"},  # no way to the public addresses
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert done.stderr.count("error: ") == 1
    assert "a web page came instead of data" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in old.parent.iterdir()] == ["sample.npz"]
    assert not [path for path in sources.download_cache().rglob("*") if path.is_file()]
