"""backtest MODEL: data/scaled/stock -> metrics/backtest/MODEL.csv; walks forward over the series, fold by fold."""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rnnlab.backtesting.backtest import make_folds, to_table, walk_forward
from rnnlab.backtesting.panel_backtest import Plan, fold_days, run_task, without_network
from rnnlab.core.errors import UserError
from rnnlab.core.files import read_arrays, read_json, write_text
from rnnlab.core.params import Params
from rnnlab.core.params_file import read_params
from rnnlab.core.stage import run
from rnnlab.execution.checkpoint import fingerprint_of
from rnnlab.execution.executors import make_executor
from rnnlab.execution.progress import count_done, report
from rnnlab.execution.task_results import Done, map_the_rest
from rnnlab.execution.tasks import executor_of, in_this_process
from rnnlab.training.engines import Choice
from rnnlab.training.trainer import Settings
from rnnlab.windows.artifacts import read_panel, read_panel_scaler, read_scaler
from rnnlab.windows.panel import LEAST
from rnnlab.windows.scaling import MinMaxScaler
from rnnlab.windows.windows import Windows

SCALED = Path("data/scaled/stock")
SHOWN = 5  # symbols without a network


def main(name: str) -> None:
    params = read_params()
    if params.is_panel:
        backtest_panel(name, params)
    else:
        backtest_series(name, params)


def backtest_panel(name: str, params: Params) -> None:
    """A row a fold and symbol, for the daily forecasts of all are too many."""
    model, training, walk, window = params.model(name), params.training_of(name), params.backtest, params.stock.window
    about = read_panel_scaler()
    panel = read_panel(SCALED, {"length": window.length, "horizon": window.horizon})
    (days,) = read_arrays(SCALED, "days")
    folds = fold_days(days, window.length, window.horizon, train=walk.train, folds=walk.folds, origin=walk.origin)
    one_network, seeds = params.stock.panel == "global", list(range(training.seed, training.seed + walk.seeds))
    column, choice = about["columns"].index(about["target"]), Choice("ensemble", params.threads_of_a_task)
    scalers = [
        MinMaxScaler(("target",), (low[column],), (high[column],))
        for low, high in zip(about["minimum"], about["maximum"], strict=True)
    ]
    words = (
        about["features"],
        model.architecture(len(about["features"]), window.length, 1),
        (model.target, model.output == "sequence", model.rollout),
        Settings(**training.model_dump(exclude={"seeds", "seed", "patience"})),
        seeds,
        choice,
    )
    plan = Plan(panel, scalers, folds, walk.refit, training.batch_size, walk.seeds, one_network)
    depends = {"walk": walk.model_dump(), "training": training.model_dump(), "choice": asdict(choice)}
    depends |= {"stock": params.stock.model_dump(mode="json"), "model": model.model_dump()}
    done = Done(f"{name}.backtest", fingerprint_of(depends, [SCALED]), len(plan.groups), ".json", read_json)
    rows = list[dict[str, Any]]()
    with make_executor(params.executor, params.workers) as executor:
        results = map_the_rest(executor, run_task, lambda number: (plan[number], *words), done)
        sizes = [len(symbols) for _, symbols in plan.groups]
        for _, (_, found) in count_done(results, sizes, 0, name, "fit"):
            rows += found
    if not rows:
        raise UserError(f"backtest: no symbol has {LEAST} training windows and a day to be tested on in any fold")
    if missing := without_network(panel, scalers, folds, rows, seeds):
        some = ", ".join(f"{row['symbol']} (from {row['first']})" for row in missing[:SHOWN])
        more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        print(f"{name}: fewer than {LEAST} windows to train on, or a column that does not vary: {some}{more}")
    rows += missing
    table = pd.DataFrame(rows).sort_values(["fold", "symbol"])
    write_text(Path("metrics/backtest") / f"{name}.csv", table.to_csv(index=False, float_format="%.6g"))
    done.remove()


def backtest_series(name: str, params: Params) -> None:
    model, training, walk, window = params.model(name), params.training_of(name), params.backtest, params.stock.window
    about = read_scaler("stock")
    inputs, target, dates = read_arrays(SCALED, "inputs", "target", "dates")
    prices = MinMaxScaler.from_dict(about).inverse(np.asarray(target), about["target"])
    windows = Windows(np.asarray(inputs), prices, dates, window.length, window.horizon)
    folds = make_folds(len(windows), walk.train, walk.folds, walk.origin, window.horizon)

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
            Choice("ensemble", params.threads_of_a_task),
            partial(report, epochs=training.epochs, label=name) if in_this_process(params) else iter,
            executor,
        )
    table = to_table(windows, folds, forecasts, walk.refit).to_csv(index=False, float_format="%.6f")
    write_text(Path("metrics/backtest") / f"{name}.csv", table)


if __name__ == "__main__":
    run(main)
