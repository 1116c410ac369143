"""Files of each format that this program reads; `tests/formats` keeps them, and later versions must read them too.

`python tests/test_formats.py` wrote those of today. A format that changes gets new files beside the old ones, or a
message for the old ones here.
"""

import json
import math
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import save

from rnnlab import formats
from rnnlab.errors import UserError
from rnnlab.forecasting import look_ahead
from rnnlab.leaderboard import COLUMNS, check_headline, headline, rank
from rnnlab.scaler_config import check_scaler
from rnnlab.scaling import MinMaxScaler
from rnnlab.weights import pack, unpack
from rnnlab.weights_config import read_config

pytestmark = pytest.mark.promise(number=8)

FOLDER = Path(__file__).parent / "formats"
SCALER = {"columns": ["Close"], "minimum": [100.0], "maximum": [200.0], "target": "Close", "features": ["Close"]}


def read(name):
    return json.loads((FOLDER / name).read_text())


def test_weights_2_forecast_what_they_forecast():
    networks, config = unpack(str(FOLDER / "weights-2.safetensors"))
    prices = pd.DataFrame({"Close": [120.0, 130.0]}, index=pd.DatetimeIndex(["2024-01-04", "2024-01-05"]))
    first = math.tanh(0.5 * 0.2)
    second = math.tanh(0.5 * 0.3 + 0.5 * first)
    (day,) = look_ahead(networks, config, prices).days
    assert day.forecast == pytest.approx(100 + 100 * (2 * second + 0.25), rel=1e-6)


def test_scaler_1_scales_as_it_did():
    content = check_scaler(read("scaler-1.json"), "stock", "scaler-1.json")
    scaler = MinMaxScaler.from_dict(content)
    assert scaler.inverse(0.25, content["target"]) == 125.0
    assert content["features"] == ["Close"]


def test_scaler_1_of_digits():
    content = check_scaler(read("scaler-1-digits.json"), "digits", "scaler-1-digits.json")
    assert (content["maximum"], content["own_test"]) == (16, 360)


def test_leaderboard_1():
    board = check_headline(read("leaderboard-1.json"), "leaderboard-1.json")
    assert board == {
        "stock": {"persistence": {"rmse": 1.5}, "stock_gru": {"rmse": 2.0, "rmse_std": 0.25}},
        "digits": {"digits_gru": {"test_accuracy": 0.75}},
    }


VERSIONS = [
    (1, "take a newer version of this program, or make the file anew (`dvc repro`)"),
    (-1, "make it anew (`dvc repro`)"),
]


@pytest.mark.parametrize(("step", "cure"), VERSIONS)
@pytest.mark.parametrize("expected", [formats.SCALER, formats.LEADERBOARD])
def test_another_version_is_named_with_what_to_do(expected, step, cure):
    kind, version = expected
    with pytest.raises(UserError) as error:
        formats.check_format({"format": [kind, version + step]}, expected, "a.json")
    said = f"a.json: is of format {kind}-{version + step}, and this program reads {kind}-{version}: {cure}"
    assert str(error.value) == said


@pytest.mark.parametrize(("step", "cure"), VERSIONS)
def test_weights_of_another_version(tmp_path, step, cure):
    path = tmp_path / "w.safetensors"
    path.write_bytes(save({"0.linear.bias": torch.ones(1)}, {f"rnnlab-{2 + step}": "{}"}))
    with pytest.raises(UserError) as error:
        read_config(str(path))
    assert str(error.value) == f"{path}: is of format rnnlab-{2 + step}, and this program reads rnnlab-2: {cure}"


def write():
    network = {"cell": "rnn", "input_size": 1, "length": 2, "output_size": 1, "hidden_size": 1, "num_layers": 1}
    config = {
        "model": "tiny",
        "track": "stock",
        "network": network | {"bidirectional": False, "head": "last", "output": "linear"},
        "parameters": 6,
        "diverged": {},
        "made_with": {"engine": "ensemble", "threads": 1},
        "target": {"kind": "level", "unit": 1.0, "sequence": False, "rollout": False},
        "horizon": 1,
        "trained_until": "2024-01-03T00:00:00",
        "scaler": SCALER,
    }
    state = {"recurrent.weight_ih_l0": [[0.5]], "recurrent.weight_hh_l0": [[0.5]], "recurrent.bias_ih_l0": [0.0]}
    state |= {"recurrent.bias_hh_l0": [0.0], "linear.weight": [[2.0]], "linear.bias": [0.25]}
    packed = pack({0: {name: torch.tensor(value) for name, value in state.items()}}, config)
    (FOLDER / "weights-2.safetensors").write_bytes(packed)
    pixels = {"minimum": 0, "maximum": 16, "own_test": 360}
    results = {
        "stock": {"persistence": result("stock", 1.5, None), "stock_gru": result("stock", 2.0, 0.25)},
        "digits": {"digits_gru": result("digits", 0.75, None)},
    }
    files = {
        "scaler-1.json": {"format": formats.SCALER} | SCALER,
        "scaler-1-digits.json": {"format": formats.SCALER} | pixels,
        "leaderboard-1.json": headline(rank(results)),
    }
    for name, content in files.items():
        (FOLDER / name).write_text(json.dumps(content, indent=2) + "\n")


def result(track, mean, std):
    return {"seeds": 2, "metrics": {key: {"mean": mean, "std": std} for key in COLUMNS[track]}}


if __name__ == "__main__":
    write()
