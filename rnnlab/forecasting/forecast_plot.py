"""The plot of a forecast."""

import pandas as pd

from rnnlab.forecasting.forecast import Forecast
from rnnlab.reporting.figure_style import BLACK, BLUE, GREY, ORANGE, new_figure, to_png
from rnnlab.reporting.plots import CLOSE_UP_DAYS


def plot_forecast(prices: pd.Series, forecast: Forecast) -> bytes:
    """The last 60 prices of a series (by date) and the forecasts of the days that follow, with their intervals; PNG."""
    figure, axes = new_figure(9, 4.5)
    recent, dates = prices.iloc[-CLOSE_UP_DAYS:], [day.date for day in forecast.days]
    axes.plot(recent.index, recent, color=BLACK, lw=1.2, marker=".", label="actual")
    for level, width in (("95", 2), ("80", 5)):
        bounds = [day.intervals[level] for day in forecast.days]
        there = [(date, *bound) for date, bound in zip(dates, bounds, strict=True) if bound]
        if there:
            axes.vlines(*zip(*there, strict=True), color=BLUE, lw=width, alpha=0.5, label=f"{level} % interval")
    axes.plot(dates, [day.forecast for day in forecast.days], "o", color=ORANGE, label=f"forecast of {forecast.model}")
    axes.plot(
        dates, [day.persistence for day in forecast.days], "x", color=GREY, label="persistence (tomorrow = today)"
    )
    axes.set(ylabel=f"{forecast.target} (points)", title=f"After {forecast.last_date:%Y-%m-%d}")
    axes.legend()
    return to_png(figure)
