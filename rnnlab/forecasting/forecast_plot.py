"""The plot of a forecast."""

import altair as alt
import pandas as pd

from rnnlab.forecasting.forecast import Forecast
from rnnlab.reporting.chart_style import BLUE, GREY, INK, ORANGE, inline, step_axis, to_png, to_spec

CLOSE_UP = 60
NAIVE = "persistence (the last value)"


def plot_forecast(values: pd.Series, forecast: Forecast) -> bytes:
    """The last 60 values by date, and the forecasts of the steps that follow with their intervals; PNG."""
    recent = values.iloc[-CLOSE_UP:]
    known = pd.DataFrame({"date": recent.index, "value": recent.to_numpy(), "line": "actual"})
    rows = [
        {"date": step.date, "line": line, "value": value}
        for step in forecast.steps
        for line, value in (("forecast", step.forecast), (NAIVE, step.persistence))
    ]
    bounds = pd.DataFrame(
        [
            {"date": step.date, "line": f"{level} % interval", "value": bound[0], "upper": bound[1]}
            for step in forecast.steps
            for level in ("95", "80")
            if (bound := step.intervals[level])
        ],
        columns=["date", "line", "value", "upper"],
    )
    colors = {"actual": INK, "forecast": ORANGE, NAIVE: GREY, "95 % interval": f"{BLUE}60", "80 % interval": BLUE}
    scale = alt.Scale(domain=list(colors), range=list(colors.values()))
    x = step_axis(known["date"], "rows")["x"]

    def layer(table: pd.DataFrame) -> alt.Chart:
        y = alt.Y("value:Q", title=forecast.target).scale(zero=False)
        return alt.Chart(inline(table)).encode(x=x, y=y, color=alt.Color("line:N", title=None, scale=scale))

    ahead = pd.DataFrame(rows)
    return to_png(
        to_spec(
            alt.layer(
                layer(bounds).mark_rule(strokeWidth=5).encode(y2="upper:Q"),
                layer(known).mark_line(strokeWidth=1.6, point={"size": 15, "filled": True}),
                layer(ahead).mark_point(filled=True, size=50, opacity=1),
            )
        )
    )
