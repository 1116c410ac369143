import datetime
from dataclasses import replace

import numpy as np
import pytest
import torch
from architectures import GRU
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.core.errors import UserError
from rnnlab.data.series import Series
from rnnlab.networks.network import build
from rnnlab.training.ensemble import Ensemble
from rnnlab.training.panel_training import Group, Sequences, encode, make_groups, train_group, whole_batches
from rnnlab.training.plan import TrainingPlan
from rnnlab.training.settings import Choice, Settings
from rnnlab.training.trainer import Trainer
from rnnlab.windows.panel import Panel, PanelPart, SplitDates
from rnnlab.windows.panel_scaling import fit_scalers
from rnnlab.windows.splitting import in_time_order
from rnnlab.windows.targets import TargetForm
from rnnlab.windows.windows import Windows

DAYS = np.datetime64("2020-01-01", "us") + np.arange(100) * np.timedelta64(1, "D")
ARCHITECTURE = GRU | {"head": "flatten"}
PLAN = TrainingPlan(ARCHITECTURE, TargetForm("level"), Settings(3, 10, 0.01), (5, 6), Choice("ensemble", 1))


def panel(*sizes, horizon=1):
    stops = np.cumsum(sizes)
    rows = np.random.default_rng(0).random((stops[-1], 3))
    dates = np.concatenate([DAYS[:size] for size in sizes])
    spans = np.stack([stops - sizes, stops], 1)
    return Panel(tuple(f"s{i}" for i in range(len(sizes))), spans, rows[:, :2], rows[:, 2], dates, 3, horizon)


@pytest.mark.parametrize("horizon", [1, 4])
def test_a_symbol_with_all_days_is_parted_as_a_single_series(horizon):
    split_dates = SplitDates.at(DAYS, 5, horizon, 0.6, 0.2)
    assert split_dates.parts(DAYS) == in_time_order(100 - 5 - horizon + 1, 0.6, 0.2, horizon)


@given(st.sets(st.integers(0, 99), min_size=10), st.integers(1, 5), st.sampled_from([0, 0.2]))
def test_no_forecast_is_made_before_a_day_that_any_symbol_has_learned_from(kept, horizon, validation):
    split_dates, length = SplitDates.at(DAYS, 3, horizon, 0.5, validation), 3
    targets = DAYS[length + horizon - 1 :]
    learned = {name: targets[stop - 1] for name, (_, stop) in split_dates.parts(DAYS).items()}
    own = DAYS[sorted(kept)]
    parts = split_dates.parts(own)
    days = {name: (own[length - 1 :][a:b], own[length + horizon - 1 :][a:b]) for name, (a, b) in parts.items()}
    assert (days["train"][1] <= learned["train"]).all()
    assert (days["validation"][0] >= learned["train"]).all()
    assert (days["validation"][1] <= learned["validation"]).all() or not validation
    assert (days["test"][0] >= (learned["validation"] if validation else learned["train"])).all()


def fitted(*sizes, least=20):
    whole = panel(*sizes)
    rows = np.column_stack([whole.inputs, whole.target])
    series = Series(whole.symbols, whole.spans, whole.dates, rows)
    dates = SplitDates.at(DAYS, 3, 1, 50, 0)
    return series, fit_scalers(series.all, ("x", "y", "z"), dates, "train", least)


def test_symbols_that_cannot_take_part_are_left_out_and_named():
    # windows of 3 days: of 60 days 50 train, of 22 days 19 and of 53 days 50, with none to test on
    _, scalers = fitted(60, 22, 53)
    assert list(scalers.by_symbol) == ["s0", "s2"]
    why = {"s1": "19 training windows, at least 20 are needed"}
    assert scalers.left_out == why | {"s2": "trained on, but not tested: it has no day in the test part"}


def test_without_a_symbol_that_can_be_tested_all_reasons_are_told():
    with pytest.raises(UserError, match=r"no symbol can be tested; s0: 19 training .*; s1: trained on, but not"):
        fitted(22, 53)


def test_each_symbol_is_scaled_by_its_own_training_rows():
    series, scalers = fitted(60, 22, 60)
    arrays = {"inputs": np.zeros((120, 2)), "target": np.zeros(120), "dates": np.zeros(120, DAYS.dtype)}
    scalers.scale_into(arrays, series.all, ["z", "x"], "y")
    assert scalers.spans(series.all).tolist() == [[0, 60], [60, 120]]
    for start, (_, days, values) in zip((0, 60), [own for own in series.all() if own[0] != "s1"], strict=True):
        seen = values[:53]  # the last training window's target is row 50 + 3 - 1
        expected = (values - seen.min(0)) / (seen.max(0) - seen.min(0))
        np.testing.assert_allclose(arrays["inputs"][start : start + 60], expected[:, [2, 0]])
        np.testing.assert_allclose(arrays["target"][start : start + 60], expected[:, 1])
        assert (arrays["dates"][start : start + 60] == days).all()


def test_the_rows_of_a_part_are_those_that_its_windows_span():
    whole = panel(60, 56)
    part = PanelPart.of(whole, SplitDates.at(DAYS[:60], 3, 1, 40, 10), "validation")
    arrays = {name: np.zeros(shape, dtype) for name, (shape, dtype) in part.shapes.items()}
    part.copy_to(arrays)
    assert part.count == 20
    assert part.spans.tolist() == [[0, 13], [13, 26]]  # 10 windows of 3 rows, and the last target
    again = replace(whole, spans=part.spans, **arrays)
    for number in (0, 1):
        np.testing.assert_array_equal(again.windows(number).x, whole.windows(number).x[40:50])
        np.testing.assert_array_equal(again.windows(number).y, whole.windows(number).y[40:50])


def test_days_of_each_symbol_are_selected():
    series = Series(("a", "b"), np.array([[0, 100], [100, 110]]), np.concatenate([DAYS, DAYS[:10]]), np.zeros((110, 1)))
    chosen = series.select(datetime.date(2020, 1, 5), datetime.date(2020, 1, 8), 3)
    assert [[str(day)[:10] for day in dates] for _, dates, _ in chosen.all()] == [
        ["2020-01-06", "2020-01-07", "2020-01-08"]
    ] * 2
    none = series.select(datetime.date(2020, 3, 1), None, None)
    assert [len(dates) for _, dates, _ in none.all()] == [40, 0]


SERIES = Series(
    ("series",),
    np.array([[0, 3]]),
    np.array(["2020-01-02", "2020-01-03", "2020-01-06"], "datetime64[us]"),
    np.array([[2.0], [4.0], [6.0]]),
)


@pytest.mark.parametrize(
    ("start", "end", "rows", "expected"),
    [
        (None, None, None, [2, 4, 6]),
        (datetime.date(2020, 1, 3), None, None, [4, 6]),
        (None, datetime.date(2020, 1, 3), None, [2, 4]),
        (None, None, 2, [4, 6]),
        (None, datetime.date(2020, 1, 3), 1, [4]),
    ],
)
def test_days_are_selected(start, end, rows, expected):
    assert [values[:, 0].tolist() for _, _, values in SERIES.select(start, end, rows).all()] == [expected]


def test_a_selection_of_nothing_says_what_there_is():
    with pytest.raises(UserError, match="the data go from 2020-01-02 to 2020-01-06"):
        SERIES.select(datetime.date(2021, 1, 1), None, None)


@pytest.mark.parametrize(("count", "expected"), [(200, 200), (199, 180), (20, 20), (19, 19)])
def test_symbols_train_on_whole_batches(count, expected):
    assert whole_batches(count, 20) == expected


def test_groups_hold_symbols_of_one_count_and_not_too_many():
    groups = make_groups([40, 45, 100, 41], batch_size=20, seeds=30)
    assert groups == [Group((2,), 100), Group((0, 1), 40), Group((3,), 40)]


def test_a_symbol_of_a_group_trains_as_if_it_were_alone():
    whole = panel(60, 60, 60)
    series = [whole.windows(s) for s in range(3)]
    together = train_group(PLAN, series, 50)
    part = series[1].part(len(series[1]) - 50, len(series[1]))
    target = PLAN.fit_target(part)
    torch.manual_seed(6)
    alone = Trainer(
        Ensemble(ARCHITECTURE, [build(ARCHITECTURE).state_dict()]),
        torch.from_numpy(part.x).float(),
        torch.from_numpy(target.encode(part)).float(),
        [6],
        PLAN.settings,
    )
    losses = [row["train_loss"] for rows in alone.run() for row in rows]
    for name, weight in alone.states()[0].items():
        np.testing.assert_allclose(together.states[6][name][1], weight, atol=1e-6)
    one = train_group(replace(PLAN, seeds=(6,)), [series[1]], 50)
    np.testing.assert_allclose(one.losses[:, 0], losses, rtol=1e-5)
    assert together.learning.tolist() == [[3, 3]] * 3


def test_a_symbol_that_diverges_leaves_the_others_alone():
    whole = panel(60, 60)
    whole.target[whole.spans[1, 0] :] *= 1e30
    series = [whole.windows(s) for s in range(2)]
    trained = train_group(replace(PLAN, settings=Settings(2, 10, 0.01), seeds=(0,)), series, 50)
    assert set(trained.diverged) == {(1, 0)}
    assert trained.learning.tolist() == [[1], [1]]
    assert np.isfinite(trained.states[0]["linear.weight"][0]).all()


def test_sequences_are_the_windows_of_all_symbols_and_of_none_across_two():
    whole = panel(20, 4, 10)
    sequences = Sequences(whole, torch.device("cpu"))
    expected = np.concatenate([windows.x for _, windows in whole.all()])
    assert sequences.shape == expected.shape == (17 + 1 + 7, 3, 2)
    np.testing.assert_allclose(sequences[torch.arange(25)], expected, rtol=1e-6)
    np.testing.assert_allclose(sequences[5:9], expected[5:9], rtol=1e-6)
    assert sequences[torch.zeros(2, 4, dtype=torch.int64)].shape == (2, 4, 3, 2)
    targets = [PLAN.fit_target(windows) for _, windows in whole.all()]
    np.testing.assert_allclose(encode(whole, targets), np.concatenate([w.y for _, w in whole.all()]), rtol=1e-6)


def test_a_network_over_all_symbols_trains_as_on_a_tensor():
    whole = panel(20, 30)
    targets = [PLAN.fit_target(windows) for _, windows in whole.all()]
    sequences, y = Sequences(whole, torch.device("cpu")), encode(whole, targets)
    states = []
    for x in (sequences, sequences[:]):
        torch.manual_seed(0)
        engine = Ensemble(ARCHITECTURE, [build(ARCHITECTURE).state_dict()])
        trainer = Trainer(engine, x, y, [0], Settings(2, 10, 0.01), (x, y))
        rows = [row for epoch in trainer.run() for row in epoch]
        states.append((rows, trainer.states()[0]["linear.weight"]))
    assert states[0][0] == states[1][0]
    assert torch.equal(states[0][1], states[1][1])


def test_too_few_days():
    with pytest.raises(UserError, match="too few"):
        SplitDates.at(DAYS[:4], 5, 1, 0.5, 0)


def test_windows_of_a_symbol_are_views():
    whole = panel(10, 20)
    windows = whole.windows(1)
    assert isinstance(windows, Windows)
    assert np.shares_memory(windows.inputs, whole.inputs)
    assert len(windows) == 17
