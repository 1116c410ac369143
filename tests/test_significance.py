import itertools
import math
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.signal import lfilter
from scipy.stats import t as student_t
from statsmodels.stats.contingency_tables import mcnemar as reference_mcnemar
from statsmodels.stats.multitest import multipletests

from rnnlab.evaluation.significance import (
    LossTest,
    benjamini_hochberg,
    diebold_mariano,
    holm,
    intersection_union,
    mcnemar,
)


def slow_diebold_mariano(difference, horizon):
    """The statistic and its degrees of freedom, term by term."""
    n, mean = len(difference), sum(difference) / len(difference)
    centred = [value - mean for value in difference]
    acf1 = sum(a * b for a, b in itertools.pairwise(centred)) / sum(value**2 for value in centred)
    coefficient = min(max(acf1 + (1 + 3 * acf1) / n, 0), 0.97)
    white = [now - coefficient * before for before, now in itertools.pairwise(centred)]
    degrees, m = max(1, round(min(0.4 * n ** (2 / 3), n / (2 * horizon)))), n - 1
    total = 0.0
    for j in range(1, degrees + 1):
        waves = sum(value * math.cos(math.pi * j * (t - 0.5) / m) for t, value in enumerate(white, start=1))
        total += 2 / m * waves**2
    return mean / math.sqrt(total / degrees / (1 - coefficient) ** 2 / n), degrees, acf1


@given(st.integers(0, 2**31), st.sampled_from([1, 2, 5]), st.integers(8, 80))
def test_diebold_mariano_is_the_formula_term_by_term(seed, horizon, n):
    a, b = np.random.default_rng(seed).standard_normal((2, n)).cumsum(axis=1) ** 2
    found = diebold_mariano(a, b, horizon)
    statistic, degrees, acf1 = slow_diebold_mariano((a - b).tolist(), horizon)
    assert (found.statistic, found.acf1) == (pytest.approx(statistic, rel=1e-6), pytest.approx(acf1))
    assert found.degrees == degrees
    assert found.difference == pytest.approx(float(np.mean(a - b)))
    assert found.p == pytest.approx(2 * student_t.sf(abs(statistic), degrees))
    assert found.p_better == pytest.approx(student_t.cdf(statistic, degrees))


def test_diebold_mariano_by_hand():
    # differences 2, -1, 2: mean 1, centred 1, -2, 1. The acf(1) is -4 / 6: nothing to whiten. One transform of -2, 1:
    # sqrt(2 / 2) (-2 cos(pi / 4) + cos(3 pi / 4)) = -3 / sqrt(2), squared 9 / 2; the statistic is 1 / sqrt(9 / 2 / 3).
    found = diebold_mariano(np.array([2.0, -1.0, 2.0]), np.zeros(3), 1)
    assert (found.difference, found.degrees) == (1.0, 1)
    assert found.acf1 == pytest.approx(-2 / 3)
    assert found.statistic == pytest.approx(math.sqrt(2 / 3))
    # Student's t with one degree is Cauchy's
    assert found.p_better == pytest.approx(0.5 + math.atan(math.sqrt(2 / 3)) / math.pi)
    assert found.p == pytest.approx(2 * (1 - found.p_better))


def test_sides_change_with_the_order():
    a, b = np.random.default_rng(0).standard_normal((2, 40)) ** 2
    one, other = diebold_mariano(a, b, 1), diebold_mariano(b, a, 1)
    assert one.statistic == pytest.approx(-other.statistic)
    assert one.p == pytest.approx(other.p)
    assert one.p_better + other.p_better == pytest.approx(1)


@pytest.mark.parametrize("other", [0.0, 1.0], ids=["equal", "better by the same each day"])
@pytest.mark.parametrize("horizon", [1, 5])
def test_forecasts_that_do_not_differ_from_day_to_day_have_no_test(other, horizon):
    loss = np.array([0.1, 0.7, 0.3, 0.9, 0.2, 0.4])
    found = diebold_mariano(loss, loss + other, horizon)
    assert found == LossTest(pytest.approx(-other))


@pytest.mark.parametrize(("days", "horizon"), [(2, 1), (4, 4)])
def test_too_few_days_have_no_test(days, horizon):
    found = diebold_mariano(np.arange(days) ** 2.0, np.ones(days), horizon)
    assert (found.statistic, found.p, found.p_better) == (None, None, None)


def test_the_claim_of_all_rivals_is_as_sure_as_of_the_hardest():
    assert intersection_union([0.01, 0.2, 0.03]) == 0.2
    assert intersection_union([0.01, None]) is None
    assert intersection_union([]) is None


@pytest.mark.long
@pytest.mark.parametrize(("rho", "most"), [(0.0, 0.07), (0.45, 0.07), (0.6, 0.08), (0.8, 0.09)])
def test_the_size_is_kept_where_losses_are_autocorrelated(rho, most):
    random, count, n = np.random.default_rng(0), 4000, 226
    shocks = random.standard_normal((count, n + 200))
    differences = lfilter([1.0], [1.0, -rho], shocks, axis=1)[:, 200:]
    rejected = np.mean([diebold_mariano(difference, np.zeros(n), 1).p < 0.05 for difference in differences])
    assert 0.03 < rejected < most


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
