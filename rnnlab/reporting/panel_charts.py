"""The chart of a panel's errors."""

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd

from rnnlab.reporting.chart_style import BLUE, GREY, ORANGE, Spec, inline, to_spec

QUANTILES = {"low": 5, "lower": 25, "median": 50, "upper": 75, "high": 95}  # per cent
OUTSIDE = 200  # symbols a model that are drawn as points, evenly taken from all that lie outside


def over_symbols(ratios: Mapping[str, Sequence[float]]) -> Spec:
    """A box a model: median, quartiles, whiskers from 5 to 95 %, the symbols outside them as points.

    Args:
        ratios: by model, each symbol's RMSE divided by persistence's.
    """
    boxes, points = [], []
    for name, values in ratios.items():
        if not values:
            continue
        found = dict(zip(QUANTILES, np.percentile(values, list(QUANTILES.values())), strict=True))
        boxes.append({"model": name} | found)
        outside = sorted(value for value in values if not found["low"] <= value <= found["high"])
        points += [{"model": name, "ratio": value} for value in outside[:: 1 + len(outside) // OUTSIDE]]
    y = alt.Y("model:N", title=None, sort=list(ratios))
    scale, title = alt.Scale(type="log", nice=False), "RMSE ÷ persistence's (logarithmic; below 1 is better)"

    def x(column: str) -> alt.X:
        return alt.X(f"{column}:Q", title=title, scale=scale).axis(format="~g")

    base = alt.Chart(inline(pd.DataFrame(boxes, columns=["model", *QUANTILES]), 4)).encode(y=y)
    base = base.encode(tooltip=[alt.Tooltip("model:N"), *(alt.Tooltip(f"{name}:Q") for name in QUANTILES)])
    outside_points = alt.Chart(inline(pd.DataFrame(points, columns=["model", "ratio"]), 4))
    layers = [
        base.mark_rule().encode(x=x("low"), x2=alt.X2("high:Q")),
        base.mark_bar(size=14, color=BLUE, opacity=0.6).encode(x=x("lower"), x2=alt.X2("upper:Q")),
        base.mark_tick(size=14, thickness=2, color=ORANGE).encode(x=x("median")),
        outside_points.mark_point(size=8, color=GREY).encode(x=x("ratio"), y=y),
        alt.Chart().mark_rule(color=GREY, strokeDash=[2, 2]).encode(x=alt.datum(1)),
    ]
    return to_spec(alt.layer(*layers), 40 + 26 * max(1, len(boxes)))
