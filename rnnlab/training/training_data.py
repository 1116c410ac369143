"""What `train` trains one network on: sequences and targets, and what its weights file says of them."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnlab.core.params import Model
from rnnlab.networks import panel_weights, weights
from rnnlab.training.panel_training import Sequences, encode
from rnnlab.training.trainer import Samples
from rnnlab.windows.artifacts import SPLIT, read_digits, read_panel, read_panel_scaler, read_scaler, read_windows
from rnnlab.windows.panel import Panel
from rnnlab.windows.targets import Target
from rnnlab.windows.windows import Windows

States = dict[int, dict[str, Tensor]]  # by seed


@dataclass(frozen=True)
class Data:
    """The training part, (N, T, F) and (N, O) or classes (N,), and the validation part."""

    x: Samples
    y: Tensor
    validation: tuple[Samples, Tensor]
    about: dict[str, Any]  # for the weights file
    pack: Callable[[States, dict[str, Any]], bytes]


def series_data(model: Model, device: torch.device) -> Data:
    train, validation = read_windows("train"), read_windows("validation")
    target = Target.fit(train, model.target, model.output == "sequence", model.rollout)

    def tensors(windows: Windows) -> tuple[Tensor, Tensor]:
        x, y = torch.from_numpy(windows.x), torch.from_numpy(target.encode(windows)).float().contiguous()
        return _lying(x, device), y.to(device)

    dates = train.target_dates
    about = {"target": asdict(target), "horizon": train.horizon, "trained_until": str(dates[-1])}
    if len(dates) > 1:
        about["spacing"] = float(np.median(np.diff(dates[-250:])) / np.timedelta64(1, "h"))
    return Data(*tensors(train), tensors(validation), about | {"scaler": read_scaler("stock")}, weights.pack)


def digits_data(model: Model, device: torch.device) -> Data:
    def tensors(part: str) -> tuple[Tensor, Tensor]:
        images, labels = read_digits(part)
        return _lying(torch.from_numpy(images), device), torch.from_numpy(labels).long().to(device)

    about = {"target": None, "horizon": None, "trained_until": None, "scaler": read_scaler("digits")}
    return Data(*tensors("train"), tensors("validation"), about, weights.pack)


def panel_data(model: Model, device: torch.device) -> Data:
    """The windows of all symbols, each scaled by its own past."""
    train, validation = (read_panel(SPLIT / "stock" / part) for part in ("train", "validation"))
    forms = model.target, model.output == "sequence", model.rollout
    targets = [Target.fit(windows, *forms) for _, windows in train.all()]

    def tensors(panel: Panel) -> tuple[Sequences, Tensor]:
        return Sequences(panel, device), encode(panel, targets).to(device)

    about = {
        "panel": "global",
        "symbols": train.symbols,
        "forms": forms,
        "horizon": train.horizon,
        "trained_until": [str(windows.target_dates[-1])[:10] for _, windows in train.all()],
        "scaler": read_panel_scaler(),
    }

    def pack(states: States, config: dict[str, Any]) -> bytes:
        arrays = {
            seed: {name: tensor.cpu().numpy() for name, tensor in state.items()} for seed, state in states.items()
        }
        return panel_weights.pack(arrays, [target.unit for target in targets], config)

    return Data(*tensors(train), tensors(validation), about, pack)


def _lying(x: Tensor, device: torch.device) -> Tensor:
    """Sequences as they lie in the mapped files, so that batches alone are in memory; on CUDA all of them are."""
    return x if device.type == "cpu" else x.to(device, torch.float32)
