"""What a network of the stock track learns to say, and its forecast of the level to come.

Letters: N windows, T time steps.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rnnlab.network import predict
from rnnlab.windows import Windows

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Target:
    """Between scaled levels and a network's outputs.

    Attributes:
        kind: ``level``, or ``change``: the level minus that of the last day known, in units of ``unit``.
        unit: of a change, the standard deviation of those in the training part, so that outputs are about 1.
        sequence: many-to-many: the network forecasts at each step of a window, and its last step counts.
        rollout: one-to-many: the network learns the next day, and its forecasts are fed back to it up to the horizon.
    """

    kind: str
    unit: float = 1.0
    sequence: bool = False
    rollout: bool = False

    @classmethod
    def fit(cls, train: Windows, kind: str, sequence: bool = False, rollout: bool = False) -> "Target":
        levels = cls("level", 1.0, sequence, rollout)
        unit = float(np.std(levels.encode(train) - levels._known(train))) if kind == "change" else 1.0
        return cls(kind, unit or 1.0, sequence, rollout)

    def encode(self, windows: Windows) -> Array:
        """(N, 1), or (N, T) of a sequence: what the network is to say."""
        ahead = 1 if self.rollout else windows.horizon
        levels = windows.levels_at_steps(ahead) if self.sequence else windows.levels_after(ahead)
        return (levels - self._known(windows)) / self.unit if self.kind == "change" else levels

    def decode(self, outputs: Array, last: Array) -> Array:
        """(N, 1): the level that the network's outputs mean, (N, 1) or (N, T), after the levels ``last`` (N, 1)."""
        final = outputs[:, -1:]
        return last + final * self.unit if self.kind == "change" else final

    def _known(self, windows: Windows) -> Array:
        return windows.levels_at_steps(0) if self.sequence else windows.last


def forecast(network: nn.Module, windows: Windows, target: Target) -> Array:
    """(N, 1): the scaled level that the network forecasts for each window's target."""
    x, last = torch.from_numpy(windows.x), np.asarray(windows.last)
    for step in range(windows.horizon if target.rollout else 1):
        if step:  # the forecast is the day that comes next: it is the only feature
            x = torch.cat([x[:, 1:], torch.from_numpy(last)[:, None]], 1)
        last = target.decode(_outputs(network, x), last)
    return last


def _outputs(network: nn.Module, x: Tensor) -> Array:
    return predict(network, x).double().numpy()
