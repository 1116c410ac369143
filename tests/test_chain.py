"""The series track from prices to leaderboard, stage by stage in one process: faster than `dvc`."""

import json
from pathlib import Path

import pandas as pd
import pytest
import torch
from ruamel.yaml import YAML

from rnnlab.core.files import write_text
from rnnlab.core.params_file import read_params
from rnnlab.tracking.result_files import read_result
from stages import backtest, baselines, compare, evaluate, fetch, scale, split, train, window

pytestmark = pytest.mark.promise(number=4)

MODEL = "gru"


def run(root, folder, monkeypatch, train_windows=30, still=0):
    """The track's files by path, made in ``folder`` by a network of one epoch.

    The prices are the last 60 days of the example; on the last ``still`` of these the close does not move.
    """
    prices = pd.read_csv(root / "data/example.csv").tail(60)
    prices.loc[prices.index[60 - still :], "Close"] = 7.0
    folder.mkdir()
    monkeypatch.chdir(folder)
    prices.to_csv("prices.csv", index=False)
    params = YAML(typ="safe").load(root / "params.yaml")
    params["series"] |= {"source": "csv", "path": "prices.csv"}
    params["series"]["split"]["train"] = train_windows
    params["training"]["series"] |= {"epochs": 1, "seeds": 2}
    params["backtest"] |= {"models": [MODEL], "train": 30, "folds": 2, "seeds": 1}
    params |= {"models": {MODEL: params["models"][MODEL]}, "threads": 1}
    YAML().dump(params, Path("params.yaml"))
    for stage in (fetch.fetch_series, scale.scale_series, window.window_series, split.split_series):
        stage()
    for stage in (train, evaluate, backtest):
        stage.main(MODEL)
    baselines.baselines_series()
    compare.main()
    made = [path for name in ("data", "models", "metrics") for path in Path(name).rglob("*") if path.is_file()]
    return {str(path): path.read_bytes() for path in made}


@pytest.fixture(autouse=True)
def _threads():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def test_the_same_bytes_in_a_folder_with_spaces_and_letters_of_other_scripts(root, tmp_path, monkeypatch):
    plain = run(root, tmp_path / "plain", monkeypatch)
    assert len(plain) > 20
    assert run(root, tmp_path / "größe und 주가 %20", monkeypatch) == plain


def strict(path):
    """Python's own reader takes NaN for a number; JSON has none."""
    return json.loads(path.read_text(), parse_constant=pytest.fail)


@pytest.mark.parametrize(
    ("train_windows", "still"),
    [(54, 0), (30, 30)],
    ids=["one day", "constant"],
)
def test_what_is_not_defined_is_null_with_a_reason(root, tmp_path, monkeypatch, train_windows, still):
    run(root, tmp_path / "a", monkeypatch, train_windows, still)
    for path in Path("metrics").rglob("*.json"):
        strict(path)
    result = strict(Path(f"metrics/test/{MODEL}.json"))
    assert result["metrics"]["r2"]["mean"] is None
    assert result["undefined"]["r2"] == "the true values do not vary"
    board = Path("metrics/leaderboard.md").read_text()
    assert "The network does not beat every simple rule beyond chance on 25 trading days of walking forward" in board


def test_a_run_is_tagged_with_what_is_not_defined(root, tmp_path, monkeypatch):
    run(root, tmp_path / "a", monkeypatch, train_windows=54)
    write_text(Path(f"report/cards/{MODEL}.md"), "")
    tags = read_result(MODEL, read_params()).tags
    assert tags["rnnlab.undefined"].startswith("r2: the true values do not vary; ")
