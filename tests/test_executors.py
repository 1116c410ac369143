"""Tasks give the same wherever they run, get their arrays without a copy, and outlive a worker's death."""

import os
import shutil
import signal
import subprocess
import sys
import warnings
from contextlib import ExitStack, suppress
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from rnnlab.core.errors import UserError
from rnnlab.execution.executors import TRIES, make_executor

KINDS = {"here": ("local", 1), "processes": ("local", 2), "ray": ("ray", 2)}
RAY = pytest.param("ray", marks=pytest.mark.long)


@pytest.fixture(scope="module")
def executors():
    """Of each kind one, started when it is first asked for."""
    started = {}
    with warnings.catch_warnings(), ExitStack() as stack:
        warnings.simplefilter("ignore", ResourceWarning)  # Ray does not wait for the processes that it ends
        # where Ray's workers find the tasks below
        stack.enter_context(pytest.MonkeyPatch.context()).setenv("PYTHONPATH", str(Path(__file__).parent))

        def get(kind):
            if kind == "ray" and not find_spec("ray"):  # imported by the executor, which sets it up before
                pytest.skip("needs Ray: pip install -e '.[cluster]'")
            if kind not in started:
                started[kind] = stack.enter_context(make_executor(*KINDS[kind]))
            return started[kind]

        yield get


@pytest.fixture(params=["here", "processes", RAY])
def executor(request, executors):
    return executors(request.param)


@pytest.fixture(params=["processes", RAY])
def others(request, executors):
    """An executor whose tasks run in other processes."""
    return executors(request.param)


def multiply(seed, threads):
    torch.set_num_threads(threads)
    a = torch.randn(200, 200, generator=torch.Generator().manual_seed(seed))
    return (a @ a).tanh().sum().item()


def test_results_are_the_same_everywhere(executor):
    items = [(seed, 1) for seed in range(5)]
    expected = [(index, multiply(*item)) for index, item in enumerate(items)]
    assert sorted(executor.map(multiply, items)) == expected


def look(array):
    base = array
    while base is not None and not isinstance(base, np.memmap):
        base = getattr(base, "base", None)
    return os.getpid(), base is not None and base.filename, array.flags.writeable, array.tolist()


@pytest.mark.parametrize(
    "view", [lambda a: a, lambda a: a[3:7], lambda a: np.asarray(a)[2:][::2], lambda a: a[1:6, 1:3]]
)
@pytest.mark.parametrize("mode", ["c", "r"])
def test_a_worker_maps_the_file_that_an_array_is_a_view_of(executors, tmp_path, mode, view):
    np.save(tmp_path / "a.npy", np.arange(30.0).reshape(10, 3))
    array = view(np.load(tmp_path / "a.npy", mmap_mode=mode))
    ((_, (pid, filename, _, values)),) = executors("processes").map(look, [(array,)])
    assert pid != os.getpid()
    assert filename == tmp_path / "a.npy"
    assert values == array.tolist()


@pytest.mark.long
def test_a_worker_of_ray_reads_mapped_arrays_in_its_object_store(executors, tmp_path):
    np.save(tmp_path / "a.npy", np.arange(300_000.0))
    array = np.load(tmp_path / "a.npy", mmap_mode="c")[5:]
    ((_, (_, _, writeable, values)),) = executors("ray").map(look, [(array,)])
    assert not writeable  # what was copied could be written to
    assert values == array.tolist()


@pytest.mark.long
def test_a_ray_of_our_own_listens_to_this_machine_alone(executors):
    assert list(executors("ray").map(abs, [(-1,)])) == [(0, 1)]
    addresses = set()
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            found = process.net_connections("inet")
            addresses |= {each.laddr.ip for each in found if each.status == psutil.CONN_LISTEN}
    assert addresses
    assert addresses <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


def test_items_are_taken_as_workers_get_free(executor):
    taken = []

    def items():
        for number in range(20):
            taken.append(number)
            yield number, 1

    for received, _ in enumerate(executor.map(multiply, items())):
        assert len(taken) - received <= 2 + 2  # at work, and ended at once


def fail(number, error):
    raise error


@pytest.mark.parametrize("error", [UserError("backtest: too few windows"), ValueError("negative")])
def test_what_a_task_raises_arrives_as_it_is(executor, error):
    with pytest.raises(type(error)) as found:
        list(executor.map(fail, [(number, error) for number in range(3)]))
    assert type(found.value) is type(error)
    assert str(found.value) == str(error)


def square(number, killed, tries, log):
    """Of ``killed`` the first ``tries`` end their own process."""
    if number == killed:
        with log.open("a") as file:
            file.write("tried\n")
        if len(log.read_text().splitlines()) <= tries:
            os.kill(os.getpid(), signal.SIGKILL)
    return number**2


def test_a_task_whose_worker_is_killed_is_tried_again(others, tmp_path):
    items = [(number, 2, TRIES - 1, tmp_path / "log") for number in range(5)]
    assert sorted(others.map(square, items)) == [(number, number**2) for number in range(5)]
    assert len((tmp_path / "log").read_text().splitlines()) == TRIES


def test_a_task_that_always_kills_its_worker_is_given_up_and_named(others, tmp_path):
    items = [(number, 2, 9, tmp_path / "log") for number in range(5)]
    with pytest.raises(UserError, match=f"task 2: its worker died {TRIES} times"):
        list(others.map(square, items))
    assert len((tmp_path / "log").read_text().splitlines()) == TRIES
    assert list(others.map(abs, [(-3,)])) == [(0, 3)]  # it goes on


def test_a_missing_ray_is_named_with_what_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match=r"executor: ray needs Ray: pip install -e '\.\[cluster\]'"):
        make_executor("ray", 2).__enter__()


def python(script, *words, folder, **settings):
    env = os.environ | {"PYTHONPATH": str(folder), "RAY_ADDRESS": ""}
    return subprocess.Popen([sys.executable, "-c", script, *words], cwd=folder, env=env, text=True, **settings)


def test_a_cluster_that_does_not_answer_is_told_at_once(root):
    if not find_spec("ray"):
        pytest.skip("needs Ray: pip install -e '.[cluster]'")
    script = """
import os
from rnnlab.execution.executors import make_executor
os.environ["RAY_ADDRESS"] = "127.0.0.1:1"
try:
    make_executor("ray", 2).__enter__()
except Exception as error:
    print(type(error).__name__, error)
"""
    with python(script, folder=root, stdout=subprocess.PIPE) as process:
        assert process.stdout.read().startswith("UserError RAY_ADDRESS 127.0.0.1:1: can't be reached (")


def test_one_worker_of_this_machine_needs_neither_joblib_nor_ray(root):
    script = """
import sys
from rnnlab.execution.executors import make_executor
with make_executor("local", 1) as executor:
    assert list(executor.map(abs, [(-1,)])) == [(0, 1)]
sys.exit(bool({"joblib", "ray"} & set(sys.modules)))
"""
    assert python(script, folder=root).wait() == 0


@pytest.mark.parametrize("kind", ["processes", RAY])
def test_workers_run_the_code_of_the_folder_that_they_are_called_from(root, tmp_path, kind):
    for name in ("rnnlab", "stages"):
        shutil.copytree(root / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "rnnlab/core/errors.py").open("a") as file:
        file.write("\nWHOSE = 'the copy'\n")
    script = """
import sys
from rnnlab.execution.executors import make_executor
def whose():
    import rnnlab.core.errors
    return rnnlab.core.errors.WHOSE
with make_executor(sys.argv[1], 2) as executor:
    print(*(result for _, result in executor.map(whose, [()])))
"""
    with python(script, KINDS[kind][0], folder=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout.read() == "the copy\n"  # and nothing else


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("processes", signal.SIGINT),
        ("processes", signal.SIGKILL),
        pytest.param("ray", signal.SIGINT, marks=pytest.mark.long),  # after a SIGKILL it takes Ray a minute
    ],
)
def test_workers_end_with_the_process_that_they_work_for(root, kind, number):
    script = """
import sys, time
from rnnlab.execution.executors import make_executor
with make_executor(sys.argv[1], 2) as executor:
    for _ in executor.map(time.sleep, [(0,), (0,), (60,), (60,)]):
        print(flush=True)
"""
    settings = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with python(script, KINDS[kind][0], folder=root, **settings) as process:
        process.stdout.readline()
        process.stdout.readline()
        workers = psutil.Process(process.pid).children(recursive=True)
        assert len(workers) >= 2
        process.send_signal(number)
        _, alive = psutil.wait_procs(workers, timeout=20)
        assert not alive
