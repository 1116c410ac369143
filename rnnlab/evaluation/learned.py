"""What a network of a series learned: its blocks, its states over some windows, and what its forecasts depend on.

Letters: N windows, T time steps, F features, H hidden.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rnnlab.networks.network import count_parameters
from rnnlab.networks.states import GATES, states_at_steps
from rnnlab.networks.weights import Weights
from rnnlab.windows.artifacts import read_part
from rnnlab.windows.windows import Windows

MOST_UNITS, MOST_STEPS = 32, 50  # of the states that are kept: the first units, the last steps
POINTS = 32  # of the path that gradients are integrated over
BASELINE = "the mean of the training windows"
STATES = ("hidden", "cell")


def describe_learned(weights: Weights) -> dict[str, Any]:
    """Of the first seed's network of a single series; of digits and panels nothing.

    Returns:
        ``architecture``: what goes in, and ``blocks`` with their parameters; ``windows``: by layer ``hidden``, ``cell``
        and ``gates``, (T, H) each; ``attribution``: (T, F), the mean over the test part of the size of each input's
        integrated gradient, in the target's unit, of the ``steps`` before the last that is known.
    """
    if weights.config["track"] != "series" or weights.config["panel"]:
        return {}
    config, network = weights.config_of(0), next(iter(weights.networks(0).values())).eval()
    # A network of the user's own may make numbers of its own, which are not of double precision.
    dtype = torch.float32 if "network" in config["network"] else torch.float64
    network = network.to(dtype)
    test, train = read_part("test").windows(0), read_part("train").windows(0)
    x, baseline = (torch.from_numpy(values).to(dtype) for values in (np.array(test.x), train.x.mean(axis=0)))
    scaler = config["scaler"]
    place = scaler["columns"].index(scaler["target"])
    unit = config["target"]["unit"] * (scaler["maximum"][place] - scaler["minimum"][place])
    gradients = unit * integrated_gradients(network, x, baseline).abs().mean(0)
    return {
        "architecture": config["network"]
        | {"features": scaler["features"], "blocks": list(blocks(network, config["network"]))},
        "windows": list(_windows(network, test, x)) if config["network"].get("cell") in GATES else [],
        "attribution": {
            "steps": list(range(1 - x.shape[1], 1)),
            "features": scaler["features"],
            "values": gradients.tolist(),
            "baseline": BASELINE,
        },
    }


def blocks(network: nn.Module, architecture: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What a network is made of, in the order in which a window passes through it, or in which its code has it."""
    if "network" in architecture:
        loose = sum(weight.numel() for weight in network.parameters(recurse=False))
        parts = [(f"{name}: {type(part).__name__}", count_parameters(part)) for name, part in network.named_children()]
        yield from ({"name": name, "parameters": count} for name, count in [*parts, ("weights", loose)] if count)
        return
    cell, units = architecture["cell"], architecture["hidden_size"]
    for number in range(architecture["num_layers"]):
        block: dict[str, Any] = {"name": f"layer {number + 1}", "units": units}
        if cell in GATES:
            named = network.get_submodule("recurrent").named_parameters()
            own = [weight for name, weight in named if name.removesuffix("_reverse").endswith(f"_l{number}")]
            block |= {"name": f"{cell.upper()} layer {number + 1}", "gates": list(GATES[cell])}
            block["parameters"] = sum(weight.numel() for weight in own)
        else:
            block["parameters"] = count_parameters(network.get_submodule(f"hidden.{number}"))
        yield block
    sigmoid = " and sigmoid" if architecture["output"] == "sigmoid" else ""
    yield {"name": f"linear layer{sigmoid}", "parameters": count_parameters(network.get_submodule("linear"))}


def integrated_gradients(network: nn.Module, x: Tensor, baseline: Tensor) -> Tensor:
    """(N, T, F): how much each input adds to the network's last output (Sundararajan, Taly and Yan 2017, equation 1).

    Those of a window add up to its output minus that for the baseline.

    Args:
        x: (N, T, F).
        baseline: (T, F).
    """
    gradients = torch.zeros_like(x)
    for point in range(POINTS):
        on_the_way = (baseline + (point + 0.5) / POINTS * (x - baseline)).requires_grad_()
        gradients += torch.autograd.grad(network(on_the_way)[:, -1].sum(), on_the_way)[0] / POINTS
    return (x - baseline) * gradients


def _windows(network: nn.Module, test: Windows, x: Tensor) -> Iterator[dict[str, Any]]:
    change = test.y[:, 0] - test.last[:, 0]
    chosen = {"largest fall": int(change.argmin()), "largest rise": int(change.argmax()), "last": len(test) - 1}
    recurrent = network.get_submodule("recurrent")
    assert isinstance(recurrent, nn.RNNBase)
    layers = states_at_steps(recurrent, x[list(chosen.values())])
    for number, (label, window) in enumerate(chosen.items()):
        kept = [{name: _shortened(values[number].numpy()) for name, values in layer.items()} for layer in layers]
        yield {
            "label": f"{label} ({str(test.target_dates[window])[:10]})",
            "layers": [
                {name: layer[name] for name in STATES if name in layer}
                | {"gates": {name: values for name, values in layer.items() if name not in STATES}}
                for layer in kept
            ],
        }


def _shortened(values: NDArray[np.float64]) -> list[list[float]]:
    kept: list[list[float]] = values[-MOST_STEPS:, :MOST_UNITS].round(4).tolist()
    return kept
