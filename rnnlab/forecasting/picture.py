"""The picture of a forecast."""

import pandas as pd

from rnnlab.forecasting.forecast import Outlook
from rnnlab.reporting.plots import BLACK, BLUE, CLOSE_UP_DAYS, GREY, ORANGE, _figure, _png


def outlook(prices: pd.Series, found: Outlook) -> bytes:
    """The last 60 days of a series (by date), and the forecasts of those that follow, with their intervals."""
    figure, axes = _figure(9, 4.5)
    recent, dates = prices.iloc[-CLOSE_UP_DAYS:], [day.date for day in found.days]
    axes.plot(recent.index, recent, color=BLACK, lw=1.2, marker=".", label="actual")
    for level, width in (("95", 2), ("80", 5)):
        bounds = [day.intervals[level] for day in found.days]
        there = [(date, *bound) for date, bound in zip(dates, bounds, strict=True) if bound]
        if there:
            axes.vlines(*zip(*there, strict=True), color=BLUE, lw=width, alpha=0.5, label=f"{level} % interval")
    axes.plot(dates, [day.forecast for day in found.days], "o", color=ORANGE, label=f"forecast of {found.model}")
    axes.plot(dates, [day.persistence for day in found.days], "x", color=GREY, label="persistence (tomorrow = today)")
    axes.set(ylabel=f"{found.target} (points)", title=f"After {found.last_date:%Y-%m-%d}")
    axes.legend()
    return _png(figure)
