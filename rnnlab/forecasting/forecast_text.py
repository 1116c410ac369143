"""A forecast as text for a terminal."""

from collections.abc import Iterator, Sequence

import pandas as pd

from rnnlab.data.rhythm import date_format
from rnnlab.forecasting.forecast import Forecast


def to_text(forecast: Forecast, prices: pd.Series, source: str, notes: Sequence[str]) -> Iterator[str]:
    """Lines: the model and the last price, notes, a row for each day, and the model's error so far.

    Args:
        prices: by date, up to the last day.
        source: what the prices were read from.
    """
    form = date_format(prices.index.to_numpy())
    after = f"{forecast.target} after {_price(prices.iloc[-1])} on {forecast.last_date:{form}}"
    yield f"{forecast.model}, {after} ({source})"
    yield from (f"note: {note}" for note in notes)
    yield ""
    rows = [["date", "forecast", "80 % interval", "95 % interval", "tomorrow = today"]]
    for day in forecast.days:
        bounds = ("–" if found is None else " to ".join(map(_price, found)) for found in day.intervals.values())
        rows.append([f"{day.date:{form}}", _price(day.forecast), *bounds, _price(day.persistence)])
    yield from align(rows)
    if (day := forecast.days[-1]).mae is not None:
        yield (
            f"\nMean absolute error on the last {day.known} {forecast.unit}s that it was not trained on: "
            f"{_price(day.mae)}; of tomorrow = today: {_price(day.persistence_mae or 0.0)}"
        )


def align(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The rows of a table as lines: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
        yield "  ".join([first.ljust(widths[0]), *cells])


def _price(value: float) -> str:
    return f"{value:,.2f}" if abs(value) >= 1 else f"{value:.4g}"
