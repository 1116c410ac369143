"""MinMax scaling that keeps its constants as plain numbers (scikit-learn's class would be kept as a pickle)."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.errors import UserError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class MinMaxScaler:
    """Maps each column's [minimum, maximum] in the rows it was fitted on to [0, 1]."""

    columns: tuple[str, ...]
    minimum: tuple[float, ...]
    maximum: tuple[float, ...]

    @classmethod
    def fit(cls, values: Mapping[str, Array]) -> "MinMaxScaler":
        """Fit on the rows of each column.

        Raises:
            UserError: if a column does not vary: it has no scale.
        """
        minimum, maximum = ({name: float(of(column)) for name, column in values.items()} for of in (np.min, np.max))
        for name, column in values.items():
            if minimum[name] == maximum[name]:
                raise UserError(
                    f"column {name} does not vary in the {len(column)} rows that the scaler is fitted on "
                    f"(it is {minimum[name]:g} throughout): leave it out of stock.features or take other rows"
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
    def from_dict(cls, content: dict[str, Any], name: str = "scaler") -> "MinMaxScaler":
        """What ``to_dict`` made; other keys are ignored. ``name`` is what messages call it.

        Raises:
            UserError: naming the key that is missing or wrong.
        """
        kinds: dict[str, Any] = {"columns": str, "minimum": (int, float), "maximum": (int, float)}
        for key, kind in kinds.items():
            values = content.get(key) if isinstance(content, dict) else None
            if not isinstance(values, list | tuple) or not all(isinstance(value, kind) for value in values):
                raise UserError(f"{name}: {key} should be a list of {'names' if kind is str else 'numbers'}")
        columns, minimum, maximum = (tuple(content[key]) for key in kinds)
        if not len(columns) == len(minimum) == len(maximum):
            raise UserError(f"{name}: columns, minimum and maximum differ in length")
        for column, low, high in zip(columns, minimum, maximum, strict=True):
            if not -math.inf < low < high < math.inf:
                raise UserError(f"{name}: column {column}: minimum {low} should be below maximum {high}, both finite")
        return cls(columns, minimum, maximum)
