import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rnnlab.targets import Target
from rnnlab.windows import Windows

SERIES = arrays(np.float64, 20, elements=st.floats(0, 1))


def windows(series, horizon=1):
    return Windows(np.zeros((len(series), 1)), series, np.arange(len(series)).astype("datetime64[s]"), 3, horizon)


def test_a_change_is_counted_from_the_last_day_in_units_of_the_training_parts():
    train = windows(np.array([0.0, 0.0, 1.0, 2.0, 5.0]))  # changes 1 and 3: a standard deviation of 1
    target = Target.fit("change", train)
    assert target == Target("change", 1.0)
    assert target.encode(train).tolist() == [[1.0], [3.0]]
    assert target.decode(np.array([[0.5], [0.0]]), train).tolist() == [[1.5], [2.0]]


def test_a_level_is_itself():
    train = windows(np.array([0.0, 0.0, 1.0, 2.0, 5.0]))
    assert Target.fit("level", train).encode(train).tolist() == train.y.tolist() == [[2.0], [5.0]]


def test_a_series_without_change_has_a_unit():
    assert Target.fit("change", windows(np.ones(6))).unit == 1.0


@given(SERIES, st.sampled_from(["level", "change"]), st.integers(1, 4))
def test_decoding_undoes_encoding(series, kind, horizon):
    train = windows(series, horizon)
    target = Target.fit(kind, train)
    np.testing.assert_allclose(target.decode(target.encode(train), train), train.y, atol=1e-9)
