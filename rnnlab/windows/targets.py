"""What a network of the series track learns to say, and its forecast of the level to come.

Letters: N windows, T time steps.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnlab.windows.windows import Windows

Array = NDArray[np.float64]


class TargetForm(NamedTuple):
    """What a network is to say, without the data's scale: the attributes of ``Target`` that have these names."""

    kind: str
    sequence: bool = False
    rollout: bool = False
    every_step: bool = False

    def outputs(self, horizon: int) -> int:
        """Numbers that a network says; of a sequence at each of its steps."""
        return horizon if self.every_step else 1


@dataclass(frozen=True)
class Target:
    """Between scaled levels and a network's outputs.

    Attributes:
        kind: ``level``, or ``change``: the level minus the last one known, in units of ``unit``.
        unit: of a change, the standard deviation of those in the training part, so that outputs are about 1.
        sequence: many-to-many: the network forecasts at each step of a window, and its last step counts.
        rollout: one-to-many: the network learns the next step, and its forecasts are fed back to it up to the horizon.
        every_step: the network has an output for each step up to the horizon (direct many-output forecasts, Ben Taieb
            et al. 2012); the last one counts.
    """

    kind: str
    unit: float = 1.0
    sequence: bool = False
    rollout: bool = False
    every_step: bool = False

    @classmethod
    def fit(
        cls, train: Windows, kind: str, sequence: bool = False, rollout: bool = False, every_step: bool = False
    ) -> "Target":
        levels = cls("level", 1.0, sequence, rollout, every_step)
        unit = float(np.std(levels.encode(train) - levels._known(train))) if kind == "change" else 1.0
        return cls(kind, unit or 1.0, sequence, rollout, every_step)

    def encode(self, windows: Windows) -> Array:
        """(N, 1), (N, T) of a sequence, or (N, horizon) of every step: what the network is to say."""
        ahead = 1 if self.rollout else windows.horizon
        if self.sequence:
            levels = windows.levels_at_steps(ahead)
        elif self.every_step:
            levels = np.concatenate([windows.levels_after(step) for step in range(1, ahead + 1)], axis=1)
        else:
            levels = windows.levels_after(ahead)
        return (levels - self._known(windows)) / self.unit if self.kind == "change" else levels

    def decode(self, outputs: Array, last: Array, ahead: int) -> Array:
        """(N, 1): the level ``ahead`` steps on that the outputs of ``encode``'s form mean, after ``last`` (N, 1)."""
        final = outputs[:, ahead - 1 : ahead] if self.every_step else outputs[:, -1:]
        return last + final * self.unit if self.kind == "change" else final

    def _known(self, windows: Windows) -> Array:
        return windows.levels_at_steps(0) if self.sequence else windows.last
