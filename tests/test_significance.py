import math
from unittest.mock import patch

import numpy as np
import pytest
import scipy.signal
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statsmodels.stats.contingency_tables import mcnemar as reference_mcnemar
from statsmodels.stats.multitest import multipletests

from rnnlab.evaluation.significance import (
    benjamini_hochberg,
    diebold_mariano,
    holm,
    intersection_union,
    mcnemar,
)


def test_diebold_mariano_by_hand():
    # four differences, 0.41 * 4^(2/3) = 1.03: one cosine, of half a turn, and Student's t with one degree, Cauchy's
    losses = np.array([1.0, 3.0, 2.0, 6.0])
    turn = np.cos(np.pi * np.array([0.5, 1.5, 2.5, 3.5]) / 4)
    variance = 2 / 4 * float(turn @ losses) ** 2 / 4
    test = diebold_mariano(losses, np.zeros(4), 1)
    assert test.difference == 3.0
    assert test.statistic == pytest.approx(3.0 / math.sqrt(variance))
    assert test.p == pytest.approx(2 * (0.5 - math.atan(test.statistic) / math.pi))
    assert test.p_smaller == pytest.approx(1 - test.p / 2)
    assert test.acf1 == pytest.approx((-2 * 0 + 0 * -1 + -1 * 3) / (4 + 0 + 1 + 9))


def test_white_noise_has_the_variance_of_its_mean():
    """Over many series the estimator is unbiased, and the statistic is Student's with as many degrees as cosines."""
    noise = np.random.default_rng(0).standard_normal((400, 226))
    statistics = [diebold_mariano(series, np.zeros(226), 1).statistic for series in noise]
    reference = scipy.stats.t(df=15)  # 0.41 * 226^(2/3)
    assert scipy.stats.kstest(statistics, reference.cdf).pvalue > 0.01


def test_a_longer_horizon_has_fewer_degrees():
    noise = np.random.default_rng(0).standard_normal((2, 60))
    near, far = (diebold_mariano(*noise, horizon) for horizon in (1, 10))
    assert near.difference == far.difference
    assert near.statistic != far.statistic


@pytest.mark.parametrize("other", [0.0, 1.0], ids=["equal", "better by the same at each step"])
@pytest.mark.parametrize("horizon", [1, 5])
def test_forecasts_that_do_not_differ_from_step_to_step_have_no_test(other, horizon):
    loss = np.array([0.1, 0.7, 0.3, 0.9, 0.2, 0.4])
    test = diebold_mariano(loss, loss + other, horizon)
    assert (test.statistic, test.p, test.p_smaller, test.acf1) == (None, None, None, None)


def test_too_few_steps_have_no_test():
    assert diebold_mariano(np.array([1.0, 2.0]), np.array([2.0, 5.0]), 2).p is None


def autocorrelated(rho, count, steps, generator):
    """AR(1) series (count, steps)."""
    noise = generator.standard_normal((count, steps + 200))
    return scipy.signal.lfilter([1.0], [1.0, -rho], noise, axis=1)[:, 200:]


@pytest.mark.long
@pytest.mark.parametrize(("rho", "most"), [(0.0, 0.065), (0.2, 0.07), (0.45, 0.07), (0.6, 0.075), (0.8, 0.095)])
def test_the_test_keeps_its_size_where_losses_are_autocorrelated(rho, most):
    series = autocorrelated(rho, 4000, 226, np.random.default_rng(1))
    rejected = [diebold_mariano(losses, np.zeros(226), 1).p < 0.05 for losses in series]
    assert np.mean(rejected) < most


def test_a_claim_on_all_rules_is_as_sure_as_the_least_sure_part():
    assert intersection_union([0.01, 0.2, 0.03]) == 0.2
    assert intersection_union([0.01, None]) is None


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
