"""Significance tests of two forecasts, or two classifiers, on the same steps or images.

scipy is imported where it is used: every process of a stage that does not use it would wait for it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnnlab.evaluation.metrics import Array, Figure, Labels


@dataclass(frozen=True)
class Comparison:
    """Two forecasts' losses against each other.

    Attributes:
        difference: of the mean losses, a's minus b's.
        statistic: below 0 where a's is smaller; None: no test is possible.
        p: two-sided p-value of equal mean losses.
        p_smaller: one-sided p-value of the claim that a's mean loss is smaller.
        acf1: first autocorrelation of the differences; None where they do not vary.
    """

    difference: float
    statistic: Figure = None
    p: Figure = None
    p_smaller: Figure = None
    acf1: Figure = None


def diebold_mariano(loss_a: Array, loss_b: Array, horizon: int) -> Comparison:
    """The test of equal mean losses (Diebold and Mariano 1995) with a long-run variance that keeps its size.

    The variance is the mean of the first B squared cosine transforms of the differences (equal-weighted cosine
    estimator), with B = 0.41 n^(2/3), and the statistic has Student's t distribution with B degrees of freedom as n
    grows and B stays (fixed-b: Lazarus, Lewis, Stock and Watson 2018, eq. 4 and 10). B is at most n / (2 horizon), as
    errors of overlapping forecasts move together. `docs/metrics.md` has its size and power beside others'.

    Where a network nests the rival and is trained on a part of fixed length, it is the test of Giacomini and White
    (2006) of equal accuracy of two forecasting methods.

    Args:
        loss_a: (n,), the loss at each step, in order of time.
        loss_b: (n,), the rival's.
    """
    from scipy.special import stdtr  # the distribution function of Student's t

    difference = loss_a - loss_b
    n, mean = len(difference), float(difference.mean())
    degrees = min(int(0.41 * n ** (2 / 3)), n // (2 * horizon))
    centred = difference - mean
    spread = float(centred @ centred) / n
    if degrees < 1 or spread <= np.finfo(float).eps * float(np.mean(difference**2)):
        return Comparison(mean)
    frequencies, moments = np.arange(1, degrees + 1)[:, None], np.arange(n) + 0.5
    transforms = math.sqrt(2 / n) * np.cos(np.pi * frequencies * moments / n) @ difference
    statistic = mean / math.sqrt(float(np.mean(transforms**2)) / n)
    smaller = float(stdtr(degrees, statistic))
    acf1 = float(centred[1:] @ centred[:-1]) / (n * spread)
    return Comparison(mean, statistic, 2 * min(smaller, 1 - smaller), smaller, acf1)


def intersection_union(p_values: Sequence[Figure]) -> Figure:
    """The p-value of the claim that all of several alternatives hold: the largest (Berger 1982); None if one is None.

    It needs no correction for their number.
    """
    return None if None in p_values else max(p for p in p_values if p is not None)


def holm(p_values: Sequence[Figure]) -> list[Figure]:
    """Holm's (1979) adjusted p-values of one family of tests; a p-value that is None stays None and does not count."""
    given = np.array([p for p in p_values if p is not None], dtype=float)
    order = np.argsort(given)
    adjusted = np.maximum.accumulate(given[order] * np.arange(len(given), 0, -1))
    return _put_back(p_values, order, adjusted)


def benjamini_hochberg(p_values: Sequence[Figure]) -> list[Figure]:
    """Adjusted p-values that control the false discovery rate (Benjamini and Hochberg 1995); None as in ``holm``.

    They also do if the tests depend on each other positively (Benjamini and Yekutieli 2001), as symbols on the same
    days do.
    """
    given = np.array([p for p in p_values if p is not None], dtype=float)
    order, count = np.argsort(given), len(given)
    adjusted = np.minimum.accumulate((given[order] / (np.arange(1, count + 1) / count))[::-1])[::-1]
    return _put_back(p_values, order, adjusted)


def _put_back(p_values: Sequence[Figure], order: NDArray[np.intp], adjusted: Array) -> list[Figure]:
    """The adjusted p-values, given in ascending order, at most 1 and in the order of ``p_values``."""
    values = np.empty(len(order))
    values[order] = np.minimum(adjusted, 1)
    given = iter(values.tolist())
    return [None if p is None else next(given) for p in p_values]


def mcnemar(y_true: Labels, a: Labels, b: Labels) -> tuple[int, int, float]:
    """The number of images that only a, and only b, classifies correctly, and McNemar's (1947) exact two-sided p-value.

    The p-value is twice the smaller tail of the binomial distribution with p = 1/2, in exact integers.
    """
    only_a, only_b = int(np.sum((a == y_true) & (b != y_true))), int(np.sum((a != y_true) & (b == y_true)))
    count = only_a + only_b
    tail = sum(math.comb(count, right) for right in range(min(only_a, only_b) + 1))
    return only_a, only_b, min(1.0, 2 * tail / 2**count)


def wilcoxon(differences: Array) -> tuple[Figure, Figure]:
    """Statistic and two-sided p-value of Wilcoxon's (1945) signed-rank test; None where all differences are 0."""
    from scipy.stats import wilcoxon as test

    if not np.any(differences):
        return None, None
    found = test(differences)
    return float(found.statistic), float(found.pvalue)
