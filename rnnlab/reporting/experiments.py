"""The experiments side by side: `dvc exp show --json | python -m rnnlab.reporting.experiments` writes a page."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd

from rnnlab.core.files import write_text
from rnnlab.core.params_parsing import flatten
from rnnlab.reporting.chart_style import GREY, Spec, inline, javascript, line_scales, only, switch, to_spec
from rnnlab.reporting.page import Chart, Section, Table, Text, render

Experiment = tuple[str, Mapping[str, Any], Mapping[str, Any]]  # name, params.yaml, ranking
FILE = "metrics/ranking.json"
BEST_RULE = "best_rule"  # in the ranking, beside the networks of a series
PAGE = Path("report/experiments.html")
ABOUT = "The figure that ranks the models, of the last commit and of each experiment on it. A click on a name hides it."
SCALES = {"series": alt.Scale(type="log", nice=False, padding=10), "digits": alt.Scale(zero=False)}
CAPTIONS = {
    "series": "Each point is a network; the dashed line is the best simple rule of its experiment.",
    "digits": "Each point is a network.",
}
TITLES = {
    "series": ["RMSE ÷ the best simple rule's", "(below 1 is better; logarithmic)"],
    "digits": "Test accuracy (%)",
}


def read(shown: list[Mapping[str, Any]]) -> Iterator[Experiment]:
    """The last commit, and each experiment on it.

    Args:
        shown: what `dvc exp show --json` prints.
    """
    for commit in shown[1:]:  # the first is the workspace
        yield commit["name"], *_contents(commit["data"])
        for experiment in commit["experiments"] or []:
            last = experiment["revs"][0]
            if last["data"]:  # one that failed, or waits in the queue, has none
                yield experiment["name"], *_contents(last["data"])


def _contents(data: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    return data["params"]["params.yaml"]["data"], data["metrics"].get(FILE, {}).get("data", {})


def chart(rows: pd.DataFrame, track: str) -> Spec:
    """Args:
    rows: columns experiment, model, figure and value, in the order in which they are drawn.
    """
    models = list(dict.fromkeys(rows["model"]))
    (color, _), shown = line_scales(models), switch("model", models)
    points = alt.Chart().mark_point(filled=True, size=70).encode(
        x=alt.X("value:Q", title=TITLES[track], scale=SCALES[track]).axis(format="~g"),
        y=alt.Y("experiment:N", title=None, sort=None).axis(labelLimit=200),
        color=alt.Color("model:N", title=None, scale=color).legend(symbolType="circle", symbolSize=80),
        opacity=only(shown),
        tooltip=[alt.Tooltip("experiment:N"), alt.Tooltip("model:N"), alt.Tooltip("figure:Q"), alt.Tooltip("value:Q")],
    )  # fmt: skip
    layers = [points.add_params(shown)]
    if track == "series":
        layers.append(alt.Chart().mark_rule(color=GREY, strokeDash=[4, 4]).encode(x=alt.datum(1)))
    return to_spec(alt.layer(*layers, data=inline(rows, 5)), 60 + 28 * rows["experiment"].nunique())


def _rows(found: Sequence[Experiment], track: str) -> pd.DataFrame:
    """As ``chart`` takes them. Networks of a series are divided by its best rule: series differ in their units."""
    rows = []
    for name, params, ranking in found:
        rule = ranking.get(BEST_RULE)
        for model, figure in ranking.items():
            if params["models"].get(model, {}).get("track") != track:
                continue
            if track == "digits":
                rows.append((name, model, figure, 100 * figure))
            elif rule:
                rows.append((name, model, figure, figure / rule))
    return pd.DataFrame(rows, columns=["experiment", "model", "figure", "value"])


def page(found: Sequence[Experiment]) -> str:
    """The page's HTML, of what ``read`` found."""
    base = flatten(found[0][1])
    changes = [
        [
            name,
            ", ".join(f"{key}={json.dumps(value)}" for key, value in flatten(params).items() if base.get(key) != value),
        ]
        for name, params, _ in found[1:]
    ]
    sections = []
    for track in ("series", "digits"):
        rows = _rows(found, track)
        if len(rows):
            sections.append(Section(track, [Chart(chart(rows, track), CAPTIONS[track])]))
    what = Table("What each experiment changed against the commit", ["experiment", "changed"], changes, prose=True)
    return render("Experiments", [Text(ABOUT)], [*sections, Section("Changes", [what])], javascript())


def main() -> None:
    found = list(read(json.load(sys.stdin)))
    if len(found) < 2:
        print("No experiment yet: `dvc exp run -S KEY=VALUE` makes one (docs/experiments.md).")
        return
    write_text(PAGE, page(found))
    print(PAGE.absolute().as_uri())


if __name__ == "__main__":
    main()
