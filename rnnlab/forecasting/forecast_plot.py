"""The plot of a forecast."""

import pandas as pd

from rnnlab.forecasting.forecast import Forecast
from rnnlab.reporting.figure_style import BLACK, BLUE, GREY, ORANGE, drawable, new_figure, to_png
from rnnlab.reporting.plots import CLOSE_UP


def plot_forecast(values: pd.Series, forecast: Forecast) -> bytes:
    """The last 60 values by date, and the forecasts of the steps that follow with their intervals; PNG."""
    figure, axes = new_figure(9, 4.5)
    recent, dates = values.iloc[-CLOSE_UP:], [step.date for step in forecast.steps]
    axes.plot(recent.index, recent, color=BLACK, lw=1.2, marker=".", label="actual")
    for level, width in (("95", 2), ("80", 5)):
        bounds = [step.intervals[level] for step in forecast.steps]
        there = [(date, *bound) for date, bound in zip(dates, bounds, strict=True) if bound]
        if there:
            axes.vlines(*zip(*there, strict=True), color=BLUE, lw=width, alpha=0.5, label=f"{level} % interval")
    axes.plot(
        dates, [step.forecast for step in forecast.steps], "o", color=ORANGE, label=f"forecast of {forecast.model}"
    )
    axes.plot(
        dates, [step.persistence for step in forecast.steps], "x", color=GREY, label="persistence (the last value)"
    )
    last = forecast.last_date
    after = f"{last:%Y-%m-%d %H:%M}".removesuffix(" 00:00") if isinstance(last, pd.Timestamp) else f"row {last}"
    axes.set(ylabel=drawable(forecast.target), title=f"After {after}")
    axes.legend()
    return to_png(figure)
