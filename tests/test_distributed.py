"""Two processes train as one does with the same batches, and end together."""

import os
import signal
import subprocess
import sys

import psutil
import pytest
import torch
from served import free_port

from rnnlab.core.errors import UserError
from rnnlab.execution.ranks import join
from rnnlab.networks.network import RecurrentNetwork
from rnnlab.networks.weights_header import read_config
from rnnlab.training.ensemble import Ensemble
from rnnlab.training.interfaces import SingleProcess
from rnnlab.training.replicas import Replicas
from rnnlab.training.settings import Settings
from rnnlab.training.trainer import Trainer

CONFIG = {
    "cell": "gru",
    "input_size": 2,
    "length": 3,
    "output_size": 3,
    "hidden_size": 4,
    "num_layers": 2,
    "bidirectional": True,
    "head": "last",
    "output": "linear",
}
SEEDS = (3, 4)
CPU = torch.device("cpu")
# 10 samples in batches of 3: shares of 2 and 1, and in the last batch of 1 and none
ALL = Settings(epochs=3, batch_size=3, learning_rate=0.05, schedule="onecycle", max_grad_norm=0.5, patience=1)
CASES = {
    "lstm": (Ensemble, "lstm", Settings(3, 3, 0.05)),
    "gru, replicas": (Replicas, "gru", Settings(3, 3, 0.05)),
    "all that can be set": (Ensemble, "gru", ALL),
    "all that can be set, replicas": (Replicas, "lstm", ALL),
    "batches of one sample": (Replicas, "rnn", Settings(2, 1, 0.05)),
}
TRACKS = ("regression", "classes")
CUT = "all that can be set", "classes"


def trained(case, track, group, restored=None):
    """Gradients after each step (as they were clipped), history, weights, and the state after five steps."""
    engine, cell, settings = CASES[case]
    generator = torch.Generator().manual_seed(1)
    x, y = torch.rand(10, 3, 2, generator=generator), torch.rand(10, 3, generator=generator)
    if track == "classes":
        y = y.argmax(1)
    states = []
    for seed in SEEDS:
        torch.manual_seed(seed)
        states.append(RecurrentNetwork(**CONFIG | {"cell": cell}).state_dict())
    engine = engine(CONFIG | {"cell": cell}, states)
    trainer = Trainer(engine, x, y, SEEDS, settings, (x[:3], y[:3]))
    if restored:
        trainer.restore(restored)
    gradients, saved = [], []

    def after_step():
        gradients.append(torch.cat([gradient.flatten() for gradient in engine.gradients]))
        if trainer.epoch * trainer.steps + trainer.step == 5:
            saved.append(trainer.progress())

    history = [row for rows in trainer.run(after_step, group) for row in rows]
    weights = torch.cat([value.flatten() for state in trainer.states() for value in state.values()])
    return gradients, history, weights, saved


def work(rank, size, port, folder):
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(size)}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    torch.set_num_threads(1)
    found, saved = {}, {}
    with join(CPU) as group:
        for case in CASES:
            for track in TRACKS:
                *found[case, track], saved[case, track] = trained(case, track, group)
        found["gone on with"] = trained(*CUT, group, saved[CUT][0])[1:3]
        found["from the first"] = group.from_first(lambda: rank)
        group.check_same("alike")
        try:
            group.check_same(f"of {rank}")
        except UserError as error:
            found["refused"] = str(error)
    torch.save(found, folder / f"{rank}.pt")


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    """What each of two ranks has found."""
    folder = tmp_path_factory.mktemp("ranks")
    torch.multiprocessing.spawn(work, (2, free_port(), folder), nprocs=2)
    return [torch.load(folder / f"{rank}.pt") for rank in (0, 1)]


@pytest.mark.parametrize("track", TRACKS)
@pytest.mark.parametrize("case", CASES)
def test_two_ranks_train_as_one(ranks, case, track):
    gradients, history, weights, _ = trained(case, track, SingleProcess())
    for found in (rank[case, track] for rank in ranks):
        assert len(found[0]) == len(gradients) >= 8
        torch.testing.assert_close(found[0][0], gradients[0], rtol=1e-5, atol=1e-7)
        torch.testing.assert_close(found[0], gradients, rtol=1e-4, atol=1e-5)  # after steps that differ a little
        assert found[1] == [{name: pytest.approx(value, abs=1e-5) for name, value in row.items()} for row in history]
        torch.testing.assert_close(found[2], weights, rtol=0, atol=1e-5)


def test_the_ranks_have_the_same_bytes(ranks):
    first, second = ranks
    for case in first.keys() & second.keys() - {"refused"}:
        torch.testing.assert_close(first[case], second[case], rtol=0, atol=0)


def test_a_training_of_two_ranks_that_was_cut_off_goes_on_to_the_same_bytes(ranks):
    (history, weights), whole = ranks[0]["gone on with"], ranks[0][CUT]
    assert history == [row for row in whole[1] if row["epoch"] >= 1] != []
    assert torch.equal(weights, whole[2])


def test_what_the_first_rank_makes_is_all_ranks(ranks):
    assert [rank["from the first"] for rank in ranks] == [0, 0]


def test_ranks_that_would_train_different_things_are_told(ranks):
    assert all("rank 1 would train something else than rank 0" in rank["refused"] for rank in ranks)


def test_without_torchrun_nobody_is_waited_for():
    with join(CPU) as group:
        assert (group.rank, group.size) == (0, 1)
    assert not torch.distributed.is_initialized()


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ({"WORLD_SIZE": "2"}, "says RANK=nothing, WORLD_SIZE=2, LOCAL_RANK=nothing: torchrun sets them"),
        ({"WORLD_SIZE": "2", "RANK": "2", "LOCAL_RANK": "0"}, "says RANK=2, WORLD_SIZE=2"),
        ({"WORLD_SIZE": "two", "RANK": "0", "LOCAL_RANK": "0"}, "WORLD_SIZE=two"),
        ({"WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": "0"}, "rank 0 of 2 does not reach the others: .*MASTER_ADDR"),
    ],
)
def test_a_wrong_place_in_the_group_is_an_error(monkeypatch, place, message):
    for name in ("RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in place.items():
        monkeypatch.setenv(name, value)
    # the signal of a parent's end is a matter of the whole process
    monkeypatch.setattr(torch.multiprocessing, "_prctl_pr_set_pdeathsig", lambda _: None)
    with pytest.raises(UserError, match=message), join(CPU):
        pass


@pytest.mark.parametrize(
    ("device", "there", "message"),
    [("cpu", False, "need gloo, which this build of PyTorch lacks"), ("cuda", True, "rank 0 has no CUDA device")],
)
def test_a_missing_backend_or_device_is_an_error(monkeypatch, device, there, message):
    for name, value in {"WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.multiprocessing, "_prctl_pr_set_pdeathsig", lambda _: None)
    for backend in ("gloo", "nccl"):
        monkeypatch.setattr(torch.distributed, f"is_{backend}_available", lambda: there)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(UserError, match=message), join(torch.device(device)):
        pass


@pytest.fixture(scope="module")
def workspace(made, tmp_path_factory):
    return made.copy(tmp_path_factory.mktemp("ranks") / "home")


def losses(workspace):
    lines = (workspace.folder / "metrics/history/digits_bigru.csv").read_text().splitlines()[1:]
    return [float(line.split(",")[2]) for line in lines]


@pytest.mark.slow
def test_the_stage_by_dvc_and_by_torchrun(workspace):
    alone, files = losses(workspace), {path for path in workspace.folder.rglob("*") if ".dvc" not in path.parts}
    workspace.set("ranks", 2)
    by_dvc = workspace.dvc("repro", "train@digits_bigru")
    assert by_dvc.count("digits_bigru: epoch    0") == 1
    assert losses(workspace) == pytest.approx(alone, abs=1e-5)
    weights = workspace.folder / "models/digits_bigru.safetensors"
    made = weights.read_bytes()
    assert read_config(str(weights))["made_with"] == {"engine": "ensemble", "threads": 1, "ranks": 2}
    weights.unlink()
    workspace.set("ranks", 1)  # torchrun's own number counts
    words = ["--standalone", "--nproc-per-node", "2", "-m", "stages.train", "digits_bigru"]
    workspace.call(sys.executable, "-m", "torch.distributed.run", *words)
    assert weights.read_bytes() == made
    assert {path for path in workspace.folder.rglob("*") if ".dvc" not in path.parts} == files


@pytest.mark.slow
def test_a_mistake_is_told_without_a_traceback(workspace):
    workspace.set("ranks", 2)
    workspace.set("training.digits.learning_rate", 3e38)  # any sum of two weights is infinite
    told = workspace.call(sys.executable, "-m", "stages.train", "digits_bigru", ok=False)
    workspace.set("training.digits.learning_rate", 0.005)
    assert "no seed of 1 learned" in told
    assert "error: rank 0 of 2 ended with exit code 1" in told
    assert "Traceback" not in told


@pytest.mark.long
@pytest.mark.parametrize("whom", ["a rank", "the launcher"])
def test_killed(workspace, whom):
    workspace.set("ranks", 2)
    workspace.set("training.digits.epochs", 100_000)
    stage = subprocess.Popen(
        [sys.executable, "-m", "stages.train", "digits_bigru"],
        cwd=workspace.folder,
        env=workspace.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert "epoch    0" in stage.stdout.readline()
    ranks = [process for process in psutil.Process(stage.pid).children() if "stages.train" in process.cmdline()]
    assert len(ranks) == 2
    os.kill(ranks[1].pid if whom == "a rank" else stage.pid, signal.SIGKILL)
    told, _ = stage.communicate(timeout=60)
    assert psutil.wait_procs(ranks, timeout=60)[1] == []
    assert stage.returncode == (1 if whom == "a rank" else -signal.SIGKILL)
    assert whom != "a rank" or ("error: rank 1 of 2 ended with exit code -9" in told and "Traceback" not in told)
