"""The command as its users type it, on a small trained model."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from mlflow.entities.model_registry import ModelVersion, ModelVersionTag
from PIL import Image

from rnnlab import cli
from rnnlab.core.files import write_bytes, write_json, write_text
from rnnlab.core.formats import LEADERBOARD
from rnnlab.networks.network import build
from rnnlab.networks.weights import pack
from rnnlab.tracking.mirror import Data, Result, add
from rnnlab.tracking.store import PROCESS, Store

SERIES = {"cell": "gru", "input_size": 1, "length": 3, "output_size": 1, "hidden_size": 2, "num_layers": 1}
DIGITS = SERIES | {"input_size": 8, "length": 8, "output_size": 10}
SHAPE = {"bidirectional": False, "head": "flatten", "output": "linear"}
DATES = pd.bdate_range("2024-01-01", periods=40)


def weights(name, track, network, **config):
    torch.manual_seed(0)
    config |= {"model": name, "track": track, "network": network | SHAPE}
    config |= {"parameters": 9, "diverged": {}, "made_with": {"engine": "ensemble", "threads": 1}}
    write_bytes(Path(f"models/{name}.safetensors"), pack({0: build(config["network"]).state_dict()}, config))
    write_json(Path(f"metrics/test/{name}.json"), {})


@pytest.fixture(autouse=True)
def _workspace(tmp_path, root, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scaler = {"columns": ["Close"], "minimum": [[50.0]], "maximum": [[150.0]], "features": ["Close"], "target": "Close"}
    series = {"panel": None, "symbols": ["series"], "scaler": scaler | {"symbols": ["series"]}}
    series |= {
        "target": {"kind": "level", "sequence": False, "rollout": False, "every_step": False, "units": [1.0]},
        "horizon": 1,
    }
    series |= {"trained_until": [str(DATES[9])], "spacing": [None]}
    weights("gru", "series", SERIES, **series)
    weights("digits_gru", "digits", DIGITS, scaler={"minimum": 0, "maximum": 16})
    figures = {"persistence": {"rmse": 2.0}, "gru": {"rmse": 3.0}}
    digits = {"digits_gru": {"test_accuracy": 0.9}, "majority_class": {"test_accuracy": 0.1}}
    write_json(Path("metrics/leaderboard.json"), {"format": LEADERBOARD, "series": figures, "digits": digits})
    claim = {"networks": {"gru": {"hardest": "persistence", "p": 0.9, "p_holm": 0.9}}}
    claim["rmse"] = {"gru": 3.0, "persistence": 2.0}
    said = {"gru": "gru does not beat every simple rule."}
    judged = {"series": claim, "backtest": {"judged": {"networks": {}}}, "models": said}
    write_json(Path("metrics/comparison.json"), judged)
    shutil.copy(root / "params.yaml", "params.yaml")
    close = 100 + np.random.default_rng(0).normal(0, 2, 40).cumsum()
    pd.DataFrame({"Date": DATES, "Close": close}).to_csv("prices.csv", index=False)


@pytest.fixture
def call(monkeypatch, capsys):
    """Call `rnnlab` with arguments; return its exit code and what it printed."""

    def _call(*args):
        monkeypatch.setattr(sys, "argv", ["rnnlab", *args])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        if isinstance(ended.value.code, str):  # a message: the interpreter prints it, and ends with 1
            return 1, printed.out + ended.value.code
        return ended.value.code or 0, printed.out + printed.err

    return _call


def test_forecast_prints_a_table(call):
    code, text = call("forecast", "--data", "prices.csv")
    assert code == 0
    assert "gru, Close after" in text
    assert "2024-02-26" in text  # the Monday after the last day, a Friday
    assert "Mean absolute error 1 trading day ahead on the last 30 trading days that it was not trained on" in text
    assert "note: dates are the week's trading days" in text


@pytest.mark.parametrize(
    ("model", "said"), [("gru", True), ("other.safetensors", False)], ids=["a name", "a file of any series"]
)
def test_forecast_says_where_a_simple_rule_is_better(call, model, said):
    shutil.copy("models/gru.safetensors", "other.safetensors")
    _, text = call("forecast", "--data", "prices.csv", "--model", model)
    note = "note: the error (RMSE) of the simple rule persistence is smaller on the leaderboard: 2.000 against 3.000\n"
    assert (note in text) == said


def test_forecast_says_nothing_of_rules_that_the_network_beats(call):
    figures = {"gru": {"rmse": 2.0}, "persistence": {"rmse": 3.0}}
    write_json(Path("metrics/leaderboard.json"), {"format": LEADERBOARD, "series": figures})
    assert "simple rule" not in call("forecast", "--data", "prices.csv")[1]


def test_forecast_as_json(call):
    code, text = call("forecast", "--data", "prices.csv", "--json", "--model", "gru")
    content = json.loads(text)
    assert code == 0
    (day,) = content["steps"]
    low, high = day["intervals"]["95"]
    assert low < day["forecast"] < high
    assert day["date"] == "2024-02-26T00:00:00"


def test_a_models_file_may_be_given_as_it_lies(call):
    names = "gru", "models/gru.safetensors"
    by_name, by_file = (call("forecast", "--data", "prices.csv", "--model", name) for name in names)
    assert by_name == by_file
    assert by_name[0] == 0


def test_hours_are_shown_also_at_midnight(call):
    hours = pd.date_range("2024-01-01", periods=48, freq="h")  # the last is 23:00
    pd.DataFrame({"Date": hours, "Close": 100.0 + np.arange(48) % 7}).to_csv("hours.csv", index=False)
    code, text = call("forecast", "--data", "hours.csv")
    assert code == 0
    assert "2024-01-03 00:00" in text


def test_forecast_draws_a_picture(call):
    call("forecast", "--data", "prices.csv", "--plot", "next.png")
    with Image.open("next.png") as picture:
        assert picture.size > (400, 200)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("forecast",), "data/raw/series: is not there; `dvc repro` makes it"),
        (("forecast", "--data", "nix.csv"), "nix.csv: there is no such file"),
        (("forecast", "--data", "bad.csv"), "bad.csv: line 3, column Close: 'two' is not a finite number"),
        (("forecast", "--data", "prices.csv", "--model", "nix"), "there are: digits_gru, gru"),
        (("forecast", "--data", "prices.csv", "--model", "digits_gru"), "needs one of track series"),
        (("forecast", "--data", "prices.csv", "--horizon", "5"), "trained to forecast 1 step ahead"),
        (("forecast", "--data", "prices.csv", "--plot", "nix.txt/a.png"), "there is no folder nix.txt"),
        (("forecast", "--data", "prices.csv", "--plot", "nix/a.png"), "--plot nix/a.png: there is no folder nix"),
        (("forecast", "--data", "prices.csv", "--plot", "a.jpg"), "a.jpg: is drawn as PNG"),
        (("forecast", "--data", "prices.csv", "--model", "nix.safetensors"), "nix.safetensors: is not there"),
        (("classify", "nix.png"), "nix.png: there is no such file"),
        (("classify", "bad.csv"), "bad.csv: is no picture of a form that is read"),
        (
            ("promote",),
            "gru is not shown to beat every simple rule (on the single split: RMSE 3.000, persistence 2.000, "
            "p = 0.900); not registered (--force does it anyway)",
        ),
    ],
)
def test_a_mistake_is_one_message_and_exit_code_1(call, args, message):
    Path("bad.csv").write_text("Date,Close\n2024-01-01,1\n2024-01-02,two\n")
    Path("nix.txt").write_text("")
    code, text = call(*args)
    assert (code, "Traceback" in text) == (1, False)
    assert message in text


@pytest.mark.promise(number=3)
@pytest.mark.parametrize(
    ("digits", "message"),
    [
        ({"digits_gru": {"test_accuracy": 0.9}}, "has no test_accuracy of majority_class; make it again"),
        ({"digits_gru": {}, "majority_class": {"test_accuracy": 0.1}}, "has no test_accuracy of digits_gru; make it"),
    ],
)
def test_promote_needs_the_figures_of_both(call, digits, message):
    write_json(Path("metrics/leaderboard.json"), {"format": LEADERBOARD, "digits": digits})
    code, text = call("promote", "--track", "digits")
    assert (code, text) == (1, text)
    assert f"leaderboard.json: {message}" in text


def test_wrong_words_are_exit_code_2(call):
    code, text = call("forecast", "--horizont", "1")
    assert code == 2
    assert "--horizon" in text


def test_classify_reads_a_picture(call):
    Image.fromarray(np.eye(8, dtype=np.uint8) * 255).save("seven.png")
    code, text = call("classify", "seven.png", "--json")
    content = json.loads(text)
    assert code == 0
    assert content["model"] == "digits_gru"
    assert len(content["probabilities"]) == 10
    assert sum(content["probabilities"]) == pytest.approx(1, abs=1e-5)
    assert content["digit"] == int(np.argmax(content["probabilities"]))
    assert f"reads seven.png as {content['digit']}" in call("classify", "seven.png")[1]


@pytest.fixture
def store(tmp_path, empty_store):
    shutil.copy(empty_store, "mlflow.db")
    Path("dvc.yaml").touch()
    Path(".dvc/tmp").mkdir(parents=True)
    return Store(tmp_path, series="series")


def add_run(store):
    write_json(Path("data/tracked.json"), {"digits_gru": {"key": "the key", "experiment": ""}})
    write_text(Path("report/cards/digits_gru.md"), "# digits_gru\n")
    history = pd.DataFrame({"epoch": [0], "seed": [0], "train_loss": [1.0]})
    made = Result(
        "digits_gru", "digits", "the key", "w", {}, 9, {}, {}, history, {}, Data("digits", Path(), "d", {}, {}), {}, ""
    )
    return add(store, made, "a / digits_gru")


def test_promote_needs_the_run_in_the_store(call, store):
    write_json(Path("data/tracked.json"), {"digits_gru": {"key": "the key", "experiment": ""}})
    code, text = call("promote", "--track", "digits")
    assert code == 1
    assert "its run is not in sqlite:///" in text


def test_promote_registers_the_run_of_the_best(call, store, monkeypatch):
    run, told, before = add_run(store), [], ModelVersion("digits", "3", 0, tags=[ModelVersionTag("model", "old")])
    exported = []
    monkeypatch.setattr("rnnlab.tracking.promotion.log_exported", lambda _, *args: exported.append(args))
    monkeypatch.setattr("rnnlab.tracking.registry.promote", lambda _, *args: told.append(args) or ("4", before))
    code, text = call("promote", "--track", "digits")
    assert code == 0
    tags = {"model": "digits_gru", "test_accuracy": "0.9", "pixels": "8 x 8"}
    tags["verdict"] = "digits_gru has test_accuracy 0.9, majority_class 0.1: it beats it."
    assert exported == [("digits", run, "digits_gru")]
    assert told == [("digits", run, "# digits_gru\n", tags)]
    assert "models:/digits@champion is version 4, digits_gru\n" in text
    assert "models:/digits@previous is version 3 (model old), the champion before\n" in text


def test_a_champion_of_other_inputs_is_not_replaced_unasked(call, store, monkeypatch):
    add_run(store)
    told = []
    monkeypatch.setattr("rnnlab.tracking.registry.champion_tags", lambda *_: {"pixels": "28 x 28"})
    monkeypatch.setattr("rnnlab.tracking.promotion.log_exported", lambda *_: None)
    monkeypatch.setattr("rnnlab.tracking.registry.promote", lambda _, *args: told.append(args) or ("4", None))
    code, text = call("promote", "--track", "digits")
    assert code == 1
    assert "models:/digits@champion has pixels 28 x 28, and digits_gru 8 x 8" in text
    assert call("promote", "--track", "digits", "--force")[0] == 0
    assert told[0][3]["forced"] == "true"


def test_tidy_closes_what_is_left(call, store):
    run = store.start("series", "left", {PROCESS: "elsewhere 1 0"})
    assert "no run was left open" in call("tidy")[1]
    assert "closed: left\n" in call("tidy", "--older-than", "0")[1]
    assert store.client.get_run(run).info.status == "KILLED"


def test_help_imports_nothing_heavy(root):
    """PyTorch, MLflow and pandas cost seconds, `--help` and the shell's completion must not."""
    script = "import sys, rnnlab.cli; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", script], cwd=root, env=os.environ, capture_output=True, text=True)
    assert not {"torch", "mlflow", "pandas", "numpy", "optuna", "pydantic"} & set(done.stdout.split())


@pytest.mark.parametrize("command", ["forecast", "classify", "tune", "promote", "serve", "tidy"])
def test_help_shows_an_example(call, command):
    code, text = call(command, "--help")
    assert code == 0
    below_the_options = text.rsplit("╯", 1)[1]
    assert below_the_options.split()[:2] == ["rnnlab", command]


@pytest.mark.parametrize("command", ["tidy", "promote --track digits --force", "serve"])
def test_elsewhere_nothing_is_made(call, command, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    code, text = call(*command.split())
    assert (code, "Traceback" in text) == (1, False)
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("rnnlab f", ["forecast"]),
        ("rnnlab forecast --model g", ["gru"]),
        ("rnnlab serve --model ", ["digits_gru", "gru"]),
        ("rnnlab tune d", ["digits_gru"]),
    ],
)
def test_the_shell_completes_commands_and_models(root, typed, completed):
    place = str(len(typed.split(" ")) - 1)
    shell = {"_RNNLAB_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": place, "PYTHONPATH": str(root)}
    args = [sys.executable, "-c", "import sys; sys.argv[0] = 'rnnlab'; from rnnlab.cli import main; main()"]
    done = subprocess.run(args, env=os.environ | shell, capture_output=True, text=True)
    assert done.stdout.split() == completed


def test_the_version(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["rnnlab", "--version"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    assert re.fullmatch(r"rnnlab \d+\.\d+\.\d+\n", capsys.readouterr().out)


def test_look_and_try_say_how_a_wrong_guess_is_fixed(call):
    for command in ("look", "try"):
        text = call(command, "--help")[1]
        for key in ("date", "date_format", "decimal", "separator", "encoding", "missing=[closed, -999]"):
            assert f"series.read.{key}" in text or f"series.{key}" in text
        assert "params.yaml of the current folder" in " ".join(text.replace("│", " ").split())


def test_look_takes_parameters_of_one_file(call, tmp_path):
    (tmp_path / "a.csv").write_text("Datum;Wert\n13.01.2020;1,234\n14.01.2020;2,345\n")
    code, text = call(
        "look", str(tmp_path / "a.csv"), "-S", "series.read.decimal=','", "-S", "series.check_prices=false"
    )
    assert (code, "columns of numbers: Wert" in text) == (0, True)
