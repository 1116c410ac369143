"""backtest MODEL: data/scaled/stock -> metrics/backtest/MODEL.csv; walks forward over the series, fold by fold."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from rnnlab.backtest import make_folds, to_table, walk_forward
from rnnlab.engines import Choice
from rnnlab.errors import UserError
from rnnlab.executors import make_executor
from rnnlab.panel import LEAST, Series
from rnnlab.panel_backtest import fold_days, make_tasks, run_task
from rnnlab.params import Params
from rnnlab.scaler_config import of_symbol
from rnnlab.scaling import MinMaxScaler
from rnnlab.training import Settings
from rnnlab.windows import Windows
from stages.entry import run
from stages.files import read_arrays, write_text
from stages.params import read_params
from stages.parts import read_panel, read_panel_scaler, read_scaler
from stages.progress import count_done, report
from stages.tasks import executor_of, in_this_process


def main(name: str) -> None:
    params = read_params()
    if params.is_panel:
        backtest_panel(name, params)
    else:
        backtest_series(name, params)


def backtest_panel(name: str, params: Params) -> None:
    """A row a fold and symbol, for the daily forecasts of all are too many."""
    model, training, walk, window = params.model(name), params.training_of(name), params.backtest, params.stock.window
    about, scaled = (
        read_panel_scaler(),
        read_panel(Path("data/scaled/stock"), {"length": window.length, "horizon": window.horizon}),
    )
    prices = np.asarray(scaled.target).copy()
    for number, (start, stop) in enumerate(scaled.spans.tolist()):
        prices[start:stop] = MinMaxScaler.from_dict(of_symbol(about, number)).inverse(
            prices[start:stop], about["target"]
        )
    panel = replace(scaled, target=prices)
    days = Series(panel.symbols, panel.spans, panel.dates, panel.inputs).calendar()
    folds = fold_days(days, window.length, window.horizon, train=walk.train, folds=walk.folds, origin=walk.origin)
    one_network, seeds = params.stock.panel == "global", list(range(training.seed, training.seed + walk.seeds))
    words = (
        about["features"],
        model.architecture(len(about["features"]), window.length, 1),
        (model.target, model.output == "sequence", model.rollout),
        Settings(**training.model_dump(exclude={"seeds", "seed", "patience"})),
        seeds,
        Choice("ensemble", 1 if params.threads == "auto" else params.threads),
    )
    tasks = list(make_tasks(panel, folds, walk.refit, training.batch_size, walk.seeds, one_network))
    sizes, rows = [len(task.symbols) for task in tasks], []
    with make_executor(params.executor, params.workers) as executor:
        done = executor.map(run_task, ((task, *words) for task in tasks))
        for _, (_, found) in count_done(done, sizes, 0, sum(sizes), name):
            rows += found
    if not rows:
        raise UserError(f"backtest: no symbol has {LEAST} training windows in any fold")
    table = pd.DataFrame(rows).sort_values(["fold", "symbol"])
    write_text(Path("metrics/backtest") / f"{name}.csv", table.to_csv(index=False, float_format="%.6g"))


def backtest_series(name: str, params: Params) -> None:
    model, training, walk, window = params.model(name), params.training_of(name), params.backtest, params.stock.window
    about = read_scaler("stock")
    inputs, target, dates = read_arrays(Path("data/scaled/stock"), "inputs", "target", "dates")
    prices = MinMaxScaler.from_dict(about).inverse(np.asarray(target), about["target"])
    windows = Windows(np.asarray(inputs), prices, dates, window.length, window.horizon)
    folds = make_folds(len(windows), walk.train, walk.folds, walk.origin, window.horizon)

    choice = Choice("ensemble", 1 if params.threads == "auto" else params.threads)
    with executor_of(params, name) as executor:
        forecasts = walk_forward(
            windows,
            folds,
            about["features"],
            model.architecture(len(about["features"]), window.length, 1),
            (model.target, model.output == "sequence", model.rollout),
            Settings(**training.model_dump(exclude={"seeds", "seed", "patience"})),
            range(training.seed, training.seed + walk.seeds),
            walk.refit,
            choice,
            partial(report, epochs=training.epochs, label=name) if in_this_process(params) else iter,
            executor,
        )
    table = to_table(windows, folds, forecasts, walk.refit).to_csv(index=False, float_format="%.6f")
    write_text(Path("metrics/backtest") / f"{name}.csv", table)


if __name__ == "__main__":
    run(main)
