"""Significance tests of two forecasts, or two classifiers, on the same days or images.

scipy is imported where it is used: every process of a stage that does not use it would wait for it.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rnnlab.evaluation.metrics import Array, Figure, Labels


def diebold_mariano(loss_a: Array, loss_b: Array, horizon: int) -> tuple[Figure, Figure]:
    """Statistic and two-sided p-value of equal mean losses; the statistic is below 0 where a's mean loss is smaller.

    The long-run variance of the difference uses autocovariances up to lag horizon - 1 (Diebold and Mariano 1995); with
    the correction and the t distribution, n - 1 degrees of freedom, of Harvey, Leybourne and Newbold (1997). None where
    the variance is not positive: the losses differ by a constant or not at all, or there are too few days.

    Args:
        loss_a: (n,), the loss on each day, in order of time.
        loss_b: (n,), the rival's.
    """
    from scipy.special import stdtr  # the distribution function of Student's t

    difference = loss_a - loss_b
    n = len(difference)
    if n <= horizon:
        return None, None
    centred = difference - difference.mean()
    autocovariances = [float(centred[lag:] @ centred[: n - lag]) / n for lag in range(horizon)]
    variance = (autocovariances[0] + 2 * sum(autocovariances[1:])) / n
    if variance <= np.finfo(float).eps * float(np.mean(difference**2)):
        return None, None
    correction = (n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n
    statistic = float(difference.mean() / np.sqrt(variance) * np.sqrt(correction))
    return statistic, float(2 * stdtr(n - 1, -abs(statistic)))


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
