"""The train stage on a few windows: killed, started again, changed in between."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from ruamel.yaml import YAML

from rnnlab.core.errors import UserError
from rnnlab.core.files import digest, write_arrays, write_json
from rnnlab.core.formats import SCALER
from rnnlab.execution import checkpoint, model_train
from rnnlab.networks.weights import unpack
from rnnlab.networks.weights_header import read_config
from rnnlab.training import engines, plan
from rnnlab.training.interfaces import SingleProcess
from stages import train

MODEL = "gru"
CHECKPOINT = Path("data/checkpoints") / f"{MODEL}.safetensors"


class Watched:
    """In the place of LiveRun: what it was told."""

    params, epochs, tags = None, None, None

    def __init__(self, model, key, params):
        Watched.params, Watched.epochs, Watched.tags = params, [], None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def add(self, epoch):
        Watched.epochs.append(epoch)

    def finish(self, tags):
        Watched.tags = tags


@pytest.fixture(autouse=True)
def _workspace(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(model_train, "LiveRun", Watched)
    shutil.copy(root / "params.yaml", "params.yaml")
    change("training.series.epochs", 4)
    change("training.series.seeds", 2)
    change("threads", 1)
    generator = np.random.default_rng(0)
    for part, rows in (("train", 40), ("validation", 0)):
        arrays = {"inputs": generator.random((rows, 4)), "target": generator.random(rows)}
        arrays["dates"] = np.arange(rows).astype("datetime64[D]").astype("datetime64[s]")
        write_arrays(Path("data/split/series") / part, arrays)
        write_json(Path("data/split/series") / part / "window.json", {"length": 5, "horizon": 1})
        panel = {"panel": None, "symbols": ["series"], "spans": [[0, rows]]}
        write_json(Path("data/split/series") / part / "panel.json", panel)
    columns = ["Open", "High", "Low", "Close"]
    scaler = {"columns": columns, "minimum": [[0.0] * 4], "maximum": [[1.0] * 4], "features": columns}
    scaler |= {"target": "Close", "symbols": ["series"]}
    write_json(Path("data/scaled/series/scaler.json"), {"format": SCALER} | scaler)
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


@pytest.mark.promise(number=4)
@pytest.mark.parametrize("steps", [1, 2, 5, 8])
def test_a_killed_training_goes_on_and_ends_with_the_same_bytes(whole, kill, capsys, steps):
    kill(steps)
    train.main(MODEL)
    assert "gru: continues" in capsys.readouterr().out
    assert results() == whole
    assert not CHECKPOINT.exists()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("models.gru.hidden_size", 7),
        ("models.gru.target", "change"),
        ("training.series.learning_rate", 0.002),
        ("training.series.batch_size", 19),
        ("training.series.epochs", 5),
        ("training.series.schedule", "onecycle"),
        ("training.series.max_grad_norm", 1.0),
        ("training.series.seed", 1),
        ("training.series.seeds", 3),
        ("threads", 2),
    ],
)
def test_a_training_with_another_parameter_is_not_gone_on_from(whole, kill, capsys, key, value):
    before = Path("params.yaml").read_bytes()
    change(key, value)
    kill(3)
    Path("params.yaml").write_bytes(before)
    check_that_it_starts_afresh(whole, capsys)


def test_a_training_on_other_data_is_not_gone_on_from(whole, kill, capsys):
    target = Path("data/split/series/train/target.npy")
    before = target.read_bytes()
    write_arrays(target.parent, {"target": np.linspace(0, 1, 40)})
    kill(3)
    target.write_bytes(before)
    check_that_it_starts_afresh(whole, capsys)


def test_a_training_by_other_code_is_not_gone_on_from(whole, kill, capsys, monkeypatch, tmp_path):
    older = tmp_path / "older.py"
    older.write_text("# the code before a change\n")
    with monkeypatch.context() as patch:
        patch.setattr(train, "__file__", str(older))
        kill(3)
    check_that_it_starts_afresh(whole, capsys)


def test_a_training_by_another_number_of_ranks_is_not_gone_on_from(whole, kill, capsys, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(SingleProcess, "size", 2)
        kill(3)
    check_that_it_starts_afresh(whole, capsys)


def check_that_it_starts_afresh(whole, capsys):
    assert CHECKPOINT.exists()
    capsys.readouterr()
    train.main(MODEL)
    told = capsys.readouterr().out
    assert "is of other parameters, data, code or ranks, training starts afresh" in told
    assert "goes on" not in told
    assert results() == whole


def test_a_damaged_checkpoint_is_said_and_passed_over(whole, kill, capsys):
    kill(3)
    CHECKPOINT.write_bytes(CHECKPOINT.read_bytes()[:100])
    train.main(MODEL)
    assert f"{CHECKPOINT}: is no checkpoint, training starts afresh" in capsys.readouterr().out
    assert results() == whole


def test_a_training_is_watched_from_its_first_epoch_also_when_it_goes_on(kill):
    kill(5)
    train.main(MODEL)
    assert [[row["epoch"] for row in rows] for rows in Watched.epochs] == [[0, 0], [1, 1], [2, 2], [3, 3]]
    assert Watched.tags == {"weights_key": digest([Path(f"models/{MODEL}.safetensors")])}
    assert Watched.params.training_of(MODEL).epochs == 4


def threads_of_the_history():
    return {int(line.rsplit(",", 1)[1]) for line in Path(f"metrics/history/{MODEL}.csv").read_text().splitlines()[1:]}


def test_threads_are_given_or_measured_and_kept_in_history_and_weights(monkeypatch):
    change("threads", 2)
    train.main(MODEL)
    assert threads_of_the_history() == {2}
    change("threads", "auto")
    monkeypatch.setattr(engines, "_threads", lambda *_: 3)
    train.main(MODEL)
    assert threads_of_the_history() == {3}
    assert read_config(f"models/{MODEL}.safetensors")["made_with"] == {"engine": "ensemble", "threads": 3}


def test_a_training_goes_on_with_the_threads_that_it_began_with(kill, monkeypatch):
    change("threads", "auto")
    monkeypatch.setattr(engines, "_threads", lambda *_: 2)
    kill(3)
    monkeypatch.setattr(engines, "_threads", lambda *_: 1)
    train.main(MODEL)
    assert threads_of_the_history() == {2}


def test_without_a_seed_that_learns_there_is_no_model(kill):
    change("training.series.learning_rate", 3e38)
    with pytest.raises(UserError, match=r"gru: no seed of 2 learned: .* \(the first in epoch \d\)"):
        train.main(MODEL)
    assert not Path("models").exists()


@pytest.mark.promise(number=4)
def test_a_seed_that_diverges_is_named_and_left_out(monkeypatch, capsys):
    initial = plan.initial_states

    def spoilt(architecture, seeds):
        first, *others = initial(architecture, seeds)
        return [{name: value.fill_(float("inf")) for name, value in first.items()}, *others]

    monkeypatch.setattr(plan, "initial_states", spoilt)
    train.main(MODEL)
    assert "gru: the loss of seed 0 is not finite in epoch 0: it is left out" in capsys.readouterr().out
    networks, config = unpack(f"models/{MODEL}.safetensors")
    assert (list(networks), config["diverged"]) == ([1], {"0": 0})
    assert {line.split(",")[1] for line in Path(f"metrics/history/{MODEL}.csv").read_text().splitlines()[1:]} == {"1"}
