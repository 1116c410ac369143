"""What the networks of a model predict, by seed, in the units of the data.

Letters: N windows or images, T time steps, F features, C classes.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rnnlab.networks.forecast import forecast
from rnnlab.networks.network import predict
from rnnlab.windows.scaling import MinMaxScaler
from rnnlab.windows.targets import Target
from rnnlab.windows.windows import Windows

Networks = Mapping[int, nn.Module]  # by seed


def predict_values(
    networks: Networks, target: Target, scaler: MinMaxScaler, column: str, windows: Windows
) -> dict[int, NDArray[np.float64]]:
    """Forecasts (N,) by seed, in the unit of ``column``."""
    return {
        seed: scaler.inverse(forecast(network, windows, target)[:, 0], column) for seed, network in networks.items()
    }


def mean_probabilities(networks: Networks, images: NDArray[Any]) -> NDArray[np.float32]:
    """(N, C): the probability of each class for images (N, T, F), mean over seeds."""
    inputs = torch.from_numpy(images)
    return torch.stack([predict(network, inputs).softmax(1) for network in networks.values()]).mean(0).numpy()


def classify(
    networks: Networks, images: NDArray[Any]
) -> tuple[dict[int, NDArray[np.int64]], dict[int, NDArray[np.float64]]]:
    """Predicted classes (N,) by seed, and their probabilities (N,), for images (N, T, F)."""
    inputs = torch.from_numpy(images)
    scores = {seed: predict(network, inputs) for seed, network in networks.items()}
    classes = {seed: values.argmax(1).numpy() for seed, values in scores.items()}
    return classes, {seed: values.softmax(1).amax(1).numpy().astype(np.float64) for seed, values in scores.items()}
