"""The train stage on a few windows: killed, started again, changed in between."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from ruamel.yaml import YAML

from stages import checkpoint, train
from stages.files import write_arrays, write_json

MODEL = "stock_gru"
CHECKPOINT = Path("data/checkpoints") / f"{MODEL}.safetensors"


@pytest.fixture(autouse=True)
def _workspace(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(root / "params.yaml", "params.yaml")
    change("training.stock.epochs", 4)
    change("training.stock.seeds", 2)
    change("threads", 1)
    generator = np.random.default_rng(0)
    for part, rows in (("train", 40), ("validation", 0)):
        arrays = {"inputs": generator.random((rows, 4)), "target": generator.random(rows)}
        arrays["dates"] = np.arange(rows).astype("datetime64[D]").astype("datetime64[s]")
        write_arrays(Path("data/split/stock") / part, arrays)
        write_json(Path("data/split/stock") / part / "window.json", {"length": 5, "horizon": 1})
    write_json(Path("data/scaled/stock/scaler.json"), {"target": "Close"})
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def change(key, value):
    yaml = YAML()
    content = section = yaml.load(Path("params.yaml"))
    *path, last = key.split(".")
    for part in path:
        section = section[part]
    section[last] = value
    yaml.dump(content, Path("params.yaml"))


def results():
    return [
        (Path(kind) / f"{MODEL}.{end}").read_bytes()
        for kind, end in (("models", "safetensors"), ("metrics/history", "csv"))
    ]


@pytest.fixture
def whole():
    train.main(MODEL)
    made = results()
    shutil.rmtree("models")
    shutil.rmtree("metrics")
    assert not CHECKPOINT.exists()
    return made


@pytest.fixture
def kill(monkeypatch):
    """Train with a checkpoint after each step, and stop as a kill would after so many."""

    def _kill(steps):
        with monkeypatch.context() as patch:
            patch.setattr(checkpoint, "SECONDS", 0.0)
            save = checkpoint.Checkpoint.save_if_due

            def save_and_die(self, trainer, rows, choice):
                save(self, trainer, rows, choice)
                if trainer.epoch * trainer.steps + trainer.step == steps:
                    raise KeyboardInterrupt

            patch.setattr(checkpoint.Checkpoint, "save_if_due", save_and_die)
            with pytest.raises(KeyboardInterrupt):
                train.main(MODEL)
        assert not Path("models").exists()

    return _kill


@pytest.mark.parametrize("steps", [1, 2, 5, 8])
def test_a_killed_training_goes_on_and_ends_with_the_same_bytes(whole, kill, capsys, steps):
    kill(steps)
    train.main(MODEL)
    assert "stock_gru: goes on" in capsys.readouterr().out
    assert results() == whole
    assert not CHECKPOINT.exists()


@pytest.mark.parametrize("what", ["parameter", "data", "code"])
def test_another_trainings_checkpoint_is_not_gone_on_from(whole, kill, capsys, monkeypatch, tmp_path, what):
    if what == "data":
        target = Path("data/split/stock/train/target.npy")
        before = target.read_bytes()
        write_arrays(target.parent, {"target": np.zeros(40)})
        kill(3)
        target.write_bytes(before)
    elif what == "parameter":
        change("models.stock_gru.hidden_size", 7)
        kill(3)
        change("models.stock_gru.hidden_size", 8)
    else:
        older = tmp_path / "older.py"
        older.write_text("# the code before a change\n")
        with monkeypatch.context() as patch:
            patch.setattr(train, "__file__", str(older))
            kill(3)
    capsys.readouterr()
    train.main(MODEL)
    assert "goes on" not in capsys.readouterr().out
    assert results() == whole


def test_a_damaged_checkpoint_is_said_and_passed_over(whole, kill, capsys):
    kill(3)
    CHECKPOINT.write_bytes(CHECKPOINT.read_bytes()[:100])
    train.main(MODEL)
    assert f"{CHECKPOINT}: is no checkpoint, training starts afresh" in capsys.readouterr().out
    assert results() == whole


def test_threads_are_measured_or_given_and_kept(capsys):
    train.main(MODEL)
    change("threads", "auto")
    given = Path(f"metrics/history/{MODEL}.csv").read_text().splitlines()
    train.main(MODEL)
    measured = Path(f"metrics/history/{MODEL}.csv").read_text().splitlines()
    assert given[0] == "epoch,seed,train_loss,threads"
    assert all(line.endswith(",1") for line in given[1:])
    assert int(measured[1].split(",")[-1]) >= 1
