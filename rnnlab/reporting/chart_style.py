"""How charts look, in both colour schemes, and what a reader can do with them."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd
import vl_convert
from altair.utils import schemapi

# Of Okabe and Ito, which colour-blind people can tell apart, then others; all show on white and on black.
COLORS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"),
    *("#8A63D2", "#8C4A2F", "#8FA800", "#E0218A", "#F28C7E", "#B400FC"),
)
BLUE, ORANGE, GREY = COLORS[0], COLORS[1], "#8c8c8c"
DASHES: tuple[list[int], ...] = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3])
INK = "#010101"  # stands for the colour of text, which the page and ``to_png`` put in its place
# Vega's own labels name no year, and of hours no day.
DATE_LABEL = "[datum.label, datum.label == year(datum.value) ? '' : year(datum.value)]"
CLOCK_LABEL = "[timeFormat(datum.value, '%H:%M'), timeFormat(datum.value, '%Y-%m-%d')]"
HOVER = "hover"  # names what only a pointer shows
MOST_ROWS, MOST_OF_A_MODEL = 12_000, 1500  # behind a chart: the page is also read over slow lines
schemapi.disable_debug_mode()  # it checks each part of a chart when it is made, and doubles the time of a report
alt.data_transformers.consolidate_datasets = False
Spec = dict[str, Any]
Axis = dict[str, Any]  # of steps: the channel x, and its tooltip

CONFIG: dict[str, Any] = {
    "background": None,
    "font": "system-ui, 'DejaVu Sans', sans-serif",
    "view": {"stroke": None},
    "axis": {"gridColor": "#8883", "domainColor": "#888", "tickColor": "#888", "labelColor": INK, "titleColor": INK,
             "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"},
    "legend": {"labelColor": INK, "titleColor": INK, "labelFontSize": 12, "titleFontSize": 12, "symbolType": "stroke",
               "symbolSize": 250, "symbolOpacity": 1, "symbolStrokeWidth": 2.5, "labelLimit": 240},
    "title": {"color": INK, "fontSize": 13, "anchor": "start"},
    "text": {"color": INK},
}  # fmt: skip


def most_rows(models: int) -> int:
    """How many of each model's rows a chart shows, the last ones."""
    return min(MOST_OF_A_MODEL, MOST_ROWS // models)


def line_scales(names: Sequence[str], first: str | None = None, last: str | None = None) -> tuple[alt.Scale, alt.Scale]:
    """Colours and dashes of lines: both differ, so that lines can be told apart without colours too.

    Args:
        first: a line before the others, in the colour of text.
        last: a line after them, in grey: what the others are compared with.
    """
    looks = {first: (INK, DASHES[0])} if first else {}
    looks |= {name: (COLORS[n % len(COLORS)], DASHES[n % len(DASHES)]) for n, name in enumerate(names)}
    looks |= {last: (GREY, [4, 4])} if last else {}
    colors, dashes = zip(*looks.values(), strict=True)
    return alt.Scale(domain=list(looks), range=list(colors)), alt.Scale(domain=list(looks), range=list(dashes))


def switch(field: str, names: Sequence[str]) -> alt.Parameter:
    """Lines are shown and hidden by a click on their names in the legend."""
    shown = [{field: name} for name in names]
    return alt.selection_point(fields=[field], bind="legend", toggle="true", value=shown, empty=False, clear=False)


def only(chosen: alt.Parameter) -> alt.OpacityValue:
    """Opacity of what a selection holds alone; ``alt.when``, which says the same, takes 5 ms each time."""
    return alt.OpacityValue(0, condition={"param": chosen.name, "empty": False, "value": 1})


def zoom() -> alt.Parameter:
    """Drag to move, Ctrl and wheel to zoom, double click to go back; the wheel alone scrolls the page."""
    return alt.selection_interval(bind="scales", encodings=["x"], zoom="wheel![event.ctrlKey]")


def hover(chart: alt.Chart, tooltips: Sequence[alt.Tooltip]) -> alt.Chart:
    """A line at the step that the pointer is next to, with the values there.

    Args:
        chart: with the horizontal axis alone.
    """
    near = alt.selection_point(HOVER, nearest=True, on="pointerover", clear="pointerout", encodings=["x"], empty=False)
    rule = chart.mark_rule(color=GREY).encode(opacity=only(near), tooltip=list(tooltips))
    return rule.add_params(near).properties(name=HOVER)


def step_axis(dates: pd.Series, words: str) -> Axis:
    """The horizontal axis of steps by their dates, or by their numbers; and their tooltip."""
    if not pd.api.types.is_datetime64_any_dtype(dates):
        return {
            "x": alt.X("date:Q", title=f"row ({words})").scale(zero=False, nice=False),
            "tooltip": alt.Tooltip("date:Q"),
        }
    clock = (dates.dt.normalize() != dates).any()
    form = "%Y-%m-%d %H:%M" if clock else "%Y-%m-%d"
    axis = alt.X("date:T", title=None).axis(labelExpr=CLOCK_LABEL if clock else DATE_LABEL)
    return {"x": axis, "tooltip": alt.Tooltip("date:T", format=form)}


def inline(table: pd.DataFrame, digits: int = 6) -> alt.InlineData:
    """The table as CSV within the chart, a third of its size as JSON; figures with so many significant digits."""
    parse = dict.fromkeys(table.select_dtypes("datetime"), "date") | dict.fromkeys(
        table.select_dtypes("number"), "number"
    )
    # with a time of day, as browsers take a date alone for one in Greenwich
    text = table.to_csv(index=False, float_format=f"%.{digits}g", date_format="%Y-%m-%dT%H:%M:%S")
    return alt.InlineData(values=text, format=alt.CsvDataFormat(type="csv", parse=parse))


def lines(
    table: pd.DataFrame, names: Sequence[str], axis: Axis, y: alt.Y, first: str | None = None, last: str | None = None
) -> alt.LayerChart:
    """Lines over a common axis, with a legend that shows and hides them, and a tooltip with the values of all.

    Args:
        table: a column for the axis, and one for each line.
        y: of the field ``value``.
        first, last: lines that are no models, as of ``line_scales``.
    """
    everything = [name for name in (first, *names, last) if name]
    color, dash = line_scales(names, first, last)
    legend, shown = alt.Legend(title=None), switch("line", everything)
    base = alt.Chart().encode(x=axis["x"])
    drawn = base.transform_fold(everything, as_=["line", "value"]).mark_line(strokeWidth=1.7)
    drawn = drawn.encode(
        y=y,
        color=alt.Color("line:N", scale=color, legend=legend),
        strokeDash=alt.StrokeDash("line:N", scale=dash, legend=legend),
        opacity=only(shown),
    )
    tooltips = [axis["tooltip"], *(alt.Tooltip(f"{name}:Q", format=".5~g") for name in everything)]
    return alt.layer(drawn.add_params(shown, zoom()), hover(base, tooltips), data=inline(table))


def choose(chart: alt.LayerChart, field: str, options: Sequence[str]) -> alt.LayerChart:
    """The chart of one of several models, with a menu if there are more than one."""
    if len(options) == 1:
        return chart
    chosen = alt.param(bind=alt.binding_select(options=list(options), name=field), value=options[0])
    return chart.add_params(chosen).transform_filter(alt.datum[field] == chosen)


def to_spec(chart: alt.TopLevelMixin, height: int = 320) -> Spec:
    """Vega-Lite's JSON of a chart as wide as the page lets it be."""
    spec: Spec = chart.properties(width="container", height=height).to_dict(validate=False)
    spec.pop("config", None)  # the page and ``to_png`` have their own
    return spec


def fixed(spec: Spec) -> Spec:
    """The chart as a picture needs it: of one width, on white, and without what only a pointer shows, which is slow."""
    params = [each for each in spec.get("params", []) if each.get("bind") != "scales" and each["name"] != HOVER]
    layers = {"layer": [each for each in spec["layer"] if each.get("name") != HOVER]} if "layer" in spec else {}
    return {**spec, **layers, "params": params, "width": 760, "config": CONFIG | {"background": "white"}}


def to_png(spec: Spec) -> bytes:
    """The chart as a picture; the same chart has the same bytes."""
    png: bytes = vl_convert.vegalite_to_png(fixed(spec), scale=1.5)
    return png


def javascript() -> str:
    """Vega, Vega-Lite and vega-embed, of the versions that the installed package has."""
    bundle: str = vl_convert.javascript_bundle()  # type: ignore[call-arg]  # its stub forgets the default
    return bundle
