"""A network's forecast of the level to come: of one step, direct, or by rollout, where a forecast is the next input.

Letters: N windows, T time steps.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rnnlab.networks.network import predict
from rnnlab.windows.targets import Target
from rnnlab.windows.windows import Windows

Array = NDArray[np.float64]


def forecast(network: nn.Module, windows: Windows, target: Target) -> Array:
    """(N, 1): the scaled level that the network forecasts for each window's target."""
    if not len(windows):
        return np.empty((0, 1))
    x, last = torch.from_numpy(windows.x), np.asarray(windows.last)
    for step in range(windows.horizon if target.rollout else 1):
        if step:  # the forecast is what comes next: beside it the calendar's columns alone are known
            following = np.concatenate([last, windows.inputs_after(step)[:, 1:]], axis=1)
            x = torch.cat([x[:, 1:], torch.from_numpy(following)[:, None]], 1)
        last = target.decode(_outputs(network, x), last, windows.horizon)
    return last


def _outputs(network: nn.Module, x: Tensor) -> Array:
    return predict(network, x).double().numpy()
