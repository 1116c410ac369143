"""The plots of the report: each function takes tables and returns a PNG's bytes."""

from collections.abc import Collection, Mapping
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter
from numpy.typing import NDArray

from rnnlab.reporting.figure_style import BLACK, BLUE, GREY, ORANGE, STYLE, drawable, line_style, new_figure, to_png

CLOSE_UP = 60
MISREAD_SHOWN = 40


def losses(histories: Mapping[str, pd.DataFrame], title: str) -> bytes:
    """Each model's loss per epoch on a logarithmic axis: the mean over its seeds, a band from the smallest to the
    largest; where there is a validation part, its loss, thinner.

    Args:
        histories: by model, columns epoch, seed, train_loss and perhaps validation_loss.
    """
    figure, axes = new_figure(9, 5)
    for number, (name, history) in enumerate(histories.items()):
        line, by_epoch = line_style(number), history.groupby("epoch")
        trained = by_epoch["train_loss"].agg(["mean", "min", "max"])
        axes.plot(trained["mean"], label=name, **line)
        axes.fill_between(trained.index, trained["min"], trained["max"], color=line["color"], alpha=0.15, lw=0)
        if "validation_loss" in history:
            axes.plot(by_epoch["validation_loss"].mean(), **line | {"lw": 0.6, "label": f"{name}, validation"})
    axes.set(yscale="log", xlabel="epoch", ylabel="loss", title=title)
    axes.legend(ncols=2)
    return to_png(figure)


def forecast(predictions: pd.DataFrame, title: str, target: str, words: str) -> bytes:
    """Actual and predicted values: above over all parts, with the boundary of the training part; below the first 60
    steps of the test part, where a shift to the right can be seen, with persistence and the intervals.

    Args:
        target: what is forecast, with its unit.
        words: what steps are called.
        predictions: columns date (datetime, or the row's number), part, y_true, persistence, y_pred, lower_L and
            upper_L of the levels 80 and 95, and seed_K for each seed.
    """
    figure, (whole, near) = new_figure(10, 8, rows=2)
    _values(whole, predictions)
    end = predictions.loc[predictions["part"] == "train", "date"].max()
    whole.axvline(end, color=GREY, ls="--", lw=1.2, label="end of the training part")
    whole.set(ylabel=drawable(target), title=f"{title}: actual and predicted")
    whole.legend()

    test = predictions[predictions["part"] == "test"].head(CLOSE_UP)
    for level, alpha in (("95", 0.12), ("80", 0.22)):
        bounds = test[f"lower_{level}"], test[f"upper_{level}"]
        near.fill_between(test["date"], *bounds, color=BLUE, alpha=alpha, lw=0, label=f"{level} % interval")
    near.plot(test["date"], test["persistence"], color=GREY, ls=":", lw=1.5, label="persistence (the last value)")
    _values(near, test, marker=".")
    near.set(ylabel=drawable(target), title=f"the first {len(test)} test {words}")
    near.legend(ncols=2)
    return to_png(figure)


def close_up(forecasts: pd.DataFrame, title: str, target: str) -> bytes:
    """Actual and predicted values of some steps; columns as of ``forecast``."""
    figure, axes = new_figure(10, 4.2)
    _values(axes, forecasts)
    axes.set(ylabel=drawable(target), title=title)
    axes.legend()
    return to_png(figure)


def shifts(by_name: Mapping[str, list[float]], unit: str, words: str) -> bytes:
    """RMSE of each forecast against the value k steps before the one it is for."""
    figure, axes = new_figure(8, 4)
    for number, (name, errors) in enumerate(by_name.items()):
        axes.plot(errors, marker="o", label=name, **line_style(number))
    axes.set(
        xlabel=f"moved back by ({words})",
        ylabel=drawable(f"RMSE ({unit})"),
        title="How well each forecast fits, moved back",
    )
    axes.set_xticks(range(max(map(len, by_name.values()))))
    axes.legend(ncols=2)
    return to_png(figure)


def backtest(found: Mapping[str, Any], networks: Collection[str]) -> bytes:
    """RMSE by fold relative to persistence's: of each network with the standard deviation over seeds, and of the rule
    that is best on all folds together.

    Args:
        found: what ``comparison.compare_backtest`` made.
    """
    figure, axes = new_figure(8, 4)
    naive = [fold["mean"] or np.nan for fold in found["rmse"]["persistence"]]  # a series that stands still
    overall = found["judged"]["rmse"]
    best_rule = min((name for name in overall if name not in networks), key=lambda name: overall[name])
    shown = [*networks, *({best_rule} - {"persistence"})]
    for number, name in enumerate(shown):
        means, stds = (
            [(fold[kind] or 0) / rival for fold, rival in zip(found["rmse"][name], naive, strict=True)]
            for kind in ("mean", "std")
        )
        places = np.arange(len(means)) + 0.08 * (number - len(shown) / 2)
        axes.errorbar(places, means, yerr=stds, marker="o", capsize=3, label=name, **line_style(number))
    axes.axhline(1, color=GREY, ls=":", label="persistence")
    labels = [f"{fold['first']}\nto {fold['last']}" for fold in found["folds"]]
    axes.set_xticks(range(len(labels)), labels)
    axes.set(ylabel="RMSE ÷ persistence's", title="Walking forward, fold by fold (below 1 is better)")
    axes.legend(ncols=2)
    return to_png(figure)


def over_symbols(ratios: Mapping[str, list[float]], title: str) -> bytes:
    """A box a model: median, quartiles, whiskers from 5 to 95 %, the symbols outside them as points.

    Args:
        ratios: by model, each symbol's RMSE divided by persistence's.
    """
    shown = {name: values for name, values in ratios.items() if values} or {"none": [1.0]}
    figure, axes = new_figure(9, 1.2 + 0.45 * len(shown))
    figure.subplots_adjust(left=0.02 + 0.0105 * max(map(len, shown)))
    axes.boxplot(
        list(reversed(shown.values())),
        orientation="horizontal",
        whis=(5, 95),
        flierprops={"marker": ".", "markersize": 3, "alpha": 0.5, "markeredgecolor": BLUE},
        medianprops={"color": ORANGE},
        tick_labels=list(reversed(shown)),
    )
    axes.axvline(1, color=GREY, ls=":")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.xaxis.set_minor_formatter(ScalarFormatter())
    axes.set(xlabel="RMSE ÷ persistence's (logarithmic)", title=title)
    return to_png(figure)


def memory_errors(errors: Mapping[str, Mapping[str, list[float]]], baseline: float) -> bytes:
    """Error on unseen sequences by their length, a dot for each seed."""
    figure, axes = new_figure(7, 4)
    for number, (cell, by_length) in enumerate(errors.items()):
        lengths = [int(length) for length in by_length]
        line = line_style(number)
        axes.plot(lengths, [np.mean(by_seed) for by_seed in by_length.values()], label=cell, **line)
        for length, by_seed in zip(lengths, by_length.values(), strict=True):
            axes.scatter([length] * len(by_seed), by_seed, color=line["color"], s=14)
    axes.axhline(baseline, color=GREY, ls=":", label="always says 1")
    axes.set(yscale="log", xlabel="time steps", ylabel="mean squared error", title="The adding problem")
    axes.legend()
    return to_png(figure)


def memory_gradients(by_distance: Mapping[str, list[float]]) -> bytes:
    """How strongly the output depends on the input so many steps before."""
    figure, axes = new_figure(7, 4)
    for number, (cell, norms) in enumerate(by_distance.items()):
        axes.plot(norms, label=cell, **line_style(number))
    axes.set(yscale="log", xlabel="steps before the last", ylabel="norm of the gradient", title="What reaches back")
    axes.legend()
    return to_png(figure)


def reliability(by_name: Mapping[str, list[Mapping[str, float]]], title: str) -> bytes:
    """How often an answer is right, by how sure the network is of it; dots as large as a bin is full."""
    figure, axes = new_figure(5.5, 5)
    axes.plot([0, 1], [0, 1], color=GREY, ls=":", label="as sure as right")
    for number, (name, bins) in enumerate(by_name.items()):
        sizes = [20 + 180 * b["count"] / sum(b["count"] for b in bins) for b in bins]
        sure, right = [b["confidence"] for b in bins], [b["accuracy"] for b in bins]
        line = line_style(number)
        axes.plot(sure, right, label=name, **line)
        axes.scatter(sure, right, s=sizes, color=line["color"], alpha=0.6)
    axes.set(xlabel="confidence", ylabel="share of right answers", title=title)
    axes.legend()
    return to_png(figure)


def confusion(matrix: NDArray[np.integer], title: str) -> bytes:
    """How often the row's digit was read as the column's; colour by share of the row."""
    figure, axes = new_figure(6, 5.5)
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (row, column), number in np.ndenumerate(matrix):
        if number:
            color = "white" if share[row, column] > 0.5 else "black"
            axes.text(column, row, str(number), ha="center", va="center", color=color, fontsize=9)
    ticks = range(len(matrix))
    axes.set(xticks=ticks, yticks=ticks, xlabel="read as", ylabel="digit", title=f"{title}: test images")
    axes.grid(False)
    return to_png(figure)


def misread(images: NDArray[np.float32], y_true: NDArray[np.integer], y_pred: NDArray[np.integer], title: str) -> bytes:
    """The first 40 misread images (N, T, F), each with what it is and what it was taken for."""
    wrong = np.flatnonzero(y_true != y_pred)
    shown = wrong[:MISREAD_SHOWN]
    columns = 10
    rows = max(1, -(-len(shown) // columns))
    with matplotlib.rc_context(STYLE):
        figure = Figure((10, 1.25 * rows + 0.8))
        grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for axes, index in zip(grid.flat, shown, strict=False):
        axes.imshow(images[index], cmap="gray_r")
        axes.set_title(f"{y_true[index]} → {y_pred[index]}", fontsize=9)
    figure.suptitle(f"{title}: {len(shown)} of {len(wrong)} misread among {len(y_true)} test images (digit → read as)")
    figure.tight_layout()
    return to_png(figure)


def _values(axes: Axes, predictions: pd.DataFrame, marker: str = "") -> None:
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
    if not pd.api.types.is_datetime64_any_dtype(dates):
        axes.set_xlabel("row")
        return
    locator = AutoDateLocator()
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
