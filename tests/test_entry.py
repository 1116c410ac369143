import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from rnnlab.core import stage
from rnnlab.core.errors import UserError
from rnnlab.core.stage import run


def fail(error):
    raise error


@pytest.mark.promise(number=3)
@pytest.mark.parametrize(
    ("words", "main", "message"),
    [
        (
            ["bonds"],
            {"series": lambda: None, "digits": lambda: None},
            "error: expected one of series, digits; found bonds",
        ),
        ([], {"series": lambda: None}, "error: expected one of series; found nothing"),
        ([], lambda name: None, "error: expected name; found nothing"),
        (["a"], lambda name: fail(UserError("a.csv: line 3")), "error: a.csv: line 3"),
        ([], lambda: torch.empty(2**50), "error: there is not enough memory; smaller sizes, fewer seeds"),
        ([], lambda: np.ones(2**50), "error: there is not enough memory; smaller sizes, fewer seeds"),
        ([], lambda: fail(MemoryError()), "error: there is not enough memory; smaller sizes, fewer seeds"),
        ([], lambda: fail(ImportError("x.so: failed to map segment")), "error: there is not enough memory; smaller"),
        ([], lambda: fail(UserError("a\x1b[31m\x9b\n  b")), "error: a\\x1b[31m\\x9b\n  b"),
        ([], lambda: Path("a" * 300).read_bytes(), f"error: {'a' * 300}: File name too long"),
        ([], lambda: Path("none.npy").read_bytes(), "error: none.npy: is not there"),
    ],
)
def test_a_mistake_is_one_message_and_exit_code_1(monkeypatch, tmp_path, words, main, message):
    monkeypatch.setattr("sys.argv", ["stage", *words])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        run(main)
    assert str(stopped.value.code).startswith(message)  # a text: Python prints it and exits with 1


def test_the_word_chooses(monkeypatch):
    called = []
    monkeypatch.setattr("sys.argv", ["stage", "digits"])
    run({"series": lambda: called.append("series"), "digits": lambda: called.append("digits")})
    assert called == ["digits"]


SPEAKS = """
from rnnlab.core.errors import say
from rnnlab.core.stage import run

run(lambda: say("20 °C", "\\x1b[31m"))
"""


def test_a_terminal_with_ascii_alone_shows_other_letters_escaped(root):
    env = os.environ | {"PYTHONPATH": str(root), "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-c", SPEAKS], env=env, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("20 \\xb0C\n\\x1b[31m\n", "")


def test_a_reader_that_has_enough_is_no_error(root):
    reading, writing = os.pipe()
    os.close(reading)
    env = os.environ | {"PYTHONPATH": str(root)}
    with open(writing, "wb") as pipe:
        done = subprocess.run([sys.executable, "-c", SPEAKS], env=env, stdout=pipe, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


STAGE = """
import sys, time
from rnnlab.core.stage import run

def main():
    try:
        print("began", flush=True)
        time.sleep(60)
    finally:
        print("closed", flush=True)

sys.argv = ["stage"]
run(main)
"""
DVC = "import subprocess, sys; subprocess.run(['sh', '-c', f'{sys.executable} stage.py; true'])"


def test_a_stage_whose_dvc_was_killed_outright_closes_what_is_open(root, tmp_path):
    (tmp_path / "stage.py").write_text(STAGE)
    env = os.environ | {"DVC_STAGE": "train@m", "PYTHONPATH": str(root)}
    with subprocess.Popen([sys.executable, "-c", DVC], cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True) as dvc:
        assert dvc.stdout.readline() == "began\n"
        dvc.kill()
        assert dvc.stdout.read() == "closed\n"


def test_a_stage_whose_dvc_was_gone_before_it_looked_does_nothing(monkeypatch):
    monkeypatch.setattr("sys.argv", ["stage"])
    monkeypatch.setenv("DVC_STAGE", "train@m")
    monkeypatch.setattr(stage, "caller", lambda: SimpleNamespace(pid=1, name=lambda: "init"))
    with pytest.raises(SystemExit, match="the dvc that started this stage is gone"):
        run(lambda: pytest.fail("ran"))
