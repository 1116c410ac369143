"""The library from Python: the same results as the stages, without DVC and MLflow."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import rnnlab
from rnnlab.core.errors import UserError
from rnnlab.networks.custom_code import GIVEN_CLASSES

SINE = pd.DataFrame(
    {"wave": np.sin(np.arange(120) / 3), "value": np.sin(np.arange(120) / 3 + 0.3)},
    index=pd.date_range("2024-01-01", periods=120),
)


class Mine(nn.Module):
    """A network of the tests' own."""

    def __init__(self, input_size, length, output_size, hidden_size=4):
        super().__init__()
        self.gru = nn.GRU(input_size, hidden_size, batch_first=True)
        self.linear = nn.Linear(hidden_size, output_size)

    def forward(self, x):
        return self.linear(self.gru(x)[0][:, -1])


@pytest.fixture(scope="module")
def series():
    return rnnlab.make_windows(SINE, length=4, train=70, validation=10)


@pytest.fixture(scope="module")
def small(series):
    return rnnlab.train("gru", series, seeds=3, epochs=30, learning_rate=0.02)


def test_results_are_those_of_the_stages(made):
    workspace = made.workspace
    frame = rnnlab.read_series("sample")
    sample = rnnlab.make_windows(frame, length=5, train=200)
    model = rnnlab.train("gru", sample, seeds=2, epochs=3)
    theirs = rnnlab.load(workspace.folder / "models/gru.safetensors")
    for seed, network in theirs.networks.items():
        for name, value in network.state_dict().items():
            assert torch.equal(model.networks[seed].state_dict()[name], value)
    figures = json.loads((workspace.folder / "metrics/test/gru.json").read_text())["metrics"]
    evaluated = rnnlab.evaluate(model, sample)
    assert evaluated["mean"].to_dict() == {name: pytest.approx(found["mean"]) for name, found in figures.items()}
    board = json.loads((workspace.folder / "metrics/leaderboard.json").read_text())["series"]
    compared = rnnlab.compare({"gru": model}, sample)
    for name in compared.index:
        assert compared.loc[name, "rmse"] == pytest.approx(board[name]["rmse"], rel=1e-4)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(workspace.folder)
        said = workspace.call("rnnlab", "forecast", "--model", "gru", "--json")
    step, made_here = json.loads(said)["steps"][0], rnnlab.forecast(model, frame)
    assert made_here.index[0].isoformat() == step["date"]
    assert made_here["forecast"].iloc[0] == pytest.approx(step["forecast"])


def test_the_import_is_light_and_training_needs_no_dvc_and_no_mlflow():
    script = """
import sys
import rnnlab
heavy = {"torch", "pandas", "numpy", "dvc", "mlflow"}
print(sorted(heavy & set(sys.modules)))
windows = rnnlab.make_windows(rnnlab.read_series("laser"), train=100)
rnnlab.compare({"rnn": rnnlab.train("rnn", windows, seeds=1, epochs=1)}, windows)
print(sorted({"dvc", "mlflow", "altair"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "[]"]


def test_windows_are_scaled_by_the_training_part_and_parted_in_time_order(series):
    train, validation, test = (series.windows(part) for part in ("train", "validation", "test"))
    assert [len(part) for part in (train, validation, test)] == [70, 10, 36]
    assert train.x.shape == (70, 4, 2)
    low, high = SINE["wave"][:74].agg(["min", "max"])
    np.testing.assert_allclose(train.x[0, :, 1], (SINE["wave"].to_numpy()[:4] - low) / (high - low))
    assert train.target_dates[-1] == SINE.index[73].to_numpy()
    assert test.target_dates[-1] == SINE.index[-1].to_numpy()


def test_a_model_beats_the_rules_on_a_wave_and_says_so(small, series):
    board = rnnlab.compare({"gru": small}, series)
    assert board["rmse"].is_monotonic_increasing
    assert board["p"].notna().sum() == 1
    assert board.loc["persistence", "relative_rmse"] == 1


def test_training_leaves_the_callers_random_numbers_and_threads_alone(series):
    torch.manual_seed(7)
    expected, threads = torch.rand(3), torch.get_num_threads()
    torch.set_num_threads(2)
    torch.manual_seed(7)
    rnnlab.train("rnn", series, seeds=1, epochs=1)
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(threads)


def test_the_history_has_a_row_an_epoch_and_seed(small):
    assert list(small.history.columns) == ["epoch", "seed", "train_loss", "validation_loss"]
    assert len(small.history) == 90


def test_predictions_are_in_the_targets_unit(small, series):
    table = rnnlab.predictions(small, series)
    np.testing.assert_allclose(table["y_true"], SINE["value"][-len(table) :])
    np.testing.assert_allclose(table["y_pred"], table[["seed_0", "seed_1", "seed_2"]].mean(axis=1))


def test_a_saved_model_forecasts_the_same(small, tmp_path):
    small.save(tmp_path / "small.safetensors")
    loaded = rnnlab.load(tmp_path / "small.safetensors")
    pd.testing.assert_frame_equal(rnnlab.forecast(loaded, SINE), rnnlab.forecast(small, SINE))


def test_a_class_of_ones_own_is_trained_saved_and_loaded(series, tmp_path):
    model = rnnlab.train({"network": Mine, "arguments": {"hidden_size": 3}, "target": "change"}, series, 2, epochs=2)
    model.save(tmp_path / "mine.safetensors")
    loaded = rnnlab.load(tmp_path / "mine.safetensors", Mine)
    assert loaded.config["network"]["arguments"] == {"hidden_size": 3}
    pd.testing.assert_frame_equal(rnnlab.forecast(loaded, SINE), rnnlab.forecast(model, SINE))


def test_a_class_that_is_defined_anew_is_the_one_that_is_trained(series):
    def define(width):
        class Mine(nn.Module):
            def __init__(self, input_size, output_size):
                super().__init__()
                self.first, self.linear = nn.Linear(input_size, width), nn.Linear(width, output_size)

            def forward(self, x):
                return self.linear(self.first(x[:, -1]))

        return Mine

    for width in (3, 5):
        model = rnnlab.train(define(width), series, 1, epochs=1)
        assert model.networks[0].first.out_features == width


def test_tied_weights_are_saved(series, tmp_path):
    class Tied(nn.Module):
        def __init__(self, input_size, output_size):
            super().__init__()
            self.linear, self.other = nn.Linear(input_size, output_size), nn.Linear(input_size, output_size)
            self.other.weight = self.linear.weight

        def forward(self, x):
            return self.linear(x[:, -1]) + self.other(x[:, 0])

    model = rnnlab.train(Tied, series, 1, epochs=1)
    model.save(tmp_path / "tied.safetensors")
    loaded = rnnlab.load(tmp_path / "tied.safetensors", Tied)
    pd.testing.assert_frame_equal(rnnlab.forecast(loaded, SINE), rnnlab.forecast(model, SINE))


def test_an_entrys_own_training_counts(series):
    assert len(rnnlab.train({"cell": "rnn", "epochs": 2, "seeds": 1}, series).history) == 2


def test_a_model_of_which_no_seed_learns_is_refused(series):
    entry = {"cell": "gru", "target": "change", "seeds": 2, "epochs": 3}
    with pytest.raises(UserError, match="gru: no seed learned"):
        rnnlab.train(entry, series, learning_rate=1e38)


def test_a_model_is_not_judged_on_windows_of_another_kind(small):
    for other in (rnnlab.make_windows(SINE, length=4, train=3), rnnlab.make_windows(SINE, length=5, train=70)):
        with pytest.raises(UserError, match="was trained on other windows than these"):
            rnnlab.evaluate(small, other)


def test_a_network_that_needs_a_sequence_is_judged_where_no_window_validates():
    class Flat(nn.Module):
        def __init__(self, input_size, length, output_size):
            super().__init__()
            self.linear = nn.Linear(input_size * length, output_size)

        def forward(self, x):
            return self.linear(x.reshape(len(x), -1))

    plain = rnnlab.make_windows(SINE, train=70)
    assert rnnlab.evaluate(rnnlab.train(Flat, plain, 1, epochs=1), plain).loc["rmse", "mean"] > 0


def test_weights_alone_import_no_class(series, tmp_path, monkeypatch):
    rnnlab.train(Mine, series, 1, epochs=1).save(tmp_path / "mine.safetensors")
    monkeypatch.delitem(GIVEN_CLASSES, f"{Mine.__module__}:Mine")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="weights alone import no code"):
        rnnlab.load("mine.safetensors")


def test_a_file_is_read_as_the_commands_read_it(tmp_path):
    rows = [f"{day:02d}.01.2024;{day * day},5;{day * day % 7}" for day in range(1, 29)]
    (tmp_path / "sales.csv").write_text("\n".join(["Date;Sales;Customers", *rows]))
    frame = rnnlab.read_series(tmp_path / "sales.csv", target="Customers")
    assert list(frame.columns) == ["Sales", "Customers"]
    assert frame["Sales"].iloc[:2].tolist() == [1.5, 4.5]
    assert frame.index[1] == pd.Timestamp("2024-01-02")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rnnlab.read_series("nowhere.csv"), "nowhere.csv: there is no such file"),
        (lambda: rnnlab.make_windows(SINE, "price"), "there is no column price; there are wave, value"),
        (lambda: rnnlab.make_windows(SINE[::-1]), "the rows are not in order of time"),
        (lambda: rnnlab.make_windows(SINE.assign(value=np.nan)), "column value holds no number at 2024-01-01"),
        (lambda: rnnlab.make_windows(SINE[:5]), "5 rows are too few"),
        (lambda: rnnlab.train("grru", None), "cell: input should be 'rnn', 'lstm', 'gru' or 'mlp' (found 'grru')"),
        (lambda: rnnlab.train("gru", SINE), "series: should be what make_windows makes; found DataFrame"),
        (lambda: rnnlab.train(Mine(1, 2, 1), None), "network: should be a class of modules"),
        (lambda: rnnlab.train(lambda: None, None), "network: should be a class of modules"),
        (lambda: rnnlab.train("gru", None, epoch=3), "epoch: unknown key; allowed: epochs, batch_size"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(call, message):
    with pytest.raises(UserError) as error:
        call()
    assert message in str(error.value)


def test_an_unknown_name_is_no_attribute():
    with pytest.raises(AttributeError, match="has no attribute 'trian'"):
        _ = rnnlab.trian
    assert "train" in dir(rnnlab)
