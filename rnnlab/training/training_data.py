"""What `train` trains one network on: sequences and targets, and what its weights file says of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnlab.core.params import CLASSES
from rnnlab.training.interfaces import Samples
from rnnlab.training.panel_training import Sequences, encode
from rnnlab.windows.artifacts import read_digits, read_part, read_scaler
from rnnlab.windows.panel import Panel
from rnnlab.windows.targets import Target, TargetForm
from rnnlab.windows.windows import Windows


@dataclass(frozen=True)
class TrainingData:
    """The training part, (N, T, F) and (N, O) or classes (N,), and the validation part."""

    x: Samples
    y: Tensor
    validation: tuple[Samples, Tensor]
    outputs: int  # numbers to predict, or classes
    about: dict[str, Any]  # for the weights file


def read_series_data(form: TargetForm, device: torch.device) -> TrainingData:
    return series_data(form, device, read_part("train"), read_part("validation"), read_scaler("series"))


def series_data(
    form: TargetForm, device: torch.device, train: Panel, validation: Panel, scaler: Mapping[str, Any]
) -> TrainingData:
    """The windows of all symbols, each scaled by its own past; a single series is a panel of one symbol.

    Args:
        scaler: the content of a scaler's file.
    """
    targets = [Target.fit(windows, *form) for _, windows in train.all()]

    def tensors(panel: Panel) -> tuple[Samples, Tensor]:
        return Sequences(panel, device), encode(panel, targets).to(device)

    about = describe(train, form, [target.unit for target in targets], scaler)
    return TrainingData(*tensors(train), tensors(validation), form.outputs(train.horizon), about)


def digits_data(form: TargetForm, device: torch.device) -> TrainingData:
    def tensors(part: str) -> tuple[Tensor, Tensor]:
        images, labels = read_digits(part)
        x = torch.from_numpy(images)
        # on a CPU as they lie in the mapped file, so that batches alone are in memory; on CUDA all of them are
        return x if device.type == "cpu" else x.to(device), torch.from_numpy(labels).long().to(device)

    return TrainingData(*tensors("train"), tensors("validation"), CLASSES, {"scaler": read_scaler("digits")})


DATA: dict[str, Callable[[TargetForm, torch.device], TrainingData]] = {
    "series": read_series_data,
    "digits": digits_data,
}


def describe(train: Panel, form: TargetForm, units: Sequence[float], scaler: Mapping[str, Any]) -> dict[str, Any]:
    """What the weights of networks trained on these windows need to be used; ``units`` are of each symbol's target."""
    windows = [windows for _, windows in train.all()]
    return {
        "panel": train.kind,
        "symbols": train.symbols,
        "target": form._asdict() | {"units": list(units)},
        "horizon": train.horizon,
        "trained_until": [str(own.target_dates[-1]) for own in windows],
        "spacing": [_spacing(own) for own in windows],
        "scaler": dict(scaler),
    }


def _spacing(train: Windows) -> float | None:
    """Hours between two rows, the median of the last 250; None: rows are only counted, or there is one."""
    if train.dates.dtype.kind != "M":
        return None
    steps = np.diff(train.target_dates[-250:])
    return float(np.median(steps) / np.timedelta64(1, "h")) if len(steps) else None
