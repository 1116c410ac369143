"""The tables that `make results` works out itself."""

import importlib.util
import json

import pytest


@pytest.fixture
def results(root):
    spec = importlib.util.spec_from_file_location("results_page", root / ".ci/results.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def board(**rmse):
    return json.dumps({"series": {name: {"rmse": figure, "rmse_std": 0.5} for name, figure in rmse.items()}})


def test_a_handicap_is_the_share_of_the_distance_to_persistence_that_a_change_closes(results, monkeypatch):
    changed = {"rnn_change": 11.0, "lstm_change": 10.0, "gru_change": 21.0}
    boards = {
        None: board(persistence=10.0, rnn=20.0, lstm=20.0, gru=20.0, **changed),
        "close": board(rnn=15.0, lstm=20.0, gru=20.0, **changed),
        "linear": board(rnn=12.0, lstm=20.0, gru=20.0),
    }
    monkeypatch.setattr(results, "read", lambda experiment, path: boards[experiment])
    rows = {change: cells for change, *cells in results.handicap_rows()}
    assert rows["as in the tutorial"] == ["20.00 ± 0.50"] * 3
    assert rows["reads Close alone"] == ["15.00 ± 0.50 (50 %)", "–", "–"]
    assert rows["linear output"] == ["12.00 ± 0.50 (80 %)", "–", "–"]
    assert rows["learns the change"] == ["11.00 ± 0.50 (90 %)", "10.00 ± 0.50 (100 %)", "21.00 ± 0.50 (-10 %)"]


def test_days_outside_the_range_of_training_and_their_share_of_the_error(results, monkeypatch):
    table = "part,y_true,y_pred\ntrain,2,0\ntrain,4,0\ntest,3,2\ntest,4,4\ntest,5,3\ntest,1,3\n"
    monkeypatch.setattr(results, "read", lambda experiment, path: table)
    assert results.outside_the_range() == {"days": 2, "of": 4, "share": "89 %"}  # errors 1, 0, 4, 4
