"""The search: what it may vary, that it goes on where it was left, and that it never sees the test part."""

import shutil
import socket
import sqlite3
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import optuna
import pytest
import torch
from ruamel.yaml import YAML

from rnnlab.core.errors import UserError
from rnnlab.core.files import write_arrays, write_json
from rnnlab.core.formats import SCALER
from rnnlab.core.params_parsing import parse
from rnnlab.execution.executors import make_executor
from rnnlab.tracking.store import PROCESS, Store
from rnnlab.tuning import study as tune
from rnnlab.tuning.database import kept_alive, open_database, open_study
from rnnlab.tuning.search import FIRST, ROUND, Watch, bounds, medians, parse_space, search
from rnnlab.tuning.trials import Data, Task, best_rule, train_trial, value_of
from rnnlab.windows.series_info import SeriesInfo
from rnnlab.windows.targets import TargetForm
from rnnlab.windows.windows import Windows

SINGLE = {"panel": None, "symbols": ["series"]}
TWO = {"panel": "global", "symbols": ["a", "b"]}

TREND = torch.linspace(0, 1, 24)
WORDS = ["hidden_size=2,3", "learning_rate=0.001..0.1"]


def test_ranges_and_choices():
    space = parse_space(["hidden_size=4..64", "num_layers=1..3", "learning_rate=1e-4..1e-1", "cell=rnn,gru"])
    assert space["hidden_size"] == optuna.distributions.IntDistribution(4, 64, log=True)
    assert space["num_layers"] == optuna.distributions.IntDistribution(1, 3)
    assert space["learning_rate"] == optuna.distributions.FloatDistribution(1e-4, 1e-1, log=True)
    assert space["cell"] == optuna.distributions.CategoricalDistribution(["rnn", "gru"])


def test_choices_have_the_types_of_the_file():
    (found,) = parse_space(["max_grad_norm=null,1,0.5"]).values()
    assert bounds(found) == (None, 1, 0.5)


@pytest.mark.parametrize(
    "word", ["target=level,change", "seeds=1..3", "hidden_size", "hidden_size=9..4", "hidden_size=a..b"]
)
def test_what_cannot_be_searched_is_refused(word):
    with pytest.raises(UserError, match=f"--space {word}"):
        parse_space([word])


@pytest.fixture
def params(root):
    content = YAML(typ="safe").load(root / "params.yaml")
    content["training"]["series"] |= {"epochs": 3, "seeds": 2}
    return content


@pytest.fixture
def load():
    x = TREND.unfold(0, 3, 1)[:, :, None]
    return partial(Data, (x[:14], x[:14, -1]), (x[14:], x[14:, -1]), 1)


def test_a_search_is_held_against_the_best_rule_on_the_windows_that_judge():
    values = np.tile([0.0, 1.0, 3.0], 12)
    windows = Windows(values[:, None], values, np.arange(len(values)), 2, 1)
    name, loss = best_rule(windows, windows.part(0, 0), ["y"], TargetForm("level"), period=3)
    assert name == "ridge"  # of a season without noise a regression on the window makes no error
    assert loss < 1e-6


def making(params, load, name="gru"):
    def make(values):
        changed = parse(tune.changed_content(params, name, values))
        return Task(changed.model(name), changed.training_of(name), load, 1)

    return make


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def go(study, trials, words, make, executor=None, told=None):
    def end(trial, epochs):
        if told is not None:
            told.append((trial, epochs))

    with executor or make_executor("local", 1) as started:
        search(study, trials, parse_space(words), make, started, Watch(nullcontext, lambda *_: None, end))


def test_a_study_goes_on_to_as_many_trials_as_are_wanted(params, load):
    study, told = optuna.create_study(), []
    for trials in (2, ROUND + 2):
        go(study, trials, WORDS, making(params, load), told=told)
        assert len(study.trials) == trials
    for _, epochs in told:
        assert [rows[0]["epoch"] for rows in epochs] == [0, 1, 2]
        assert {row["seed"] for row in epochs[0]} == {0, 1}


def test_a_trials_value_is_the_last_validation_loss_of_its_seeds(params, load):
    study, told = optuna.create_study(), []
    go(study, 1, ["hidden_size=4"], making(params, load), told=told)
    ((trial, epochs),) = told
    assert trial.value == study.best_value == pytest.approx(np.mean([row["validation_loss"] for row in epochs[-1]]))


def test_values_that_do_not_go_together_are_passed_over(params, load):
    study = optuna.create_study()
    go(study, 1, ["cell=mlp", "bidirectional=true"], making(params, load))
    assert [trial.state.name for trial in study.trials] == ["PRUNED"]


def test_a_trial_whose_network_cannot_be_made_is_passed_over_and_named(params, capsys):
    def load():
        raise UserError("networks/mine.py: channels must be even")

    study = optuna.create_study()
    go(study, 2, WORDS, making(params, load))
    assert [trial.state.name for trial in study.trials] == ["PRUNED", "PRUNED"]
    assert capsys.readouterr().out.count("networks/mine.py: channels must be even") == 2


@pytest.mark.parametrize("kind", [("local", 2), pytest.param(("ray", 2), marks=pytest.mark.long)])
def test_proposals_and_values_are_the_same_wherever_trials_run(params, load, kind):
    if kind[0] == "ray" and not find_spec("ray"):
        pytest.skip("needs Ray: pip install -e '.[cluster]'")
    params["training"]["series"]["epochs"] = 20
    found = []
    for executor in (("local", 1), kind):
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
        go(
            study, 14, WORDS, making(params, load), make_executor(*executor)
        )  # the last of them by a model of the others
        found.append([(trial.params, trial.state, trial.value, trial.intermediate_values) for trial in study.trials])
    assert {state.name for _, state, _, _ in found[0]} == {"COMPLETE", "PRUNED"}
    assert found[0] == found[1]


def test_trials_are_given_up_as_by_optunas_median_pruner():
    random, study = np.random.default_rng(0), optuna.create_study(pruner=optuna.pruners.MedianPruner())
    for number in range(8):
        values = dict(enumerate(random.random(3 + number % 3).tolist()))
        study.add_trial(optuna.create_trial(value=1.0, intermediate_values=values))
        if number < FIRST - 1:
            assert medians(study) == {}
    trial, best = study.ask(), np.inf
    for epoch, loss in enumerate([0.9, 0.3, 0.8, 0.7, 0.9, 0.9]):
        trial.report(loss, epoch)
        best = min(best, loss)
        assert trial.should_prune() == (best > medians(study).get(epoch, np.inf)), epoch


def test_a_trial_is_given_up_above_the_median_after_its_first_epochs(params, load):
    params["training"]["series"]["epochs"] = 20
    task = making(params, load)({})
    assert len(train_trial(task, dict.fromkeys(range(20), 0.0))) == 3  # two epochs are a tenth
    assert len(train_trial(task, dict.fromkeys(range(20), 9.0))) == 20


@pytest.mark.parametrize("seeds", [1, 2])
def test_a_trial_that_diverges_has_no_value(params, load, seeds):
    params["training"]["series"] |= {"seeds": seeds, "epochs": 20, "learning_rate": 3e38}
    task = making(params, load)({})
    assert value_of(train_trial(task, {}), task.training) == np.inf


@pytest.fixture
def workspace(params, tmp_path, empty_store, monkeypatch):
    monkeypatch.chdir(tmp_path)
    params["threads"] = 1
    YAML().dump(params, Path("params.yaml"))
    shutil.copy(empty_store, "mlflow.db")
    Path(".dvc/tmp").mkdir(parents=True)
    generator = np.random.default_rng(0)
    for part, rows in (("train", 40), ("validation", 0)):
        arrays = {"inputs": generator.random((rows, 2)), "target": generator.random(rows)}
        arrays["dates"] = np.arange(rows).astype("datetime64[D]").astype("datetime64[s]")
        write_arrays(Path("data/split/series") / part, arrays)
        write_json(Path("data/split/series") / part / "window.json", {"length": 3, "horizon": 2})
        write_json(Path("data/split/series") / part / "panel.json", SINGLE | {"spans": [[0, len(arrays["target"])]]})
    scaler = {"columns": ["Open", "Close"], "minimum": [[0.0, 0.0]], "maximum": [[1.0, 1.0]], "target": "Close"}
    scaler |= {"symbols": SINGLE["symbols"]}
    write_json(Path("data/scaled/series/scaler.json"), {"format": SCALER} | scaler | {"features": ["Open", "Close"]})
    info = SeriesInfo("GOOG", "Close", "dollars", "day", 7, None, 2)
    write_json(Path("data/windows/series.json"), {"series": asdict(info)})
    return tmp_path


def load_now():
    params = parse(tune.read_content())
    return tune.parts_of(params, params.model("gru"))


def test_without_a_validation_part_the_last_fifth_of_the_training_part_is_held_out(workspace):
    data = load_now()()
    # 40 rows, 3 long and 2 ahead: 36 windows, of which 7 validate, and one before these is left out
    assert (len(data.train[0]), len(data.validation[0])) == (28, 7)
    assert (data.train[0].min(), data.train[0].max()) == (0, 1)  # scaled by what trials train on


def run_tune(trials=2, words=WORDS, study=""):
    tune.tune("gru", trials, words, None, study, "sqlite:///optuna.db")


def test_a_search_prints_a_line_that_runs_its_best(workspace, capsys):
    run_tune(3, ["learning_rate=0.01,0.02"])
    out = capsys.readouterr().out
    assert "study gru: 0 of 3 trials done" in out
    assert "dvc exp run -S +models.gru.learning_rate=0.0" in out
    run_tune(3, ["learning_rate=0.01,0.02"])
    assert "3 of 3 trials done" in capsys.readouterr().out


def test_a_search_is_one_run_with_a_nested_run_a_trial(workspace):
    run_tune(2)
    run_tune(3)
    store = Store(workspace, series="GOOG")
    runs = store.client.search_runs([store.experiments["series"]])
    (parent,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    trials = [run for run in runs if run is not parent]
    assert {run.data.tags["mlflow.parentRunId"] for run in trials} == {parent.info.run_id}
    assert (parent.info.run_name, len(trials)) == ("gru / tune gru", 3)
    assert {run.info.status for run in runs} == {"FINISHED"}
    best = min(run.data.metrics["validation/loss"] for run in trials if run.data.tags["optuna.state"] == "complete")
    assert parent.data.metrics["validation/loss"] == pytest.approx(best)
    assert all(run.data.params["model.hidden_size"] in "23" for run in trials)


def test_a_search_goes_on_where_its_run_is_lost(workspace, empty_store):
    run_tune(1)
    shutil.copy(empty_store, "mlflow.db")
    run_tune(2)
    store = Store(workspace, series="GOOG")
    runs = store.client.search_runs([store.experiments["series"]])
    names = sorted(run.info.run_name for run in runs)
    assert names == ["gru / tune gru", "gru / tune gru / trial 1"]


def test_a_search_goes_on_without_mlflow(workspace, monkeypatch, capsys):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    run_tune(1)
    assert "note: trials are kept in the study alone" in capsys.readouterr().out
    assert "1 of 1 trials done" in (run_tune(1) or capsys.readouterr().out)


def test_workers_of_one_study_draw_different_values(workspace):
    drawn = []
    for _ in range(2):
        study = open_study("shared", open_database("sqlite:///optuna.db"), {})
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
        drawn.append(study.trials[-1].params["x"])
    assert drawn[0] != drawn[1]


def test_a_search_that_was_killed_before_its_first_trial_draws_what_an_untouched_one_does(workspace, monkeypatch):
    database, seeds, sampler = open_database("sqlite:///optuna.db"), [], optuna.samplers.TPESampler
    monkeypatch.setattr(optuna.samplers, "TPESampler", lambda seed=None: seeds.append(seed) or sampler(seed=seed))
    with monkeypatch.context() as patched:
        patched.setattr("rnnlab.tuning.database.identity", lambda: f"{socket.gethostname()} 4194303 0")
        open_study("gru", database, {})
    open_study("gru", database, {})
    open_study("gru", database, {})  # while the second lives
    assert [seed for seed in seeds if seed is not None] == [0, 0, 1]  # Optuna itself makes some without a seed


def test_a_mistyped_space_leaves_no_study_behind(workspace):
    with pytest.raises(UserError, match="hidden_size"):
        run_tune(1, ["hidden_size=0..4"])
    run_tune(1)


def test_a_scaler_fitted_on_all_rows_is_fitted_anew(workspace):
    arrays = {"inputs": np.linspace(0.3, 0.5, 40).reshape(20, 2), "target": np.linspace(0.2, 0.4, 20)}
    arrays["dates"] = np.arange(20).astype("datetime64[D]").astype("datetime64[s]")
    for part in ("train", "validation"):
        write_arrays(Path("data/split/series") / part, arrays)
    data = load_now()()
    assert (data.train[0].min(), data.train[1].max()) == (0, 1)


def test_a_study_of_other_things_is_not_gone_on_with(workspace):
    run_tune(1)
    with pytest.raises(UserError, match="study gru: was started with other space"):
        run_tune(2, ["hidden_size=2,3"])
    write_arrays(Path("data/split/series/train"), {"target": np.random.default_rng(1).random(40)})
    with pytest.raises(UserError, match="was started with other data"):
        run_tune(2)
    run_tune(1, study="another")


def test_a_value_that_the_model_cannot_have_is_refused_before_a_trial(workspace):
    with pytest.raises(UserError, match=r"models.gru.cell: input should be .* \(found 'foo'\)"):
        run_tune(words=["cell=gru,foo"])


@pytest.mark.parametrize("made", [True, False])
def test_mlflows_database_holds_no_studies_and_stays_as_it_is(workspace, made):
    file = Path("mlflow.db")
    if not made:
        file.unlink()
    before = file.read_bytes() if made else b""
    with pytest.raises(UserError, match=r"--storage sqlite:///mlflow.db: is the database of MLflow's runs"):
        open_database("sqlite:///mlflow.db")
    assert not made or file.read_bytes() == before
    assert made or not file.exists()


def test_a_storage_that_cannot_be_opened_is_named_without_its_password(workspace):
    with pytest.raises(UserError, match=r"--storage sqlite:////nix/x.db: can't be opened"):
        tune.tune("gru", 1, WORDS, None, "", "sqlite:////nix/x.db")


def test_what_goes_to_a_worker_are_mapped_files(workspace):
    train, validation, *_ = load_now().args
    arrays = [array for part in (train, validation) for array in (part.inputs, part.target)]
    assert all(isinstance(array, np.memmap) for array in arrays if array.size)


def test_an_interrupt_leaves_no_trial_or_run_open(workspace, monkeypatch):
    class Interrupted:
        def map(self, function, items):
            for index, item in enumerate(items):
                if index == 2:
                    raise KeyboardInterrupt
                yield index, function(*item)

    monkeypatch.setattr(tune, "make_executor", contextmanager(lambda *_: (yield Interrupted())))
    with pytest.raises(KeyboardInterrupt):
        run_tune(6)
    study = optuna.load_study(study_name="gru", storage="sqlite:///optuna.db")
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "COMPLETE", "FAIL", "FAIL"]
    store = Store(workspace, series="GOOG")
    runs = store.client.search_runs([store.experiments["series"]])
    ends = {run.info.run_name.removeprefix("gru / tune gru"): run.info.status for run in runs}
    assert ends == {"": "KILLED", " / trial 0": "FINISHED", " / trial 1": "FINISHED", " / trial 2": "KILLED"}


def test_a_search_finishes_the_run_of_a_trial_that_it_has_although_it_was_killed(workspace):
    run_tune(1)
    store = Store(workspace, series="GOOG")
    (run,) = store.client.search_runs([store.experiments["series"]], "tags.mlflow.runName = 'gru / tune gru / trial 0'")
    store.client.set_terminated(run.info.run_id, "KILLED")
    run_tune(2)
    assert store.client.get_run(run.info.run_id).info.status == "FINISHED"


@pytest.mark.parametrize(("host", "status"), [(socket.gethostname(), "FINISHED"), ("elsewhere", "RUNNING")])
def test_a_search_ends_its_run_though_a_killed_one_left_a_trial_open(workspace, host, status):
    run_tune(1)
    with pytest.warns(UserWarning, match="Heartbeat"):
        left = optuna.load_study(study_name="gru", storage=open_database("sqlite:///optuna.db")).ask()
    left.set_user_attr(PROCESS, f"{host} 4194303 0")  # no such process here; of another machine nothing is known
    run_tune(2)
    store = Store(workspace, series="GOOG")
    runs = store.client.search_runs([store.experiments["series"]])
    (parent,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    assert parent.info.status == status


def test_trials_of_a_living_process_beat_and_of_a_killed_one_are_dead(workspace):
    database = open_database("sqlite:///optuna.db")
    study = open_study("shared", database, {})
    with pytest.warns(UserWarning, match="Heartbeat"):
        living, killed = study.ask(), study.ask()
    for trials in ([living, killed], [living]):
        with sqlite3.connect("optuna.db") as file:
            file.execute("UPDATE trial_heartbeats SET heartbeat = datetime('now', '-1 hour')")
        file.close()
        with kept_alive(database, "shared", trials):
            pass
    with pytest.warns(optuna.exceptions.ExperimentalWarning):
        optuna.storages.fail_stale_trials(study)
    assert [trial.state.name for trial in study.trials] == ["RUNNING", "FAIL"]


@pytest.fixture
def panel(workspace, params):
    """Two symbols, scaled by all of their rows: the training part ends below 1."""
    params["series"] |= {
        "source": "panel",
        "panel": "global",
        "features": ["Open"],
        "split": {"train": 25, "validation": 5},
    }
    params["series"]["scale"] = {"fit_on": "all"}
    for part, low, rows in (("train", 0.0, 30), ("validation", 0.5, 10)):
        column = np.tile(np.linspace(low, low + 0.5, rows), 2)
        arrays = {"inputs": column[:, None], "target": column, "dates": np.arange(2 * rows).astype("datetime64[s]")}
        write_arrays(Path("data/split/series") / part, arrays)
        spans = [[0, rows], [rows, 2 * rows]]
        write_json(Path("data/split/series") / part / "panel.json", TWO | {"spans": spans})

    def write():
        YAML().dump(params, Path("params.yaml"))

    write()
    return params["series"], write


def test_a_panel_is_searched_on_the_windows_of_all_symbols_scaled_by_their_past(panel, capsys):
    data = load_now()()
    # windows 3 long and 2 ahead: 26 of 30 rows, 6 of 10
    assert (len(data.train[0]), len(data.validation[0])) == (52, 12)
    everything = [part[0][torch.arange(len(part[0]))] for part in (data.train, data.validation)]
    assert [part.max() for part in everything] == [pytest.approx(27 / 29), pytest.approx(1 + 7 / 9)]
    run_tune(1)
    assert "1 of 1 trials done" in (run_tune(1) or capsys.readouterr().out)


def test_a_panel_without_a_validation_part_is_told_to_have_one(panel):
    for name in ("inputs", "target", "dates"):
        path = Path(f"data/split/series/validation/{name}.npy")
        np.save(path, np.load(path)[:0])
    write_json(Path("data/split/series/validation/panel.json"), TWO | {"spans": [[0, 0], [0, 0]]})
    with pytest.raises(UserError, match=r"set series\.split\.validation"):
        run_tune(1)


def test_networks_for_each_symbol_are_not_searched(panel):
    series, write = panel
    series["panel"] = "per_symbol"
    write()
    with pytest.raises(UserError, match=r"set series\.panel to global .* or tune on a single series"):
        run_tune(1)
