"""What a network of the stock track learns to say: the level to come, or the change from the last day's."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnnlab.windows import Windows

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Target:
    """Between scaled levels and a network's outputs; both (N, 1).

    Attributes:
        kind: ``level``, or ``change``: the level minus that of the window's last day, in units of ``unit``.
        unit: of a change, the standard deviation of those in the training part, so that outputs are about 1.
    """

    kind: str
    unit: float = 1.0

    @classmethod
    def fit(cls, kind: str, train: Windows) -> "Target":
        unit = float(np.std(train.y - train.last)) if kind == "change" else 1.0
        return cls(kind, unit or 1.0)

    def encode(self, windows: Windows) -> Array:
        return (windows.y - windows.last) / self.unit if self.kind == "change" else windows.y

    def decode(self, outputs: Array, windows: Windows) -> Array:
        return windows.last + outputs * self.unit if self.kind == "change" else outputs
