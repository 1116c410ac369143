"""The exported models: raw inputs in, the same outputs as the pipeline's."""

import itertools

import numpy as np
import pytest
import torch

from rnnlab.networks.forecast import forecast
from rnnlab.networks.network import build, predict
from rnnlab.serving.exported import DigitClassifier, SeriesForecaster, input_columns, output_columns
from rnnlab.serving.merging import merge
from rnnlab.windows.scaling import MinMaxScaler
from rnnlab.windows.targets import Target
from rnnlab.windows.windows import Windows

LENGTH = 4
SCALER = {"columns": ["Open", "Close"], "minimum": [90.0, 100.0], "maximum": [200.0, 180.0], "target": "Close"}


def networks_and_config(features=("Open",), kind="level", horizon=1, rollout=False, **architecture):
    defaults = {"cell": "gru", "hidden_size": 3, "num_layers": 2, "bidirectional": False, "head": "flatten"}
    network = {**defaults, "output": "linear", "input_size": len(features), "length": LENGTH, "output_size": 1}
    network |= architecture
    networks = {}
    for seed in (7, 8, 9):
        torch.manual_seed(seed)
        networks[seed] = build(network)
    scaler = SCALER | {"features": list(features)}
    target = {
        "kind": kind,
        "unit": 0.1,
        "sequence": network["output"] == "sequence",
        "rollout": rollout,
        "every_step": network["output"] == "horizon",
    }
    return networks, {"network": network, "scaler": scaler, "target": target, "horizon": horizon, "track": "series"}


CASES = [
    networks_and_config(),
    networks_and_config(("Open", "Close"), "change", cell="lstm"),
    networks_and_config(("Close",), cell="rnn", output="sigmoid", head="last", bidirectional=True),
    networks_and_config(("Open",), output="sequence"),
    networks_and_config(("Open",), cell="mlp"),
    networks_and_config(("Close",), "change", horizon=3, rollout=True),
    networks_and_config(("Open",), "change", horizon=3, output="horizon", output_size=3),
]


@pytest.mark.parametrize(("networks", "config"), CASES)
def test_prices_give_the_forecasts_that_evaluate_makes(networks, config):
    rows = 40
    prices = np.random.default_rng(0).uniform(100, 200, (rows, 2)).round(2)  # Open, Close
    scaler, features = MinMaxScaler.from_dict(SCALER), config["scaler"]["features"]
    scaled = {name: scaler.transform(prices[:, i], name) for i, name in enumerate(SCALER["columns"])}
    inputs = np.stack([scaled[name] for name in features], 1)
    dates = np.arange(rows).astype("datetime64[D]")
    windows = Windows(inputs, scaled["Close"], dates, LENGTH, config["horizon"])
    by_seed = [forecast(network, windows, Target(**config["target"])) for network in networks.values()]
    expected = scaler.inverse(np.mean(by_seed, axis=0), "Close")

    table = np.stack([prices[i : i + LENGTH].ravel() for i in range(len(windows))]).astype(np.float32)
    with torch.no_grad():
        given = SeriesForecaster(networks, config)(torch.from_numpy(table)).numpy()
    assert given.dtype == np.float64
    assert given.shape[1] == len(output_columns(config))
    np.testing.assert_allclose(given[:, -1:], expected, rtol=1e-6)


def test_pixels_give_the_probabilities_of_the_networks():
    networks, config = networks_and_config(("a", "b", "c"), output_size=10)
    config |= {"scaler": {"maximum": 16}, "track": "digits"}
    pixels = torch.randint(0, 17, (5, LENGTH * 3)).float()
    x = (pixels / 16).view(5, LENGTH, 3)
    expected = torch.stack([predict(network, x).softmax(1) for network in networks.values()]).mean(0)
    with torch.no_grad():
        torch.testing.assert_close(DigitClassifier(networks, config)(pixels), expected)


def test_inputs_are_named_day_by_day():
    _, config = networks_and_config()
    assert input_columns(config) == [
        f"{name}[{day}]" for day in ("t-3", "t-2", "t-1", "t") for name in ("Open", "Close")
    ]
    config |= {"track": "digits", "network": {"length": 2, "input_size": 2}}
    assert input_columns(config) == ["pixel_0_0", "pixel_0_1", "pixel_1_0", "pixel_1_1"]


@pytest.mark.parametrize(
    ("cell", "bidirectional", "head"),
    list(itertools.product(("rnn", "lstm", "gru"), (False, True), ("flatten", "last"))),
)
def test_merged_networks_say_what_each_says(cell, bidirectional, head):
    networks, config = networks_and_config(
        ("Open", "Close"), cell=cell, bidirectional=bidirectional, head=head, output_size=2
    )
    x = torch.rand(6, LENGTH, 2)
    expected = torch.cat([predict(network, x) for network in networks.values()], 1)
    torch.testing.assert_close(predict(merge(list(networks.values()), config["network"]), x), expected)
