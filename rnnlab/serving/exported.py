"""Trained networks as one module of raw inputs and outputs, which needs nothing of this project once it is exported.

Letters: B batch, T time steps, F features, K networks, C classes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from rnnlab.core.errors import UserError
from rnnlab.data.columns import price_of
from rnnlab.serving.merging import merge
from rnnlab.windows.calendar import with_calendar


class SeriesForecaster(nn.Module):
    """The mean forecast of a model's seeds, the scaler inside: values in, the target's values out.

    One value, of the horizon; or one for each step up to it, where the networks say each.

    Args:
        networks: of each seed.
        config: of the weights file.
    """

    def __init__(self, networks: Mapping[int, nn.Module], config: Mapping[str, Any]) -> None:
        super().__init__()
        scaler, target = config["scaler"], config["target"]
        self.network, self.count = merge(list(networks.values()), config["network"]), len(networks)
        self.minimum = nn.Buffer(torch.tensor(scaler["minimum"], dtype=torch.float64))
        self.range = nn.Buffer(torch.tensor(scaler["maximum"], dtype=torch.float64) - self.minimum)
        self.inputs = [scaler["columns"].index(name) for name in scaler["features"]]
        self.output = scaler["columns"].index(scaler["target"])
        self.length = config["network"]["length"]
        self.change, self.unit = target["kind"] == "change", target["unit"]
        self.every_step = target["every_step"]
        self.steps = config["horizon"] if target["rollout"] else 1
        if self.steps > 1 and len(self.inputs) > 1:
            raise UserError(f"{config['model']} rolls out with a calendar, which can't be served: it reads no dates")

    def forward(self, values: Tensor) -> Tensor:
        """(B, T * columns), the rows one after the other, each as ``input_columns`` has them -> (B, values)."""
        scaled = (values.double().view(-1, self.length, len(self.minimum)) - self.minimum) / self.range
        x, last = scaled[None, :, :, self.inputs], scaled[:, -1, self.output, None, None]  # (1, B, T, F), (B, 1, 1)
        for step in range(self.steps):
            if step:  # each network reads its own forecasts; the target is the only feature
                x = torch.cat([x[:, :, 1:].expand(self.count, -1, -1, -1), last.transpose(0, 1)[:, :, None]], 2)
            output = self._outputs(x.float()).double()
            output = output if self.every_step else output[:, :, -1:]  # of a sequence the last
            last = last + output * self.unit if self.change else output
        said: Tensor = last.mean(1) * self.range[self.output] + self.minimum[self.output]
        return said

    def _outputs(self, x: Tensor) -> Any:
        """What each network says of its own x (K, B, T, F), or of one that all share (1, B, T, F) -> (B, K, O)."""
        said = self.network(x.flatten(0, 1)).unflatten(1, (self.count, -1))
        by_input = said.unflatten(0, (len(x), -1))
        return by_input[0] if len(x) == 1 else by_input.diagonal(dim1=0, dim2=2).mT


class DigitClassifier(nn.Module):
    """The mean of what each seed holds probable; pixels as their source has them, 0 (paper) to its maximum (ink)."""

    def __init__(self, networks: Mapping[int, nn.Module], config: Mapping[str, Any]) -> None:
        super().__init__()
        self.network, self.count = merge(list(networks.values()), config["network"]), len(networks)
        self.length, self.width = config["network"]["length"], config["network"]["input_size"]
        self.maximum = float(config["scaler"]["maximum"])

    def forward(self, pixels: Tensor) -> Tensor:
        """(B, T * F), row by row -> (B, C)."""
        x = pixels.float().view(-1, self.length, self.width) / self.maximum
        scores: Tensor = self.network(x).unflatten(1, (self.count, -1))
        return scores.softmax(2).mean(1)


MODULES: dict[str, type[SeriesForecaster] | type[DigitClassifier]] = {
    "series": SeriesForecaster,
    "digits": DigitClassifier,
}


def input_columns(config: Mapping[str, Any]) -> list[str]:
    """Names of the module's inputs, in order: ``Open[t-4]`` to ``Close[t]``, or ``pixel_0_0`` to ``pixel_7_7``."""
    network = config["network"]
    if config["track"] == "digits":
        return [f"pixel_{row}_{column}" for row in range(network["length"]) for column in range(network["input_size"])]
    steps = [f"t-{ago}" if ago else "t" for ago in reversed(range(network["length"]))]
    return [f"{column}[{step}]" for step in steps for column in config["scaler"]["columns"]]


@dataclass(frozen=True)
class Limits:
    """What an input may be, both ends included."""

    low: float
    high: float
    description: str


FLOAT = torch.finfo(torch.float32)  # in which networks compute
NUMBER = Limits(FLOAT.min, FLOAT.max, f"a number from {FLOAT.min:.1e} to {FLOAT.max:.1e}")
PRICE = Limits(FLOAT.tiny, FLOAT.max, f"a number above 0, up to {FLOAT.max:.1e}")


def input_limits(config: Mapping[str, Any]) -> dict[str, Limits]:
    """Of each of ``input_columns``, in their order."""
    if config["track"] == "digits":
        maximum = float(config["scaler"]["maximum"])
        return dict.fromkeys(input_columns(config), Limits(0, maximum, f"a number from 0 to {maximum:g}"))
    scaler = config["scaler"]
    columns, least = scaler["columns"], dict(zip(scaler["columns"], scaler["minimum"], strict=True))
    prices = {name for name in columns if price_of(name, columns) and least[name] > 0}
    return {name: PRICE if name.split("[")[0] in prices else NUMBER for name in input_columns(config)}


def output_columns(config: Mapping[str, Any]) -> list[str]:
    if config["track"] == "digits":
        return [f"probability_{digit}" for digit in range(config["network"]["output_size"])]
    target = config["scaler"]["target"]
    return (
        [f"{target}[t+{step + 1}]" for step in range(config["horizon"])] if config["target"]["every_step"] else [target]
    )


def request_of(config: Mapping[str, Any], frame: pd.DataFrame) -> dict[str, Any]:
    """The body of a request to a server of the model: the last rows of raw values.

    Raises:
        UserError: if they are too few.
    """
    length = config["network"]["length"]
    if len(frame) < length:
        raise UserError(f"{len(frame)} rows are too few: {config['model']} reads {length}")
    rows = with_calendar(frame.tail(length), config["scaler"]["columns"])[config["scaler"]["columns"]].to_numpy()
    return {"dataframe_split": {"columns": input_columns(config), "data": [rows.ravel().tolist()]}}
