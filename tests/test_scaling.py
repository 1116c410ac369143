import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.preprocessing import MinMaxScaler as Reference

from rnnlab.core.errors import UserError
from rnnlab.windows.scaling import MinMaxScaler

VALUES = arrays(np.float64, (6, 2), elements=st.floats(-1e6, 1e6, allow_subnormal=False)).filter(
    lambda values: (np.ptp(values, axis=0) > 1e-3).all()
)


def fit(values):
    return MinMaxScaler.fit(dict(zip("ab", values.T, strict=True)))


def test_by_hand():
    scaler = fit(np.array([[10.0, 0.0], [20.0, 4.0]]))
    assert scaler.transform(np.array([15.0]), "a").tolist() == [0.5]
    assert scaler.transform(np.array([[8.0]]), "b").tolist() == [[2.0]]
    assert scaler.inverse(np.array([2.0]), "b").tolist() == [8.0]


@given(VALUES)
def test_same_as_scikit_learn(values):
    ours = np.stack([fit(values).transform(values[:, i], name) for i, name in enumerate("ab")], axis=1)
    np.testing.assert_allclose(ours, Reference().fit_transform(values), atol=1e-6)


@given(VALUES)
def test_inverse_undoes_transform_after_a_trip_through_json(values):
    scaler = MinMaxScaler.from_dict(fit(values).to_dict())
    np.testing.assert_allclose(scaler.inverse(scaler.transform(values[:, 1], "b"), "b"), values[:, 1], atol=1e-6)


def test_a_column_that_does_not_vary_is_named():
    with pytest.raises(UserError, match="column b does not vary"):
        fit(np.array([[1.0, 3.0], [2.0, 3.0]]))
