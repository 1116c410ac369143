"""The charts of a series: each function takes tables and returns Vega-Lite's JSON."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from rnnlab.reporting.chart_style import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    Spec,
    choose,
    hover,
    inline,
    line_scales,
    lines,
    step_axis,
    to_spec,
    zoom,
)

ACTUAL = "actual"
BANDS = {  # of one model: lower and upper columns, colour with opacity
    "95 % interval": ("lower_95", "upper_95", f"{BLUE}30"),
    "80 % interval": ("lower_80", "upper_80", f"{BLUE}60"),
    "range of seeds": ("lowest_seed", "highest_seed", f"{ORANGE}60"),
}
LINES = {  # column, dashes, colour
    ACTUAL: ("y_true", [1, 0], INK),
    "forecast": ("y_pred", [1, 0], ORANGE),
    "persistence (last value)": ("persistence", [2, 2], GREY),
}
BEYOND_CHANCE = 0.05
CELL = 36  # pixels that a p-value needs


def values(table: pd.DataFrame, names: Sequence[str], rule: str, target: str, words: str) -> Spec:
    """Actual values, and the forecasts of several networks and of a simple rule.

    Args:
        table: columns date (moments, or numbers of rows), actual, and one for each name and for the rule.
        target: what is forecast, with its unit.
        words: what steps are called.
    """
    y = alt.Y("value:Q", title=target).scale(zero=False)
    return to_spec(lines(table, names, step_axis(table["date"], words), y, ACTUAL, rule))


def model_values(predictions: Mapping[str, pd.DataFrame], target: str, words: str) -> Spec:
    """Actual and predicted values of the model that is chosen, its intervals and the range of its seeds.

    Args:
        predictions: by model, columns date, part, y_true, persistence, y_pred, lower_L and upper_L of the levels 80 and
            95, and seed_K for each seed; where the training part ends there is a dashed line. A last row without y_true
            is the next step, whose forecast and 80 % interval are marked.
    """
    table = pd.concat([_with_range(name, rows) for name, rows in predictions.items()])
    axis = step_axis(table["date"], words)
    bands = {
        name: columns for name, columns in BANDS.items() if columns[0] in table and table[columns[0]].notna().any()
    }
    colors = {name: color for name, (*_, color) in {**bands, **LINES}.items()}
    scale = alt.Scale(domain=list(colors), range=list(colors.values()))
    color = alt.Color("line:N", scale=scale, legend=alt.Legend(title=None, columns=1))

    def layer(name: str, column: str) -> alt.Chart:
        y = alt.Y(f"{column}:Q", title=target).scale(zero=False)
        return alt.Chart().transform_calculate(line=f"'{name}'").encode(x=axis["x"], y=y, color=color)

    layers = [layer(name, low).mark_area().encode(y2=alt.Y2(f"{high}:Q")) for name, (low, high, _) in bands.items()]
    layers += [
        layer(name, column).mark_line(strokeWidth=1.6, strokeDash=dash) for name, (column, dash, _) in LINES.items()
    ]
    if table["y_true"].isna().any():
        ahead = alt.Chart().transform_filter("!isValid(datum.y_true)").encode(x=axis["x"])
        layers.append(ahead.mark_rule(strokeWidth=5, color=f"{BLUE}90").encode(y="lower_80:Q", y2="upper_80:Q"))
        layers.append(ahead.mark_point(filled=True, size=70, color=ORANGE, opacity=1).encode(y="y_pred:Q"))
    if (table["part"] == "train").any():
        end = table["date"][table["part"] == "train"].max()
        rule = alt.Chart(inline(pd.DataFrame({"date": [end]}))).mark_rule(color=GREY, strokeDash=[4, 4])
        layers.append(rule.encode(x=axis["x"]))
    layers[0] = layers[0].add_params(zoom())
    shown = [alt.Tooltip(f"{column}:Q", title=name) for name, (column, *_) in LINES.items()]
    layers.append(hover(alt.Chart().encode(x=axis["x"]), [axis["tooltip"], *shown]))
    return to_spec(choose(alt.layer(*layers, data=inline(table)), "model", list(predictions)))


def each_model(predictions: Mapping[str, pd.DataFrame], target: str, words: str) -> dict[str, Spec]:
    """``model_values`` of each model alone: one specification, and the rows of each."""
    first = model_values(dict([next(iter(predictions.items()))]), target, words)
    return {name: first | {"data": inline(_with_range(name, rows)).to_dict()} for name, rows in predictions.items()}


def _with_range(name: str, rows: pd.DataFrame) -> pd.DataFrame:
    by_seed = rows.filter(regex=r"^seed_\d+$")
    rest = rows[rows.columns.difference(by_seed.columns)]
    return rest.assign(model=name, lowest_seed=by_seed.min(axis=1), highest_seed=by_seed.max(axis=1))


def losses(histories: Mapping[str, pd.DataFrame]) -> Spec:
    """Each model's loss by epoch on a logarithmic axis: the mean over its seeds; where there is a validation part, its
    loss as a line of its own.

    Args:
        histories: by model, columns epoch, seed, train_loss and perhaps validation_loss.
    """
    columns = {}
    for name, history in histories.items():
        by_epoch = history.groupby("epoch")
        columns[name] = by_epoch["train_loss"].mean()
        if "validation_loss" in history:
            columns[f"{name}, validation"] = by_epoch["validation_loss"].mean()
    table = pd.DataFrame(columns)
    table = table.iloc[:: max(1, len(table) // 300)].reset_index(names="epoch")
    axis = {"x": alt.X("epoch:Q").scale(nice=False), "tooltip": alt.Tooltip("epoch:Q")}
    return to_spec(
        lines(
            table, list(columns), axis, alt.Y("value:Q", title="loss").scale(type="log", nice=False).axis(format="~g")
        )
    )


def shifts(by_name: Mapping[str, list[float]], unit: str, words: str) -> Spec:
    """RMSE of each forecast, persistence's among them, against the value k steps before the one it is for."""
    table = pd.DataFrame(by_name).rename_axis("shift").reset_index()
    axis = {
        "x": alt.X("shift:Q", title=f"moved back by ({words})").axis(tickMinStep=1),
        "tooltip": alt.Tooltip("shift:Q"),
    }
    y = alt.Y("value:Q", title=f"RMSE ({unit})").scale(zero=False)
    networks = [name for name in by_name if name != "persistence"]
    return to_spec(lines(table, networks, axis, y, last="persistence" if "persistence" in by_name else None), 260)


def folds(found: Mapping[str, Any], networks: Collection[str]) -> Spec:
    """RMSE by fold relative to persistence's: of each network with the standard deviation over its seeds, and of the
    rule that is best on all folds together.

    Args:
        found: what ``comparison.compare_backtest`` made.
    """
    naive = [fold["mean"] or np.nan for fold in found["rmse"]["persistence"]]  # a series that stands still
    overall = found["judged"]["rmse"]
    best_rule = min((name for name in overall if name not in networks), key=lambda name: overall[name])
    shown = [*networks, *({best_rule} - {"persistence"})]
    rows = [
        {
            "model": name,
            "fold": f"{fold['first']} to {fold['last']}",
            "ratio": own["mean"] / rival,
            "low": (own["mean"] - (own["std"] or 0)) / rival,
            "high": (own["mean"] + (own["std"] or 0)) / rival,
        }
        for name in shown
        for fold, own, rival in zip(found["folds"], found["rmse"][name], naive, strict=True)
    ]
    color, _ = line_scales(list(networks), last=None if best_rule == "persistence" else best_rule)
    base = alt.Chart().encode(
        x=alt.X("fold:O", title=None, sort=None).axis(
            labelAngle=0, labelExpr="split(datum.label, ' to ')", labelOverlap=True, labelLimit=90
        ),
        xOffset=alt.XOffset("model:N", sort=shown),
        color=alt.Color("model:N", scale=color, legend=alt.Legend(title=None, symbolType="circle", symbolSize=80)),
        tooltip=[
            alt.Tooltip("model:N"),
            alt.Tooltip("fold:O"),
            alt.Tooltip("ratio:Q", title="RMSE ÷ persistence's"),
            alt.Tooltip("low:Q"),
            alt.Tooltip("high:Q"),
        ],
    )
    y = alt.Y("ratio:Q", title="RMSE ÷ persistence's (below 1 is better)").scale(zero=False)
    one = alt.Chart().mark_rule(color=GREY, strokeDash=[4, 4]).encode(y=alt.datum(1))
    spread = base.mark_rule().encode(y=alt.Y("low:Q"), y2=alt.Y2("high:Q"))
    points = base.mark_point(filled=True, size=60).encode(y=y)
    return to_spec(alt.layer(spread, points, one, data=inline(pd.DataFrame(rows), 4)))


def pairs(between: Sequence[Mapping[str, Any]], names: Sequence[str], unit: str) -> Spec:
    """The tests of networks against each other as a matrix: whether the row's errors are smaller than the column's.

    Args:
        between: tests of ``a`` and ``b``, with the ``difference`` of squared errors and Holm's p-value.
    """
    rows = []
    for pair in between:
        for row, column, sign in ((pair["a"], pair["b"], 1), (pair["b"], pair["a"], -1)):
            difference, p = sign * pair["difference"], pair["p_holm"]
            sure = p is not None and p < BEYOND_CHANCE
            rows.append({
                "row": row, "column": column, "difference": difference, "p": p,
                "verdict": ("smaller" if difference < 0 else "larger") if sure else "may be chance",
            })  # fmt: skip
    verdicts = ["smaller", "larger", "may be chance"]
    base = alt.Chart().encode(
        x=alt.X("column:N", title="than those of", sort=list(names)).axis(labelAngle=-45, grid=False),
        y=alt.Y("row:N", title="errors of", sort=list(names)).axis(grid=False),
        tooltip=[
            alt.Tooltip("row:N"),
            alt.Tooltip("column:N"),
            alt.Tooltip("verdict:N"),
            alt.Tooltip("difference:Q", title=f"difference of squared errors ({unit}²)"),
            alt.Tooltip("p:Q"),
        ],
    )
    color = alt.Color("verdict:N", title="are", scale=alt.Scale(domain=verdicts, range=[BLUE, ORANGE, "#8884"]))
    cells = base.mark_rect().encode(color=color.legend(symbolType="square"))
    # upright where the cells are too narrow, as on a phone
    text = base.mark_text(color=INK, angle=alt.expr(f"width < {CELL * len(names)} ? 270 : 0"))
    text = text.encode(text=alt.Text("p:Q", format=".3f"))
    return to_spec(alt.layer(cells, text, data=inline(pd.DataFrame(rows), 3)), CELL * len(names) + 20)
