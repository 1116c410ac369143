"""The charts of what networks learned: their states over a window, what a forecast depends on, and memory."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from rnnlab.reporting.chart_style import BLUE, INK, ORANGE, Spec, choose, inline, lines, to_spec

STATES = ("hidden", "cell")  # of an LSTM both; the others are gates
PLACE = ("model", "window", "layer", "step", "unit")
STEP = "step of the window (0: the last)"
FEW_CELLS = 120  # of a heat map that has room for figures


def states(learned: Mapping[str, Mapping[str, Any]]) -> Spec:
    """Gates and states of every unit at each step of a window, of the network, layer and window that are chosen.

    Args:
        learned: by model, what ``evaluation.learned`` made.
    """
    rows = []
    for name, found in learned.items():
        for window in found["windows"]:
            for number, layer in enumerate(window["layers"], start=1):
                series = {f"{what} state": layer[what] for what in STATES if what in layer}
                series |= {f"{gate} gate": values for gate, values in layer["gates"].items()}
                whole = np.stack([np.asarray(values) for values in series.values()])  # (what, T, H)
                for step, unit in np.ndindex(whole.shape[1:]):
                    place = (name, window["label"], number, step + 1 - whole.shape[1], unit + 1)
                    units = dict(zip(series, whole[:, step, unit], strict=True))
                    rows.append(dict(zip(PLACE, place, strict=True)) | units)
    table = pd.DataFrame(rows)
    whats = list(table.columns[len(PLACE) :])
    chart = alt.Chart().transform_fold(whats, as_=["what", "value"])
    chart = chart.transform_filter("isValid(datum.value)").transform_calculate(row="datum.what + '|' + datum.unit")
    order = [f"{what}|{unit}" for what in whats for unit in range(1, table["unit"].max() + 1)]
    first = "split(datum.label, '|')[1] == '1' ? split(datum.label, '|')[0] : ''"  # a name for each block of units
    scale = alt.Scale(domain=[-1, 0, 1], range=[BLUE, "#8882", ORANGE], clamp=True)
    cells = chart.mark_rect().encode(
        x=alt.X("step:O", title=STEP).axis(labelAngle=0, grid=False),
        y=alt.Y("row:N", title=None, sort=order).axis(labelExpr=first, ticks=False, grid=False),
        color=alt.Color("value:Q", title=None, scale=scale).legend(gradientLength=160),
        tooltip=[
            alt.Tooltip("what:N"),
            alt.Tooltip("unit:Q"),
            alt.Tooltip("step:O"),
            alt.Tooltip("value:Q", format=".3f"),
        ],
    )
    drawn = alt.layer(cells, data=inline(table, 3))
    for field in ("model", "window", "layer"):
        drawn = choose(drawn, field, table[field].unique().tolist())
    return to_spec(drawn, 420)


def attribution(learned: Mapping[str, Mapping[str, Any]], unit: str) -> Spec:
    """How much of a forecast each input of the window explains, of the model that is chosen."""
    rows = [
        {"model": name, "step": step, "column": column, "value": value}
        for name, found in learned.items()
        for step, values in zip(found["attribution"]["steps"], found["attribution"]["values"], strict=True)
        for column, value in zip(found["attribution"]["features"], values, strict=True)
    ]
    table = pd.DataFrame(rows)
    base = alt.Chart().encode(
        x=alt.X("step:O", title=STEP).axis(labelAngle=0, grid=False),
        y=alt.Y("column:N", title=None, sort=None).axis(grid=False),
    )
    color = alt.Color("value:Q", title=unit, scale=alt.Scale(range=["#8881", f"{BLUE}c0"], domainMin=0))
    cells = base.mark_rect().encode(
        color=color, tooltip=[alt.Tooltip("step:O"), alt.Tooltip("column:N"), alt.Tooltip("value:Q")]
    )
    layers = [cells]
    if len(table) / len(learned) <= FEW_CELLS:
        layers.append(base.mark_text(color=INK).encode(text=alt.Text("value:Q", format=".3~g")))
    return to_spec(
        choose(alt.layer(*layers, data=inline(table, 3)), "model", list(learned)), 60 + 34 * table["column"].nunique()
    )


def memory_errors(errors: Mapping[str, Mapping[str, Sequence[float]]], always: str, baseline: float) -> Spec:
    """Error on unseen sequences by their length, mean over seeds.

    Args:
        errors: by cell, by length.
        always: what the line of the ``baseline`` error is called.
    """
    means = {cell: {int(n): np.mean(by_seed) for n, by_seed in found.items()} for cell, found in errors.items()}
    table = pd.DataFrame(means).assign(**{always: baseline}).rename_axis("length").reset_index()
    axis = {"x": alt.X("length:Q", title="time steps").scale(nice=False), "tooltip": alt.Tooltip("length:Q")}
    y = alt.Y("value:Q", title="mean squared error").scale(type="log", nice=False).axis(format="~g")
    return to_spec(lines(table, list(errors), axis, y, last=always), 280)


def memory_gradients(by_distance: Mapping[str, Sequence[float]]) -> Spec:
    """How strongly the output depends on the input so many steps before; by line."""
    table = pd.DataFrame(by_distance).rename_axis("distance").reset_index()
    axis = {
        "x": alt.X("distance:Q", title="steps before the last").scale(nice=False),
        "tooltip": alt.Tooltip("distance:Q"),
    }
    y = alt.Y("value:Q", title="norm of the gradient").scale(type="log").axis(format=".0e")
    return to_spec(lines(table, list(by_distance), axis, y), 280)
