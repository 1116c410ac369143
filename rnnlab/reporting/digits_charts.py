"""The charts of the digits."""

import base64
import io
from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from rnnlab.reporting.chart_style import BLUE, GREY, INK, Spec, choose, inline, line_scales, to_spec

MISREAD_SHOWN, COLUMNS, ENLARGED = 40, 10, 4
Labels = NDArray[np.integer]


def confusion(matrices: Mapping[str, NDArray[np.integer]]) -> Spec:
    """How often the row's digit was read as the column's, of the model that is chosen; colour by share of the row."""
    rows = [
        {"model": name, "digit": i, "read as": j, "images": int(count), "share": count / max(1, matrix[i].sum())}
        for name, matrix in matrices.items()
        for (i, j), count in np.ndenumerate(matrix)
    ]
    base = alt.Chart().encode(x=alt.X("read as:O").axis(labelAngle=0, grid=False), y=alt.Y("digit:O").axis(grid=False))
    scale = alt.Scale(domain=[0, 1], range=["#8881", BLUE])
    color = alt.Color("share:Q", scale=scale, legend=None)
    cells = base.mark_rect().encode(
        color=color, tooltip=[alt.Tooltip("digit:O"), alt.Tooltip("read as:O"), alt.Tooltip("images:Q")]
    )
    ink = alt.when(alt.datum.share > 0.5).then(alt.value("white")).otherwise(alt.value(INK))
    counts = base.transform_filter(alt.datum.images > 0).mark_text().encode(text=alt.Text("images:Q"), color=ink)
    return to_spec(choose(alt.layer(cells, counts, data=inline(pd.DataFrame(rows), 3)), "model", list(matrices)))


def misread(images: NDArray[np.float32], y_true: Labels, by_model: Mapping[str, Labels]) -> Spec:
    """The first 40 images (N, T, F) that the chosen model misread, each with what it is and what it was taken for.

    Args:
        y_true: (N,).
        by_model: y_pred, (N,).
    """
    rows = [
        (name, place % COLUMNS, place // COLUMNS, f"{y_true[number]}→{y_pred[number]}", _png(images[number]))
        for name, y_pred in by_model.items()
        for place, number in enumerate(np.flatnonzero(y_true != y_pred)[:MISREAD_SHOWN])
    ]
    table = pd.DataFrame(rows, columns=["model", "x", "y", "what", "image"])
    lines = 1 + int(table["y"].max()) if rows else 1
    base = alt.Chart().encode(
        x=alt.X("x:Q", axis=None).scale(domain=[-0.5, COLUMNS - 0.5], nice=False),
        y=alt.Y("y:Q", axis=None).scale(domain=[lines - 0.5, -0.5], nice=False),
    )
    pictures = base.mark_image(width=28, height=28)
    pictures = pictures.encode(url=alt.Url("image:N"), tooltip=alt.Tooltip("what:N", title="digit→read as"))
    labels = base.mark_text(dy=24, fontSize=11).encode(text=alt.Text("what:N"))
    return to_spec(choose(alt.layer(pictures, labels, data=inline(table)), "model", list(by_model)), 66 * lines)


def _png(image: NDArray[np.float32]) -> str:
    """The image (T, F) of [0, 1] as an address with its content, black on white."""
    picture = Image.fromarray(np.uint8(255 * (1 - image)))
    target = io.BytesIO()
    picture.resize((picture.width * ENLARGED, picture.height * ENLARGED), Image.Resampling.NEAREST).save(target, "PNG")
    return f"data:image/png;base64,{base64.b64encode(target.getvalue()).decode()}"


def reliability(by_model: Mapping[str, Sequence[Mapping[str, float]]]) -> Spec:
    """The share of right answers by confidence; the size of a point is the number of images of its bin."""
    rows = [{"model": name, **each} for name, bins in by_model.items() for each in bins]
    color, dash = line_scales(list(by_model))
    axis = alt.Axis(format="%")
    base = alt.Chart().encode(
        x=alt.X("confidence:Q", axis=axis).scale(domain=[0, 1]),
        y=alt.Y("accuracy:Q", axis=axis, title="right answers").scale(domain=[0, 1]),
        color=alt.Color("model:N", scale=color, legend=alt.Legend(title=None)),
    )
    joined = base.mark_line().encode(strokeDash=alt.StrokeDash("model:N", scale=dash, legend=alt.Legend(title=None)))
    points = base.mark_point(filled=True, opacity=0.8).encode(
        size=alt.Size("count:Q", legend=None, scale=alt.Scale(domainMin=0, range=[40, 400])),
        tooltip=[
            alt.Tooltip("model:N"),
            alt.Tooltip("confidence:Q"),
            alt.Tooltip("accuracy:Q"),
            alt.Tooltip("count:Q", title="images"),
        ],
    )
    ideal = alt.Chart(inline(pd.DataFrame({"confidence": [0, 1], "accuracy": [0, 1]}))).mark_line(
        color=GREY, strokeDash=[2, 2]
    )
    return to_spec(
        alt.layer(ideal.encode(x="confidence:Q", y="accuracy:Q"), joined, points, data=inline(pd.DataFrame(rows), 4))
    )
