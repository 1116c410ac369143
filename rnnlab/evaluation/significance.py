"""Is it different? Tests of two forecasts, or two classifiers, on the same days or images."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import binomtest, t
from statsmodels.stats.multitest import multipletests

from rnnlab.evaluation.metrics import Array, Figure, Labels


def diebold_mariano(loss_a: Array, loss_b: Array, horizon: int) -> tuple[Figure, Figure]:
    """Statistic and two-sided p-value of "both lose the same on average"; below 0 where a loses less.

    The difference's long-run variance takes autocovariances up to lag horizon - 1 (Diebold and Mariano 1995); statistic
    and t distribution with n - 1 degrees of freedom as Harvey, Leybourne and Newbold (1997) correct them. None where
    the variance is not positive: the forecasts differ by a constant, or not at all, or too few days are there.

    Args:
        loss_a: (n,), of each day, in order of time; ``loss_b`` the rival's.
    """
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
    return statistic, float(2 * t.sf(abs(statistic), n - 1))


def holm(p_values: Sequence[Figure]) -> list[Figure]:
    """Holm's (1979) adjusted p-values of one family; those that are None stay so and do not count."""
    return _adjusted(p_values, "holm")


def mcnemar(y_true: Labels, a: Labels, b: Labels) -> tuple[int, int, float]:
    """How many only a, and only b, has right, and the exact two-sided p-value of "each is as likely" (McNemar 1947)."""
    only_a, only_b = int(np.sum((a == y_true) & (b != y_true))), int(np.sum((a != y_true) & (b == y_true)))
    return only_a, only_b, float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0


def benjamini_hochberg(p_values: Sequence[Figure]) -> list[Figure]:
    """Adjusted p-values that bound the share of false discoveries (Benjamini and Hochberg 1995), also where the tests
    depend on each other positively (Benjamini and Yekutieli 2001), as symbols on the same days do; None as in ``holm``.
    """
    return _adjusted(p_values, "fdr_bh")


def _adjusted(p_values: Sequence[Figure], method: str) -> list[Figure]:
    given = [p for p in p_values if p is not None]
    adjusted = iter(multipletests(given, method=method)[1].tolist() if given else [])
    return [None if p is None else float(next(adjusted)) for p in p_values]


def wilcoxon(differences: Array) -> tuple[Figure, Figure]:
    """Statistic and two-sided p-value of "the differences lie about 0" (Wilcoxon 1945); None where all are 0."""
    from scipy.stats import wilcoxon as test

    if not np.any(differences):
        return None, None
    found = test(differences)
    return float(found.statistic), float(found.pvalue)
