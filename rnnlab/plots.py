"""Pictures: the sole importer of matplotlib. Each function takes tables and returns a PNG's bytes."""

import io
from typing import Any

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from numpy.typing import NDArray

# Okabe and Ito's colours, which the colour-blind can tell apart.
BLACK, BLUE, ORANGE, GREY = "#000000", "#0072B2", "#D55E00", "#999999"
STYLE: Any = {
    "axes.grid": True,
    "grid.alpha": 0.25,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.size": 10,
}
CLOSE_UP_DAYS = 60
MISREAD_SHOWN = 40


def loss(history: pd.DataFrame, title: str) -> bytes:
    """Loss per epoch: the mean over seeds, a band from the smallest to the largest, on a logarithmic axis.

    Args:
        history: columns epoch, seed, train_loss and perhaps validation_loss.
    """
    figure, axes = _figure(7, 4)
    for column, color in (("train_loss", BLUE), ("validation_loss", ORANGE)):
        if column in history:
            by_epoch = history.groupby("epoch")[column]
            axes.plot(by_epoch.mean(), color=color, label=f"{column.replace('_', ' ')}, mean")
            axes.fill_between(by_epoch.min().index, by_epoch.min(), by_epoch.max(), color=color, alpha=0.25, lw=0)
    seeds = history["seed"].nunique()
    axes.set(yscale="log", xlabel="epoch", ylabel="loss", title=f"{title}: loss ({seeds} seed{'s' * (seeds > 1)})")
    axes.legend()
    return _png(figure)


def forecast(predictions: pd.DataFrame, title: str) -> bytes:
    """Actual and predicted prices over all parts, with the boundary of the training part.

    Args:
        predictions: columns date (datetime), part, y_true, y_pred and seed_K for each seed.
    """
    figure, axes = _figure(10, 4.5)
    _prices(axes, predictions)
    end = predictions.loc[predictions["part"] == "train", "date"].max()
    axes.axvline(end, color=GREY, ls="--", lw=1.2, label="end of the training part")
    axes.set(ylabel="price (points)", title=f"{title}: actual and predicted")
    axes.legend()
    return _png(figure)


def close_up(predictions: pd.DataFrame, title: str) -> bytes:
    """The first 60 days of the test part, where the shift to the right can be seen, with persistence."""
    test = predictions[predictions["part"] == "test"].head(CLOSE_UP_DAYS)
    figure, axes = _figure(10, 4.5)
    axes.plot(test["date"], test["persistence"], color=GREY, ls=":", lw=1.5, label="persistence (tomorrow = today)")
    _prices(axes, test, marker=".")
    axes.set(ylabel="price (points)", title=f"{title}: the first {len(test)} test days")
    axes.legend()
    return _png(figure)


def confusion(matrix: NDArray[np.integer], title: str) -> bytes:
    """How often the row's digit was read as the column's; colour by share of the row."""
    figure, axes = _figure(6, 5.5)
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (row, column), number in np.ndenumerate(matrix):
        if number:
            color = "white" if share[row, column] > 0.5 else "black"
            axes.text(column, row, str(number), ha="center", va="center", color=color, fontsize=9)
    ticks = range(len(matrix))
    axes.set(xticks=ticks, yticks=ticks, xlabel="read as", ylabel="digit", title=f"{title}: test images")
    axes.grid(False)
    return _png(figure)


def misread(images: NDArray[np.float32], y_true: NDArray[np.integer], y_pred: NDArray[np.integer], title: str) -> bytes:
    """The first 40 misread images (N, T, F), each with what it is and what it was taken for."""
    wrong = np.flatnonzero(y_true != y_pred)
    shown = wrong[:MISREAD_SHOWN]
    columns = 10
    rows = max(1, -(-len(shown) // columns))
    with plt.rc_context(STYLE):
        figure, grid = plt.subplots(rows, columns, figsize=(10, 1.25 * rows + 0.8), squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for axes, index in zip(grid.flat, shown, strict=False):
        axes.imshow(images[index], cmap="gray_r")
        axes.set_title(f"{y_true[index]} → {y_pred[index]}", fontsize=9)
    figure.suptitle(f"{title}: {len(shown)} of {len(wrong)} misread among {len(y_true)} test images (digit → read as)")
    figure.tight_layout()
    return _png(figure)


def _prices(axes: Axes, predictions: pd.DataFrame, marker: str = "") -> None:
    dates = predictions["date"]
    axes.plot(dates, predictions["y_true"], color=BLACK, lw=1.2, marker=marker, label="actual")
    by_seed = predictions.filter(regex=r"^seed_\d+$")
    axes.plot(
        dates,
        predictions["y_pred"],
        color=ORANGE,
        lw=1.2,
        marker=marker,
        label=f"predicted, mean of {by_seed.shape[1]}",
    )
    axes.fill_between(
        dates,
        by_seed.min(axis=1),
        by_seed.max(axis=1),
        color=ORANGE,
        alpha=0.25,
        lw=0,
        label="smallest to largest of the seeds",
    )
    locator = AutoDateLocator()
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    with plt.rc_context(STYLE):
        return plt.subplots(figsize=(width, height), layout="constrained")


def _png(figure: Figure) -> bytes:
    # Without the version of matplotlib in it, the same picture is the same bytes.
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=110, metadata={"Software": None})
    plt.close(figure)
    return target.getvalue()
