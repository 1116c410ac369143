from dataclasses import replace

import numpy as np
import pytest
from test_panel import ARCHITECTURE, DAYS, panel

from rnnlab.backtesting.panel_backtest import PanelWalk, fold_days, run_task, without_network
from rnnlab.execution.executors import make_executor
from rnnlab.training.plan import TrainingPlan
from rnnlab.training.settings import Choice, Settings
from rnnlab.windows.folds import make_folds
from rnnlab.windows.scaling import MinMaxScaler
from rnnlab.windows.targets import TargetForm

WALK = {"train": 40, "folds": 2, "origin": "rolling"}
PLAN = TrainingPlan(ARCHITECTURE, TargetForm("level"), Settings(2, 10, 0.01), (0, 1), Choice("ensemble", 1))
NAMES = ["x", "y"]


def scalers(panel):
    """Prices from 50 to 150."""
    return [MinMaxScaler(("target",), (50.0,), (150.0,))] * len(panel)


def tasks_of(walk):
    return [walk[number] for number in range(len(walk.groups))]


def test_folds_end_on_the_days_of_a_series_that_has_all_of_them():
    found = fold_days(DAYS, 3, 2, **WALK)
    made, targets = DAYS[3 - 1 :], DAYS[3 + 2 - 1 :]
    for (train, test), fold in zip(found, make_folds(len(targets), 40, 2, "rolling", 2), strict=True):
        assert train.tolist() == targets[[fold.train_start, fold.train_stop - 1]].tolist()
        assert test.tolist() == made[[fold.test_start, fold.test_stop - 1]].tolist()


def with_gaps(horizon):
    """Two of three symbols lack days, each others, around the end of the folds' training parts too."""
    whole = panel(100, 100, 100, horizon=horizon)
    kept = [np.arange(100), np.delete(np.arange(100), [38, 39, 40, 41, 60]), np.delete(np.arange(100), range(44, 75))]
    rows, stops = np.concatenate([own + 100 * s for s, own in enumerate(kept)]), np.cumsum([len(own) for own in kept])
    arrays = {name: getattr(whole, name)[rows] for name in ("inputs", "target", "dates")}
    return replace(whole, spans=np.stack([stops - [len(own) for own in kept], stops], 1), **arrays)


@pytest.mark.parametrize("kind", ["per_symbol", "global"])
@pytest.mark.parametrize("refit", [True, False])
@pytest.mark.parametrize("horizon", [1, 5])
def test_no_fold_has_learned_from_a_day_after_its_first_forecast(kind, refit, horizon):
    whole, tested = replace(with_gaps(horizon), kind=kind), []
    folds = fold_days(DAYS, 3, horizon, **WALK)
    for task in tasks_of(PanelWalk(PLAN, whole, scalers(whole), folds, refit)):
        last = max(windows.target_dates[-1] for windows in task.train)
        for _, tests in task.tests:
            assert all(len(w) == 0 or w.last_dates[0] >= last for w in tests)
            tested += [(s, day) for s, w in zip(task.symbols, tests, strict=True) for day in w.target_dates.tolist()]
    assert len(tested) == len(set(tested)) > 100


@pytest.mark.parametrize("kind", ["per_symbol", "global"])
@pytest.mark.parametrize("refit", [True, False])
def test_each_symbol_is_tested_in_each_fold(kind, refit):
    whole = replace(panel(100, 100, 15), kind=kind)  # the last one is too short to train
    folds = fold_days(DAYS, 3, 1, **WALK)
    tasks = tasks_of(PanelWalk(PLAN, whole, scalers(whole), folds, refit))
    rows = [row for task in tasks for row in run_task(PLAN, task, NAMES)]
    assert sorted((row["fold"], row["symbol"]) for row in rows) == [(0, "s0"), (0, "s1"), (1, "s0"), (1, "s1")]
    assert all(np.isfinite([row["naive_mse"], row["mse_0"], row["mse_1"]]).all() for row in rows)
    assert sum(row["days"] for row in rows if row["symbol"] == "s0") == 97 - 40


def test_a_fold_of_one_symbol_is_as_that_of_a_single_series():
    from rnnlab.backtesting.backtest import Walk, walk_forward
    from rnnlab.evaluation.series_evaluation import Days, series_figures

    whole, windows = panel(100), panel(100).windows(0)
    folds = make_folds(len(windows), **WALK, horizon=1)
    with make_executor("local", 1) as executor:
        single = walk_forward(PLAN, Walk(windows, folds, NAMES), iter, executor)
    rows = []
    whole = replace(whole, target=(whole.target - 50) / 100)
    for task in tasks_of(PanelWalk(PLAN, whole, scalers(whole), fold_days(DAYS, 3, 1, **WALK), True)):
        rows += run_task(PLAN, task, NAMES)
    for row, by_seed, fold in zip(rows, single, folds, strict=True):
        test = windows.part(fold.test_start, fold.test_stop)
        days = Days(test.y[:, 0], test.last[:, 0], 1, 1.0)
        for seed, forecast in by_seed.items():
            figures = series_figures(days, forecast)
            assert row[f"mse_{seed}"] == pytest.approx(figures["rmse"] ** 2, rel=1e-5)


@pytest.mark.parametrize("kind", ["per_symbol", "global"])
def test_a_network_that_diverges_is_no_silence(kind):
    whole, plan = replace(panel(100, 100), kind=kind), replace(PLAN, settings=Settings(2, 10, 3e38))
    walk = PanelWalk(plan, whole, scalers(whole), fold_days(DAYS, 3, 1, **WALK), True)
    rows = run_task(plan, walk[0], NAMES)
    assert [(row["symbol"], row["mse_0"], row["mse_1"]) for row in rows] == [("s0", None, None), ("s1", None, None)]


def test_symbols_that_could_not_be_trained_have_rows_without_a_network():
    whole = panel(100, 100, 15)  # the last one ends before the first test day
    folds = fold_days(DAYS, 3, 1, **WALK)
    rows = [{"fold": fold, "symbol": symbol} for fold, symbol in ((0, "s0"), (1, "s0"), (1, "s1"))]
    (missing,) = without_network(whole, scalers(whole), folds, rows, [0])
    assert (missing["fold"], missing["symbol"], missing["mse_0"]) == (0, "s1", None)
    assert missing["naive_mse"] > 0
