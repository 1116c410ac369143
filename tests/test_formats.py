"""Files of each format that this program reads; `tests/formats` keeps them, and later versions must read them too.

`python tests/test_formats.py` wrote those of tostep. A format that changes gets new files beside the old ones, or a
message for the old ones here.
"""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save

from rnnlab.comparison.leaderboard import COLUMNS, check_headline, headline, rank
from rnnlab.core import formats
from rnnlab.core.errors import UserError
from rnnlab.forecasting.next_steps import forecast_next_steps
from rnnlab.networks.weights import pack, unpack
from rnnlab.networks.weights_header import read_config
from rnnlab.windows.scaler_file import check_scaler, of_symbol
from rnnlab.windows.scaling import MinMaxScaler

pytestmark = pytest.mark.promise(number=8)

FOLDER = Path(__file__).parent / "formats"
SCALER = {"columns": ["Close"], "target": "Close", "features": ["Close"], "symbols": ["series"]}
SCALER |= {"minimum": [[100.0]], "maximum": [[200.0]]}
NETWORK = {"cell": "rnn", "input_size": 1, "length": 2, "output_size": 1, "hidden_size": 1, "num_layers": 1}
NETWORK |= {"bidirectional": False, "head": "last", "output": "linear"}
STATE = {"recurrent.weight_ih_l0": [[0.5]], "recurrent.weight_hh_l0": [[0.5]], "recurrent.bias_ih_l0": [0.0]}
STATE |= {"recurrent.bias_hh_l0": [0.0], "linear.weight": [[2.0]], "linear.bias": [0.25]}
# of the first symbol zeros, of the second the same
PANEL_STATE = {name: torch.tensor([np.zeros_like(value).tolist(), value]) for name, value in STATE.items()}


def read(name):
    return json.loads((FOLDER / name).read_text())


def test_weights_4_forecast_what_they_forecast():
    networks, config = unpack(str(FOLDER / "weights-4.safetensors"))
    prices = pd.DataFrame({"Close": [120.0, 130.0]}, index=pd.DatetimeIndex(["2024-01-04", "2024-01-05"]))
    first = math.tanh(0.5 * 0.2)
    second = math.tanh(0.5 * 0.3 + 0.5 * first)
    (step,) = forecast_next_steps(networks, config, prices).steps
    assert step.forecast == pytest.approx(100 + 100 * (2 * second + 0.25), rel=1e-6)


def test_scaler_2_scales_as_it_did():
    content = check_scaler(read("scaler-2.json"), "series", "scaler-2.json")
    scaler = MinMaxScaler.from_dict(of_symbol(content, 0))
    assert scaler.inverse(0.25, content["target"]) == 125.0
    assert content["features"] == ["Close"]


def test_scaler_2_of_digits():
    content = check_scaler(read("scaler-2-digits.json"), "digits", "scaler-2-digits.json")
    assert (content["maximum"], content["own_test"]) == (16, 360)


def test_leaderboard_2():
    board = check_headline(read("leaderboard-2.json"), "leaderboard-2.json")
    assert board == {
        "series": {"persistence": {"rmse": 1.5}, "gru": {"rmse": 2.0, "rmse_std": 0.25}},
        "digits": {"digits_gru": {"test_accuracy": 0.75}},
    }


VERSIONS = [
    (1, "take a newer version of this program, or make the file again (`dvc repro`)"),
    (-1, "make it again (`dvc repro`)"),
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
    path.write_bytes(save({"0.linear.bias": torch.ones(1)}, {f"rnnlab-{4 + step}": "{}"}))
    with pytest.raises(UserError) as error:
        read_config(str(path))
    assert str(error.value) == f"{path}: is of format rnnlab-{4 + step}, and this program reads rnnlab-4: {cure}"


SINGLE = {
    "model": "tiny",
    "track": "series",
    "panel": None,
    "symbols": ["series"],
    "network": NETWORK,
    "parameters": 6,
    "diverged": {},
    "made_with": {"engine": "ensemble", "threads": 1},
    "target": {"kind": "level", "sequence": False, "rollout": False, "every_step": False, "units": [1.0]},
    "horizon": 1,
    "trained_until": ["2024-01-03T00:00:00"],
    "spacing": [24.0],
    "scaler": SCALER,
}
SYMBOLS = ["005930", "KS11"]
PANEL = SINGLE | {
    "panel": "per_symbol",
    "symbols": SYMBOLS,
    "target": SINGLE["target"] | {"units": [1.0, 1.0]},
    "trained_until": SINGLE["trained_until"] * 2,
    "spacing": [24.0, None],
    "diverged_symbols": {},
    "scaler": SCALER | {"symbols": SYMBOLS, "minimum": [[0.0], [100.0]], "maximum": [[1.0], [200.0]]},
}


def test_weights_of_a_panel_of_an_earlier_version_are_named(tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(save({"0.linear.bias": torch.ones(1)}, {"rnnlab-panel-1": "{}"}))
    with pytest.raises(UserError, match=r"is of format rnnlab-1, and this program reads rnnlab-4: make it again"):
        read_config(str(path))


def test_weights_of_a_panel_forecast_what_those_of_a_single_series_do():
    networks, config = unpack(str(FOLDER / "weights-4-panel.safetensors"), "KS11")
    prices = pd.DataFrame({"Close": [120.0, 130.0]}, index=pd.DatetimeIndex(["2024-01-04", "2024-01-05"]))
    single = unpack(str(FOLDER / "weights-4.safetensors"))
    assert forecast_next_steps(networks, config, prices).steps == forecast_next_steps(*single, prices).steps


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"panel": "some"}, "panel: "),
        ({"symbols": ["KS11"]}, "symbols, scaler, target.units, trained_until and spacing are not of the same symbols"),
        ({"horizon": 0}, "horizon: "),
        ({"network": NETWORK | {"cell": "tcn"}}, "network.cell: "),
    ],
)
def test_a_damaged_header_of_a_panel_is_named(tmp_path, change, message):
    path = tmp_path / "w.safetensors"
    path.write_bytes(pack({0: PANEL_STATE}, PANEL | change))
    with pytest.raises(UserError) as error:
        unpack(str(path), "KS11")
    assert f"the config in its header is damaged: {message}" in str(error.value)


@pytest.mark.parametrize(
    ("bias", "message"),
    [
        (torch.zeros(3, 1), "tensor 0.linear.bias is not of 2 symbols"),
        (torch.zeros(2, 2), "weights of seed 0 do not fit their config"),
        (torch.full((2, 1), torch.nan), "weights of seed 0 are not finite"),
    ],
)
def test_damaged_weights_of_a_panel_are_named(tmp_path, bias, message):
    path = tmp_path / "w.safetensors"
    path.write_bytes(pack({0: PANEL_STATE | {"linear.bias": bias}}, PANEL))
    with pytest.raises(UserError) as error:
        unpack(str(path), "KS11")
    assert message in str(error.value)


def test_a_symbol_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(UserError, match=r"--symbol KS1: tiny is of a panel of 2 symbols, as KS11"):
        unpack(str(FOLDER / "weights-4-panel.safetensors"), "KS1")


def write():
    packed = {"weights-4": pack({0: {name: torch.tensor(value) for name, value in STATE.items()}}, SINGLE)}
    packed |= {"weights-4-panel": pack({0: PANEL_STATE}, PANEL)}
    for name, weights in packed.items():
        (FOLDER / f"{name}.safetensors").write_bytes(weights)
    pixels = {"minimum": 0, "maximum": 16, "own_test": 360}
    results = {
        "series": {"persistence": result("series", 1.5, None), "gru": result("series", 2.0, 0.25)},
        "digits": {"digits_gru": result("digits", 0.75, None)},
    }
    files = {
        "scaler-2.json": {"format": formats.SCALER} | SCALER,
        "scaler-2-digits.json": {"format": formats.SCALER} | pixels,
        "leaderboard-2.json": headline(rank(results)),
    }
    for name, content in files.items():
        (FOLDER / name).write_text(json.dumps(content, indent=2) + "\n")


def result(track, mean, std):
    return {"seeds": 2, "metrics": {key: {"mean": mean, "std": std} for key in COLUMNS[track]}}


if __name__ == "__main__":
    write()
