"""MinMax scaling that keeps its constants as plain numbers (scikit-learn's class would be kept as a pickle)."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.core.errors import UserError
from rnnlab.windows.calendar import WAVES

Array = NDArray[np.float64]


@dataclass(frozen=True)
class MinMaxScaler:
    """Maps each column's [minimum, maximum] in the rows it was fitted on to [0, 1]."""

    columns: tuple[str, ...]
    minimum: tuple[float, ...]
    maximum: tuple[float, ...]

    @classmethod
    def fit(cls, values: Mapping[str, Array]) -> "MinMaxScaler":
        """Fit on the rows of each column; a calendar's run from -1 to 1, whichever rows there are.

        Raises:
            UserError: if a column does not vary: it has no scale.
        """
        minimum, maximum = (
            {name: end if name in WAVES else float(of(column)) for name, column in values.items()}
            for of, end in ((np.min, -1.0), (np.max, 1.0))
        )
        for name, column in values.items():
            if minimum[name] == maximum[name]:
                raise UserError(
                    f"column {name} does not vary in the {len(column)} rows that the scaler is fitted on "
                    f"(it is {minimum[name]:g} throughout): leave it out of series.features or take other rows"
                )
            if not math.isfinite(maximum[name] - minimum[name]):
                raise UserError(
                    f"column {name} goes from {minimum[name]:g} to {maximum[name]:g}: too far apart to be scaled"
                )
        return cls(tuple(values), tuple(minimum.values()), tuple(maximum.values()))

    def transform(self, values: Array, column: str) -> Array:
        """Values in a column's units, in any shape, -> scaled."""
        low, high = self._range(column)
        scaled: Array = (values - low) / (high - low)
        return scaled

    def inverse(self, scaled: Array, column: str) -> Array:
        """Scaled values of a column, in any shape, -> the column's units."""
        low, high = self._range(column)
        values: Array = scaled * (high - low) + low
        return values

    def _range(self, column: str) -> tuple[float, float]:
        index = self.columns.index(column)
        return self.minimum[index], self.maximum[index]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "MinMaxScaler":
        """What ``to_dict`` made; other keys are ignored."""
        columns, minimum, maximum = (tuple(content[key]) for key in ("columns", "minimum", "maximum"))
        return cls(columns, minimum, maximum)
