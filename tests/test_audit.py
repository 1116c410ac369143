"""The audit of the pinned packages, against a stand-in for the service that knows their weaknesses."""

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytestmark = pytest.mark.promise(number=7)

WEAKNESS = {
    "id": "OSV-1",
    "summary": "a hole",
    "modified": "2026-01-01T00:00:00Z",
    "affected": [
        {
            "package": {"name": "bad", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}],
        }
    ],
}


class Service(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = json.dumps({"vulns": [WEAKNESS]} if asked["package"]["name"] == "bad" else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def service():
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def audit(root, tmp_path):
    def _audit(pins, *options):
        (tmp_path / "pins.txt").write_text(pins)
        args = [sys.executable, str(root / ".ci/audit.py"), str(tmp_path / "pins.txt"), *options]
        done = subprocess.run(args, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    return _audit


def test_packages_without_a_known_weakness_pass(audit, service):
    assert audit("good==1.0\nfine==2.0\n", "-s", "osv", "--osv-url", service) == (
        0,
        "pip-audit: 2 of 2 packages audited, 0 known weaknesses\n",
    )


def test_a_known_weakness_fails_the_check(audit, service):
    code, said = audit("good==1.0\nbad==1.0\n", "-s", "osv", "--osv-url", service)
    assert code == 1
    assert "bad==1.0: OSV-1, mended in 1.1: a hole" in said


def test_without_a_network_it_says_that_nothing_was_audited(audit):
    code, said = audit("good==1.0\n", "-s", "osv", "--osv-url", "http://127.0.0.1:9")
    assert code == 0
    assert said.startswith("pip-audit: skipped, nothing was audited: ")


def test_a_file_that_cannot_be_audited_fails_the_check(audit):
    code, said = audit("good>=1.0\n")
    assert code == 1
    assert said.startswith("pip-audit failed: ")
