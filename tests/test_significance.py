import math
from unittest.mock import patch

import numpy as np
import pytest
from dieboldmariano import dm_test
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statsmodels.stats.contingency_tables import mcnemar as reference_mcnemar
from statsmodels.stats.multitest import multipletests

from rnnlab.evaluation.significance import benjamini_hochberg, diebold_mariano, holm, mcnemar

TRUTH = arrays(np.float64, 40, elements=st.floats(-10, 10, width=16))


def squared(truth, forecast):
    return (truth - forecast) ** 2


@given(st.integers(0, 2**31), st.sampled_from([1, 2, 5]))
def test_diebold_mariano_is_that_of_the_package(seed, horizon):
    truth, a, b = np.random.default_rng(seed).standard_normal((3, 60)).cumsum(axis=1)
    statistic, p = diebold_mariano(squared(truth, a), squared(truth, b), horizon)
    try:
        expected = dm_test(truth.tolist(), a.tolist(), b.tolist(), h=horizon)
    except Exception:  # the package raises where the variance is negative
        assert statistic is None
        return
    assert (statistic, p) == pytest.approx(expected, rel=1e-6)


def test_diebold_mariano_by_hand():
    # differences 1, 3: mean 2, variance 1 / 2 of the mean; corrected by sqrt((2 + 1 - 2) / 2)
    statistic, p = diebold_mariano(np.array([1.0, 3.0]), np.array([0.0, 0.0]), 1)
    assert statistic == pytest.approx(2 / math.sqrt(0.5) * math.sqrt(0.5))
    assert p == pytest.approx(2 * (0.5 - math.atan(2) / math.pi))  # Student's t with one degree is Cauchy's


@pytest.mark.parametrize("other", [0.0, 1.0], ids=["equal", "better by the same each day"])
@pytest.mark.parametrize("horizon", [1, 5])
def test_forecasts_that_do_not_differ_from_day_to_day_have_no_test(other, horizon):
    loss = np.array([0.1, 0.7, 0.3, 0.9, 0.2, 0.4])
    assert diebold_mariano(loss, loss + other, horizon) == (None, None)


def test_too_few_days_have_no_test():
    assert diebold_mariano(np.array([1.0, 2.0]), np.array([2.0, 5.0]), 2) == (None, None)


def test_holm_by_hand():
    assert holm([0.01, None, 0.04, 0.03]) == [pytest.approx(0.03), None, pytest.approx(0.06), pytest.approx(0.06)]
    assert holm([None, None]) == [None, None]
    assert holm([]) == []


@given(arrays(np.int64, 50, elements=st.integers(0, 3)), arrays(np.int64, (2, 50), elements=st.integers(0, 3)))
def test_mcnemar_is_statsmodels(truth, answers):
    a, b = answers
    only_a, only_b, p = mcnemar(truth, a, b)
    table = [[int(np.sum((a == truth) & (b == truth))), only_a], [only_b, int(np.sum((a != truth) & (b != truth)))]]
    assert p == pytest.approx(reference_mcnemar(table, exact=True).pvalue)


def test_mcnemar_of_the_same_answers():
    answers = np.array([0, 1, 2])
    assert mcnemar(answers, answers, answers) == (0, 0, 1.0)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_adjusted_p_values_are_statsmodels(p_values):
    for adjust, method in ((holm, "holm"), (benjamini_hochberg, "fdr_bh")):
        with patch("gc.collect"):  # statsmodels calls it each time
            expected = multipletests(p_values, method=method)[1].tolist()
        assert adjust(p_values) == pytest.approx(expected, rel=1e-12)
