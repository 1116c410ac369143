import numpy as np
import pandas as pd
import pytest
from architectures import GRU as ARCHITECTURE
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.backtesting.backtest import Walk, to_tables, walk_forward
from rnnlab.core.errors import UserError
from rnnlab.execution.executors import make_executor
from rnnlab.training.plan import TrainingPlan
from rnnlab.training.settings import Choice, Settings
from rnnlab.windows.folds import Fold, make_folds
from rnnlab.windows.targets import TargetForm
from rnnlab.windows.windows import Windows

NAMES = ("Open", "Volume")


def series(rows=64, seed=0, horizon=1):
    generator = np.random.default_rng(seed)
    prices = 100 + generator.standard_normal((rows, 3)).cumsum(axis=0)
    dates = np.datetime64("2024-01-01") + np.arange(rows)
    return Windows(prices[:, :2], prices[:, 2].copy(), dates.astype("datetime64[us]"), 3, horizon)


def walk(windows, folds, kind="level", refit=True, seeds=(0, 5), workers=1):
    plan = TrainingPlan(ARCHITECTURE, TargetForm(kind), Settings(3, 8, 0.01), seeds, Choice("ensemble", 1))
    with make_executor("local", workers) as executor:
        return walk_forward(plan, Walk(windows, folds, NAMES, refit), iter, executor)


@given(st.integers(20, 300), st.integers(1, 6), st.integers(1, 5), st.sampled_from(["rolling", "expanding"]))
def test_folds_test_each_later_window_once_and_train_on_what_is_known(count, folds, horizon, origin):
    made = make_folds(count, 0.4, folds, origin, horizon)
    tested = [number for fold in made for number in range(fold.test_start, fold.test_stop)]
    assert tested == list(range(round(0.4 * count), count))
    length = 3
    for fold in made:
        last_target_row = fold.train_stop - 1 + length + horizon - 1
        first_forecasts_last_row = fold.test_start + length - 1
        assert last_target_row <= first_forecasts_last_row
        assert fold.train_start == (0 if origin == "expanding" else fold.test_start - round(0.4 * count))
    if origin == "rolling":
        assert len({fold.train_stop - fold.train_start for fold in made}) == 1


@pytest.mark.parametrize(("train", "folds"), [(20, 1), (19, 2), (2, 3)])
def test_too_few_windows(train, folds):
    with pytest.raises(UserError, match="windows are too few for backtest"):
        make_folds(20, train, folds, "rolling", 4 if train == 2 else 1)


@pytest.mark.parametrize("kind", ["level", "change"])
@pytest.mark.parametrize("origin", ["rolling", "expanding"])
def test_folds_trained_at_once_are_those_trained_alone(kind, origin):
    windows = series()
    folds = make_folds(len(windows), 30, 3, origin, 1)
    together = walk(windows, folds, kind)
    for fold, by_seed in zip(folds, together, strict=True):
        (alone,) = walk(windows, [fold], kind)
        for seed, values in by_seed.items():
            np.testing.assert_allclose(values, alone[seed], atol=1e-4)  # prices of about 100, in single precision


def test_a_fold_knows_nothing_of_its_test_days_or_later():
    windows = series()
    folds = make_folds(len(windows), 30, 3, "rolling", 1)
    changed = series()
    row = folds[1].test_start + 3  # the first target of the second fold
    changed.target[row:] *= 5
    before, after = walk(windows, folds), walk(changed, folds)
    for seed in (0, 5):
        np.testing.assert_array_equal(before[0][seed], after[0][seed])
        assert before[1][seed][0] == after[1][seed][0]
        assert not np.array_equal(before[2][seed], after[2][seed])


def test_without_refit_the_first_folds_networks_forecast_all():
    windows = series()
    folds = make_folds(len(windows), 30, 3, "rolling", 1)
    once = walk(windows, folds, refit=False)
    whole = walk(windows, [Fold(0, 30, 30, len(windows))])
    for seed in (0, 5):
        np.testing.assert_allclose(np.concatenate([fold[seed] for fold in once]), whole[0][seed], atol=1e-5)


def test_folds_that_other_processes_train_forecast_the_same():
    windows = series()
    folds = make_folds(len(windows), 30, 3, "expanding", 1)
    here = walk(windows, folds)
    there = walk(windows, folds, workers=2)
    for expected, found in zip(here, there, strict=True):
        assert list(found) == [0, 5]
        for seed in found:
            np.testing.assert_array_equal(found[seed], expected[seed])


def test_the_table_has_a_row_for_each_tested_step():
    windows = series(rows=23)
    folds = make_folds(len(windows), 10, 2, "rolling", 1)
    truth = [windows.part(fold.test_start, fold.test_stop).y[:, 0] for fold in folds]
    forecasts = [{0: truth[0] + 1, 1: truth[0] + 3}, {0: truth[1] + 4, 1: truth[1] + 4}]
    table = pd.concat(map(pd.DataFrame, to_tables(Walk(windows, folds, NAMES), forecasts)))
    assert list(table) == ["fold", "date", "y_true", "seed_0", "seed_1"]
    assert table["fold"].tolist() == [0] * 5 + [1] * 5
    assert (table["seed_1"] - table["y_true"]).tolist() == pytest.approx([3.0] * 5 + [4.0] * 5)
    assert str(table["date"].iloc[0])[:10] == "2024-01-14"
