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
class LossTest:
    """The test of equal mean losses of a and its rival b. All but ``difference`` are None where it is not defined."""

    difference: float  # mean loss of a less mean loss of b: below 0 where a is better
    statistic: Figure = None
    p: Figure = None  # two-sided
    p_better: Figure = None  # one-sided, of "a's mean loss is not smaller than b's"
    acf1: Figure = None  # autocorrelation at lag 1 of the loss difference, as it is in the sample
    degrees: int | None = None  # of freedom, of Student's t


def diebold_mariano(loss_a: Array, loss_b: Array, horizon: int) -> LossTest:
    """Diebold and Mariano's (1995) test of equal mean losses, with a long-run variance that allows autocorrelation.

    Loss differences are autocorrelated at any horizon, not up to lag horizon - 1 alone, and a test that overlooks it
    rejects too often (docs/metrics.md has the simulation by which this estimator was chosen). The differences d are
    whitened by an autoregression of order 1 (Andrews and Monahan 1992), e_t = d_t - r d_(t-1); the long-run variance of
    e is the mean of its B first squared cosine transforms (Phillips 2005; Mueller 2007), B = 0.4 n^(2/3) as Lazarus,
    Lewis, Stock and Watson (2018) recommend, and that of d is (1 - r)^-2 times as large. With B fixed the statistic
    has Student's t distribution with B degrees of freedom.

    The forecasts are taken as they are, of models that are fitted before the steps that they forecast: once, or for
    each fold to as many rows. For such schemes the test also holds where one model nests the other, as many nest
    persistence (Giacomini and White 2006).

    Not defined where there are fewer than 3 steps or no more than the horizon, or the losses differ by a constant.

    Args:
        loss_a: (n,), the loss at each step, in order of time.
        loss_b: (n,), the rival's.
        horizon: of the forecasts, in rows. B is at most n / (2 horizon), which keeps to the frequencies below those
            at which errors that overlap on horizon - 1 steps cancel out.
    """
    from scipy.special import stdtr  # the distribution function of Student's t

    difference = loss_a - loss_b
    n, mean = len(difference), float(difference.mean())
    if n <= max(2, horizon):
        return LossTest(mean)
    centred = difference - mean
    power = float(centred @ centred)
    if power <= n * np.finfo(float).eps * float(np.mean(difference**2)):
        return LossTest(mean)
    acf1 = float(centred[1:] @ centred[:-1]) / power
    degrees = max(1, round(min(0.4 * n ** (2 / 3), n / (2 * horizon))))
    variance = _long_run_variance(centred, acf1, degrees)
    if variance <= np.finfo(float).eps * power / n:
        return LossTest(mean, acf1=acf1)
    statistic = mean / math.sqrt(variance / n)
    better = float(stdtr(degrees, statistic))
    return LossTest(mean, statistic, float(2 * stdtr(degrees, -abs(statistic))), better, acf1, degrees)


def _long_run_variance(centred: Array, acf1: float, degrees: int) -> float:
    """Of a series (n,) of mean 0 by ``degrees`` cosine transforms of what an autoregression leaves of it.

    The coefficient is corrected for its bias (Kendall 1954). A negative one would make the variance smaller, and one
    near 1 infinite: it is kept between 0 and 0.97 (Andrews and Monahan 1992).
    """
    from scipy.fft import dct

    n = len(centred)
    coefficient = min(max(acf1 + (1 + 3 * acf1) / n, 0.0), 0.97)
    white = centred[1:] - coefficient * centred[:-1]
    # Orthonormal: sqrt(2 / n) times the sum of e_t cos(pi j (t - 1/2) / n). The transform 0 is the mean.
    transforms = dct(white, type=2, norm="ortho")[1 : degrees + 1]
    return float(np.mean(transforms**2)) / (1 - coefficient) ** 2


def intersection_union(p_values: Sequence[Figure]) -> Figure:
    """The p-value of "all of the alternatives hold" (Berger 1982): the largest, with no correction for their number.

    None where one is None, or there is none: then nothing can be claimed of all.
    """
    known = [p for p in p_values if p is not None]
    return max(known) if known and len(known) == len(p_values) else None


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
