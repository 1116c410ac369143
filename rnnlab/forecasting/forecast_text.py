"""A forecast as text for a terminal."""

from collections.abc import Iterator, Sequence

import pandas as pd

from rnnlab.core.figures import places, write
from rnnlab.data.rhythm import date_format
from rnnlab.forecasting.forecast import Forecast, Moment


def to_text(forecast: Forecast, values: pd.Series, source: str, notes: Sequence[str]) -> Iterator[str]:
    """Lines: the model and the last value, notes, a row for each step, and the model's error so far.

    Args:
        values: by date, up to the last row.
        source: what they were read from.
    """
    form, last = date_format(values.index.to_numpy()), forecast.steps[-1]
    changes = values.diff().abs()
    decimals = places([last.mae or float(changes.mean() if len(changes) > 1 else values.iloc[-1])], 4)

    def date(moment: Moment) -> str:
        return f"{moment:{form}}" if form else f"row {moment}"

    after = f"{forecast.target} after {write(values.iloc[-1], decimals)} on {date(forecast.last_date)}"
    yield f"{forecast.model}, {after} ({source})"
    yield from (note if note.startswith("WARNING") else f"note: {note}" for note in notes)
    yield ""
    rows = [["date", "forecast", "80 % interval", "95 % interval", "the last value"]]
    for step in forecast.steps:
        bounds = (
            "–" if found is None else " to ".join(write(bound, decimals) for bound in found)
            for found in step.intervals.values()
        )
        rows.append([date(step.date), write(step.forecast, decimals), *bounds, write(step.persistence, decimals)])
    yield from align(rows)
    if last.mae is not None:
        yield (
            f"\nMean absolute error {_ahead(forecast)} on the last {last.known} {forecast.word}s that it was not "
            f"trained on: {write(last.mae, decimals)}; of the last value: {write(last.persistence_mae, decimals)}"
        )


def _ahead(forecast: Forecast) -> str:
    step = forecast.steps[-1].step
    return f"{step} {forecast.word}{'s' * (step > 1)} ahead"


def align(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The rows of a table as lines: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
        yield "  ".join([first.ljust(widths[0]), *cells])
