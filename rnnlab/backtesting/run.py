"""A model's backtest from its data to its table, as params.yaml says."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from rnnlab.backtesting.backtest import Walk, to_tables, walk_forward
from rnnlab.backtesting.panel_backtest import PanelWalk, fold_days, run_task, without_network
from rnnlab.core.csv_writer import columns_of, write_table
from rnnlab.core.errors import UserError
from rnnlab.core.files import read_arrays, read_json
from rnnlab.core.params import Params
from rnnlab.execution.checkpoint import fingerprint_of
from rnnlab.execution.executors import make_executor
from rnnlab.execution.progress import count_done, report
from rnnlab.execution.task_results import TaskResults, map_the_rest
from rnnlab.execution.tasks import executor_of, in_this_process
from rnnlab.training.plan import TrainingPlan
from rnnlab.windows.artifacts import SCALED, read_scaler
from rnnlab.windows.folds import make_folds
from rnnlab.windows.panel import LEAST, Panel
from rnnlab.windows.scaler_file import of_symbol
from rnnlab.windows.scaling import MinMaxScaler
from rnnlab.windows.targets import TargetForm

TABLES = Path("metrics/backtest")
SHOWN = 5  # symbols without a network


def plan_of(name: str, params: Params, panel: Panel) -> TrainingPlan:
    """As the model is trained, but with the backtest's number of seeds and to the last epoch."""
    training = params.training_of(name).model_copy(update={"patience": None, "seeds": params.backtest.seeds})
    shape, model = (panel.length, panel.inputs.shape[1]), params.model(name)
    outputs = TargetForm(*model.target_form).outputs(panel.horizon)
    return TrainingPlan.of(model, training, shape, outputs, params.threads_of_a_task)


def backtest_series(name: str, params: Params, panel: Panel) -> None:
    """metrics/backtest/NAME.csv, a row a day."""
    walk, scaler, plan = params.backtest, of_symbol(read_scaler("series"), 0), plan_of(name, params, panel)
    windows = panel.windows(0)
    prices = MinMaxScaler.from_dict(scaler).inverse(np.asarray(windows.target), scaler["target"])
    windows = replace(windows, inputs=np.asarray(windows.inputs), target=prices)
    folds = make_folds(len(windows), walk.train, walk.folds, walk.origin, windows.horizon)
    series = Walk(windows, folds, scaler["features"], walk.refit)
    shown = partial(report, epochs=plan.settings.epochs, label=name, each="training")
    watch = shown if in_this_process(params) else iter
    with executor_of(params, name) as executor:
        forecasts = walk_forward(plan, series, watch, executor)
    write_table(TABLES / f"{name}.csv", to_tables(series, forecasts))


def backtest_panel(name: str, params: Params, panel: Panel) -> None:
    """metrics/backtest/NAME.csv, a row a fold and symbol, for the daily forecasts of all are too many."""
    walk, scaler, plan = params.backtest, read_scaler("series"), plan_of(name, params, panel)
    (days,) = read_arrays(SCALED, "days")
    cut = {"train": walk.train, "folds": walk.folds, "origin": walk.origin}
    folds = fold_days(days, panel.length, panel.horizon, **cut)
    column = scaler["columns"].index(scaler["target"])
    scalers = [
        MinMaxScaler(("target",), (low[column],), (high[column],))
        for low, high in zip(scaler["minimum"], scaler["maximum"], strict=True)
    ]
    tasks = PanelWalk(plan, panel, scalers, folds, walk.refit)
    depends = asdict(plan) | {"walk": walk.model_dump(), "series": params.series.model_dump(mode="json")}
    done = TaskResults(f"{name}.backtest", fingerprint_of(depends, [SCALED]), len(tasks.groups), ".json", read_json)
    rows = list[dict[str, Any]]()
    with make_executor(params.executor, params.workers) as executor:
        results = map_the_rest(executor, run_task, lambda number: (plan, tasks[number], scaler["features"]), done)
        sizes = [len(symbols) for _, symbols in tasks.groups]
        for _, (_, found) in count_done(results, sizes, 0, name, "fit"):
            rows += found
    if not rows:
        raise UserError(f"backtest: no symbol has {LEAST} training windows and a day to be tested on in any fold")
    missing = without_network(panel, scalers, folds, rows, plan.seeds)
    _name_missing(name, missing)
    lines = sorted(rows + missing, key=lambda row: (row["fold"], row["symbol"]))
    write_table(TABLES / f"{name}.csv", [columns_of(lines)], "%.6g")
    done.remove()


def _name_missing(name: str, missing: Sequence[Mapping[str, Any]]) -> None:
    if missing:
        some = ", ".join(f"{row['symbol']} (from {row['first']})" for row in missing[:SHOWN])
        more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        print(f"{name}: fewer than {LEAST} windows to train on, or a column that does not vary: {some}{more}")
