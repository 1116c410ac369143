"""A first try with a file of one's own: three small networks beside the simple rules, in a minute, and a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rnnlab.backtesting.backtest import Walk, walk_forward
from rnnlab.comparison import verdict
from rnnlab.comparison.comparison import compare_backtest
from rnnlab.core.errors import UserError
from rnnlab.core.figures import places, write
from rnnlab.core.files import write_text
from rnnlab.core.model_params import CellModel, Training
from rnnlab.data.columns import listed
from rnnlab.data.command import LEAST, offer, window_length, without_marks
from rnnlab.data.csv_reader import open_table, read_rows
from rnnlab.data.dates_found import find_dates
from rnnlab.data.number_columns import find_numbers
from rnnlab.data.rhythm import date_format, describe_gaps, find_rhythm, next_dates
from rnnlab.data.rows import Options, describe_reading
from rnnlab.evaluation.baseline_evaluation import ScaledSeries, walk_baselines
from rnnlab.evaluation.intervals import conformal
from rnnlab.execution.executors import make_executor
from rnnlab.reporting import series_charts, tables
from rnnlab.reporting.chart_style import javascript
from rnnlab.reporting.page import Block, Chart, Command, Section, Text, render
from rnnlab.training.plan import TrainingPlan
from rnnlab.windows.folds import make_folds
from rnnlab.windows.scaling import MinMaxScaler
from rnnlab.windows.series_info import SeriesInfo
from rnnlab.windows.windows import Windows, count_windows

CELLS = ("rnn", "lstm", "gru")
TRAIN = 0.7  # of the windows
SEEDS, EPOCHS, STEPS = 3, 40, 40  # STEPS of an epoch, at most
SHOWN = 100  # steps in the picture


@dataclass(frozen=True)
class Tried:
    """Attributes:
    lines: what was found, for a terminal.
    page: where it is shown.
    """

    lines: tuple[str, ...]
    page: Path


def first_try(path: Path, target: str | None, options: Options, folder: Path) -> Tried:
    """Train and judge on a file's rows, and write a page into a folder.

    Args:
        target: the column to forecast; None: Close of prices, else the first that holds numbers.

    Raises:
        UserError: if the file can't be read, or is too short.
    """
    dialect = open_table(path, str(path), options).dialect
    numbers = find_numbers(dialect, find_dates(dialect, options.date, options.date_format, str(path)))
    target, features = numbers.choose(target, str(path))
    rows = read_rows(path, [*features, target], options=options)
    dates = rows.frame.index.to_numpy()
    rhythm = find_rhythm(dates)
    length = window_length(rhythm)
    windows = Windows(rows.frame[list(features)].to_numpy(), rows.frame[target].to_numpy(), dates, length, 1)
    if count_windows(len(dates), length, 1) < LEAST:
        raise UserError(f"{path}: {len(dates)} rows are too few: at least {LEAST + length} are needed")
    least = float(rows.frame[target][: round(TRAIN * len(rows.frame))].min())
    info = SeriesInfo(
        path.name.split(".")[0], target, target, rhythm.word, rhythm.period, 0.0 if least >= 0 else None, 1
    )
    forecasts, rules, found = _judge(windows, features, info)
    where = f"On the {info.count(found['judged']['steps'])} after the first {100 * TRAIN:.0f} %"
    said = verdict.plain_series(found["judged"], info, where)
    rmse = found["judged"]["rmse"]
    best = min(rmse, key=lambda name: rmse[name])
    chosen = _with_next(forecasts[best] if best in forecasts else rules.assign(y_pred=rules[best]), info)
    following = _next(best, chosen, rmse[best], info)
    said_of_all = [said, *_doubts(rows.marks, options), following]
    train = offer(path, target, features, len(dates), length, options, rows.marks)
    page = folder / "index.html"
    read = [
        *describe_reading(rows),
        *numbers.describe_passed_over([target, *features]),
        *describe_gaps(dates),
        f"the networks read {listed(features)} of the last {length} {info.words}, and forecast {target}",
    ]
    write_text(page, _page(info, read, [*map(Text, said_of_all), _chart(best, chosen, info)], found, train))
    return Tried((*read, "", *said_of_all, "", *train), page)


def _doubts(marks: Sequence[int | float], options: Options) -> list[str]:
    """A sentence where numbers were taken for values that seem to be none."""
    if not marks:
        return []
    *_, word = without_marks(options, marks).words
    return [
        f"WARNING: the verdict takes {listed(marks)} for a measured value. If it marks a missing one, try again with "
        f"-S '{word}'"
    ]


def _judge(
    windows: Windows, features: tuple[str, ...], info: SeriesInfo
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame, dict[str, Any]]:
    """The forecasts of the networks and of the rules for the test part and the step after it, whose y_true is no
    value; and what ``compare_backtest`` makes of those of the test part.
    """
    (fold,) = make_folds(len(windows), TRAIN, 1, "rolling", 1)
    folds = [replace(fold, test_stop=fold.test_stop + 1)]
    windows = Windows(  # the last row again, in place of the one that is to come: no forecast is made from it
        np.concatenate([windows.inputs, windows.inputs[-1:]]),
        np.concatenate([windows.target, windows.target[-1:]]),
        np.concatenate([windows.dates, next_dates(windows.dates, 1)]),
        windows.length,
        1,
    )
    test = windows.part(folds[0].test_start, folds[0].test_stop)
    forecasts = {}
    with make_executor("local", 1) as executor:
        for cell in CELLS:
            (by_seed,) = walk_forward(
                _plan(cell, windows, folds[0].train_stop), Walk(windows, folds, features), iter, executor
            )
            seeds = {f"seed_{seed}": values for seed, values in by_seed.items()}
            mean = np.mean(list(by_seed.values()), axis=0)
            forecasts[cell] = pd.DataFrame(
                {
                    "date": test.target_dates,
                    "y_true": test.y[:, 0],
                    "persistence": test.last[:, 0],
                    "y_pred": mean,
                    **seeds,
                }
            )
    nothing = MinMaxScaler(("target",), (0.0,), (1.0,))  # windows are in the target's unit
    made = list(walk_baselines(ScaledSeries(windows, nothing, "target", info.period), folds, features, True))
    left_out: Mapping[str, str] = made[0][1]
    rules = pd.DataFrame(dict(made[0][0]))
    tested = {cell: table[:-1] for cell, table in forecasts.items()}
    return forecasts, rules, compare_backtest(tested, rules[:-1], left_out, 1)


def _with_next(made: pd.DataFrame, info: SeriesInfo) -> pd.DataFrame:
    """A model's forecasts with the intervals that its errors so far give; the last, of the step to come, without a
    y_true.
    """
    bounds, _ = conformal(made["y_true"].to_numpy(), made["y_pred"].to_numpy(), 1, floor=info.floor)
    known = made["y_true"].where(made.index != made.index[-1])
    return made.assign(part="test", **bounds, y_true=known)


def _next(best: str, chosen: pd.DataFrame, rmse: float, info: SeriesInfo) -> str:
    """The next value, with its interval."""
    last, decimals = chosen.iloc[-1], places([rmse], 4)
    low, middle, high = (write(last[name], decimals) for name in ("lower_80", "y_pred", "upper_80"))
    dates = chosen["date"].to_numpy()
    when = f"{pd.Timestamp(dates[-1]):{form}}" if (form := date_format(dates)) else f"row {dates[-1]}"
    by = f"by {best}, the model with the smallest error here"
    return f"Forecast of {info.target} for {when}: {middle} (80 % interval {low} to {high}), {by}."


def _chart(best: str, chosen: pd.DataFrame, info: SeriesInfo) -> Chart:
    shown = chosen.tail(SHOWN)
    caption = f"{best} on the last {info.count(len(shown) - 1)}; the point is the forecast, the bar its 80 % interval"
    return Chart(series_charts.model_values({best: shown}, info.target, info.words), caption)


def _plan(cell: str, windows: Windows, trained: int) -> TrainingPlan:
    model = CellModel.model_validate(
        {
            "track": "series", "cell": cell, "bidirectional": False, "hidden_size": 16, "num_layers": 1,
            "head": "flatten", "output": "linear",
        }
    )  # fmt: skip
    training = Training(
        epochs=EPOCHS,
        batch_size=max(16, -(-trained // STEPS)),
        learning_rate=0.01,
        schedule="onecycle",
        max_grad_norm=1.0,
        patience=None,
        seeds=SEEDS,
        seed=0,
    )
    return TrainingPlan.of(model, training, (windows.length, windows.inputs.shape[1]), 1, 1)


def _page(
    info: SeriesInfo,
    read: Sequence[str],
    opening: Sequence[Block],
    found: Mapping[str, Any],
    train: Sequence[str],
) -> str:
    judged = found["judged"]
    how = (
        f"{len(CELLS)} networks of {SEEDS} seeds each, hidden size 16, trained for only {EPOCHS} epochs. "
        f"They and the simple rules learned from the first {100 * TRAIN:.0f} %, and "
        f"forecast the {info.words} after it."
    )
    once = replace(
        tables.backtest(found, info),
        caption=f"RMSE ({info.unit}) on these {info.count(judged['steps'])}, best first. "
        "The last column is the probability p that chance alone makes a network look this much "
        "better than every rule: small is good, below 0.05 is beyond chance",
    )
    details = Text(verdict.series(judged, info, f"after the first {100 * TRAIN:.0f} %"))
    sections = [
        Section(info.name, [Text(how), once, details, tables.every_rule(judged, info)]),
        Section("The data", [Text(line) for line in read]),
        Section("Train all networks", [Command(line) if line.startswith("dvc ") else Text(line) for line in train]),
    ]
    return render(f"A first try with {info.name}", opening, sections, javascript())
