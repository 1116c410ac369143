"""MinMax scaling that keeps its constants as plain numbers (scikit-learn's class would be kept as a pickle)."""

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
    def fit(cls, values: Array, columns: tuple[str, ...]) -> "MinMaxScaler":
        """Fit on ``values`` of shape (rows, columns).

        Raises:
            UserError: if a column does not vary: it has no scale.
        """
        minimum, maximum = values.min(axis=0), values.max(axis=0)
        for column, low, high in zip(columns, minimum, maximum, strict=True):
            if low == high:
                raise UserError(
                    f"column {column} does not vary in the {len(values)} rows that the scaler is fitted on "
                    f"(it is {low:g} throughout): leave it out of stock.features or take other rows"
                )
        return cls(columns, tuple(minimum.tolist()), tuple(maximum.tolist()))

    def transform(self, values: Array) -> Array:
        """(rows, columns) in the columns' units -> (rows, columns) scaled."""
        low, high = np.array(self.minimum), np.array(self.maximum)
        scaled: Array = (values - low) / (high - low)
        return scaled

    def inverse(self, scaled: Array, column: str) -> Array:
        """Scaled values of one column, in any shape, -> the column's units."""
        index = self.columns.index(column)
        low, high = self.minimum[index], self.maximum[index]
        values: Array = scaled * (high - low) + low
        return values

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> "MinMaxScaler":
        return cls(*(tuple(content[key]) for key in ("columns", "minimum", "maximum")))
