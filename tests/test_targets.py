import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import nn

from rnnlab.networks.forecast import forecast
from rnnlab.windows.targets import Target
from rnnlab.windows.windows import Windows

SERIES = arrays(np.float64, 20, elements=st.floats(0, 1))


def windows(series, horizon=1):
    return Windows(np.zeros((len(series), 1)), series, np.arange(len(series)).astype("datetime64[s]"), 3, horizon)


def test_a_change_is_counted_from_the_last_day_in_units_of_the_training_parts():
    train = windows(np.array([0.0, 0.0, 1.0, 2.0, 5.0]))  # changes 1 and 3: a standard deviation of 1
    target = Target.fit(train, "change")
    assert target == Target("change", 1.0)
    assert target.encode(train).tolist() == [[1.0], [3.0]]
    assert target.decode(np.array([[0.5], [0.0]]), train.last, 1).tolist() == [[1.5], [2.0]]


def test_a_level_is_itself():
    train = windows(np.array([0.0, 0.0, 1.0, 2.0, 5.0]))
    assert Target.fit(train, "level").encode(train).tolist() == train.y.tolist() == [[2.0], [5.0]]


def test_a_sequence_has_a_target_at_each_step_and_its_last_counts():
    train = windows(np.arange(7.0), horizon=2)  # windows of days 0-2, 1-3, 2-4
    level, change = (Target.fit(train, kind, sequence=True) for kind in ("level", "change"))
    assert level.encode(train).tolist() == [[2, 3, 4], [3, 4, 5], [4, 5, 6]]
    assert level.encode(train)[:, -1:].tolist() == train.y.tolist()
    assert (change.encode(train) * change.unit).tolist() == [[2, 2, 2]] * 3
    assert level.decode(np.array([[7.0, 8.0, 9.0]]), np.array([[1.0]]), 2).tolist() == [[9.0]]


def test_a_rollout_learns_the_next_day():
    train = windows(np.arange(7.0), horizon=2)
    assert Target.fit(train, "level", rollout=True).encode(train).tolist() == [[3], [4], [5]]


def test_a_series_without_change_has_a_unit():
    assert Target.fit(windows(np.ones(6)), "change").unit == 1.0


class Doubles(nn.Module):
    """The next day is twice the last."""

    def __init__(self):
        super().__init__()
        self.anything = nn.Parameter(torch.zeros((), dtype=torch.float64))

    def forward(self, x):
        return 2 * x[:, -1]


@pytest.mark.parametrize(("horizon", "expected"), [(1, 6.0), (3, 24.0)])
def test_a_rollout_feeds_forecasts_back_up_to_the_horizon(horizon, expected):
    series = np.array([1.0, 2.0, 3.0] + [9.0] * horizon)
    only = Windows(series[:, None], series, np.arange(len(series)).astype("datetime64[s]"), 3, horizon)
    assert forecast(Doubles(), only, Target("level", rollout=True)).tolist() == [[expected]]
    changes = Target("change", 1.0, rollout=True)  # each day grows by twice the last
    assert forecast(Doubles(), only, changes).tolist() == [[3.0 * 3**horizon]]


def test_every_step_up_to_the_horizon_is_said_at_once():
    train = windows(np.array([0.0, 1.0, 4.0, 5.0, 8.0, 10.0]), horizon=2)  # windows end with 4 and 5
    level, change = (Target.fit(train, kind, every_step=True) for kind in ("level", "change"))
    assert level.encode(train).tolist() == [[5, 8], [8, 10]]
    np.testing.assert_allclose(change.encode(train) * change.unit, [[1, 4], [3, 5]])
    outputs = np.array([[6.0, 7.0], [8.0, 9.0]])
    assert [level.decode(outputs, train.last, ahead).tolist() for ahead in (1, 2)] == [[[6], [8]], [[7], [9]]]


@given(SERIES, st.sampled_from(["level", "change"]), st.sampled_from(["", "sequence", "every_step"]), st.integers(1, 4))
def test_decoding_undoes_encoding(series, kind, form, horizon):
    train = windows(series, horizon)
    target = Target.fit(train, kind, **({form: True} if form else {}))
    np.testing.assert_allclose(target.decode(target.encode(train), train.last, horizon), train.y, atol=1e-9)
