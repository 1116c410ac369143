"""Which long-run variance lets the Diebold-Mariano test keep its size, by simulation: two-sided tests, nominal 5 %.

Of each estimator and number of days the share of series (in %) in which equal mean losses are rejected, by what the
difference is: autoregressions of order 1, one whose shocks have GARCH(1, 1) volatility, a squared autoregression (as
skewed as squared errors; acf(1) 0.45) and a sum of five shocks (errors that overlap at horizon 5). ``power`` is of a
mean of three standard errors at rho = 0.45; of tests that reject too often it says nothing. One or two minutes.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from results import publish
from scipy.fft import dct
from scipy.signal import lfilter
from scipy.special import ndtr, stdtr

from rnnlab.evaluation.significance import diebold_mariano

Array = NDArray[np.float64]
DAYS = (50, 100, 226, 1000)
COUNT = 4000  # series of a kind; a share of 5 % is known to 0.3 points
RESAMPLED, SAMPLES = 500, 199  # of the bootstrap, which is slow: series, and resamples of each
WARM_UP = 200
LEVEL = 0.05


def autoregression(count: int, days: int, rho: float, random: np.random.Generator, garch: bool = False) -> Array:
    shocks = random.standard_normal((count, days + WARM_UP))
    if garch:
        variance = np.ones(count)
        for day in range(shocks.shape[1]):
            shocks[:, day] *= np.sqrt(variance)
            variance = 0.05 + 0.15 * shocks[:, day] ** 2 + 0.8 * variance
    values: Array = lfilter([1.0], [1.0, -rho], shocks, axis=1)[:, WARM_UP:]
    return values


def differences(count: int, days: int, random: np.random.Generator) -> dict[str, Array]:
    """Loss differences (count, days) of mean 0 by name."""
    made = {f"rho {rho:g}": autoregression(count, days, rho, random) for rho in (0.0, 0.2, 0.45, 0.6, 0.8)}
    made["garch"] = autoregression(count, days, 0.45, random, garch=True)
    made["squares"] = autoregression(count, days, 0.45**0.5, random) ** 2 - 1 / (1 - 0.45)
    made["overlap"] = lfilter(np.ones(5), [1.0], random.standard_normal((count, days + 4)), axis=1)[:, 4:]
    return made


def acf1(series: Array) -> Array:
    centred = series - series.mean(axis=1, keepdims=True)
    found: Array = np.sum(centred[:, 1:] * centred[:, :-1], axis=1) / np.sum(centred**2, axis=1)
    return found


def statistic(series: Array, variance: Array) -> Array:
    found: Array = series.mean(axis=1) / np.sqrt(variance / series.shape[1])
    return found


def uncorrelated(series: Array) -> Array:
    """Harvey, Leybourne and Newbold (1997) at horizon 1: no autocorrelation."""
    days = series.shape[1]
    return 2 * stdtr(days - 1, -abs(statistic(series, series.var(axis=1, ddof=1)))) < LEVEL


def bandwidth(series: Array) -> Array:
    """Of Bartlett's kernel, by Andrews' (1991) rule with an autoregression of order 1."""
    rho = np.clip(acf1(series), -0.97, 0.97)
    alpha = 4 * rho**2 / ((1 - rho) ** 2 * (1 + rho) ** 2)
    return np.clip(1.1447 * (alpha * series.shape[1]) ** (1 / 3), 1, series.shape[1])


def bartlett(series: Array, widths: Array) -> Array:
    """Newey and West's (1987) long-run variance."""
    centred, days = series - series.mean(axis=1, keepdims=True), series.shape[1]
    variance: Array = np.mean(centred**2, axis=1)
    for lag in range(1, min(int(widths.max()), days - 1) + 1):
        weight = np.clip(1 - lag / widths, 0, None)
        variance = variance + 2 * weight * np.sum(centred[:, lag:] * centred[:, :-lag], axis=1) / days
    return variance


def newey_west(series: Array) -> Array:
    return 2 * ndtr(-abs(statistic(series, bartlett(series, bandwidth(series))))) < LEVEL


def newey_west_fixed_b(series: Array) -> Array:
    """With the critical values of Kiefer and Vogelsang (2005), table 1, 97.5 %."""
    widths = bandwidth(series)
    b = widths / series.shape[1]
    critical = 1.96 + 2.9694 * b + 0.416 * b**2 - 0.5324 * b**3
    return abs(statistic(series, bartlett(series, widths))) > critical


def cosines(series: Array) -> Array:
    """Lazarus, Lewis, Stock and Watson (2018), not whitened."""
    count = max(1, round(0.4 * series.shape[1] ** (2 / 3)))
    transforms = dct(series, type=2, norm="ortho", axis=1)[:, 1 : count + 1]
    return 2 * stdtr(count, -abs(statistic(series, np.mean(transforms**2, axis=1)))) < LEVEL


def whitened_cosines(series: Array) -> Array:
    """The test of the library, at horizon 1."""
    return np.array([(diebold_mariano(each, np.zeros(len(each)), 1).p or 0) < LEVEL for each in series])


def block_length(series: Array) -> float:
    """Mean length of the stationary bootstrap's blocks (Politis and White 2004, corrected by Patton et al. 2009)."""
    days = len(series)
    centred = series - series.mean()
    most, steps = int(np.ceil(np.sqrt(days))) + 5, max(5, int(np.log10(days)))
    covariances = np.array([centred[lag:] @ centred[: days - lag] for lag in range(most + 1)]) / days
    small = np.abs(covariances[1:] / covariances[0]) < 2 * np.sqrt(np.log10(days) / days)
    runs = [start for start in range(most - steps + 1) if small[start : start + steps].all()]
    width = min(2 * max(runs[0] if runs else most // 2, 1), most)
    lags = np.arange(-width, width + 1)
    weights = np.clip(2 * (1 - np.abs(lags) / width), 0, 1) * covariances[np.abs(lags)]
    slope, level = float(weights @ np.abs(lags)), float(weights.sum())
    length = (slope**2 / level**2 * days) ** (1 / 3) if level > 0 else 1.0
    return float(np.clip(length, 1, min(3 * np.sqrt(days), days / 3)))


def stationary_bootstrap(series: Array) -> Array:
    """Politis and Romano (1994): how often the mean of a resampled series is further from the mean than that from 0."""
    random, days = np.random.default_rng(1), series.shape[1]
    rejected = []
    for each in series[:RESAMPLED]:
        starts = random.random((SAMPLES, days)) < 1 / block_length(each)
        starts[:, 0] = True
        place = np.where(starts, np.arange(days), 0)
        since = np.arange(days) - np.maximum.accumulate(place, axis=1)
        first = np.take_along_axis(random.integers(0, days, (SAMPLES, days)), np.arange(days) - since, axis=1)
        means = each[(first + since) % days].mean(axis=1)
        further = np.sum(abs(means - each.mean()) >= abs(each.mean()))
        rejected.append((further + 1) / (SAMPLES + 1) <= LEVEL)
    return np.array(rejected)


TESTS: dict[str, Callable[[Array], Array]] = {
    "no autocorrelation": uncorrelated,
    "Newey-West, normal": newey_west,
    "Newey-West, fixed-b": newey_west_fixed_b,
    "cosines": cosines,
    "whitened, cosines": whitened_cosines,
    "stationary bootstrap": stationary_bootstrap,
}


def main() -> None:
    rows: list[dict[str, Any]] = []
    for days in DAYS:
        random = np.random.default_rng(0)
        made = differences(COUNT, days, random)
        shifted = autoregression(COUNT, days, 0.45, random) + 3 / (1 - 0.45) / np.sqrt(days)
        for name, test in TESTS.items():
            sizes = {kind: 100 * float(np.mean(test(series))) for kind, series in made.items()}
            rows.append({"days": days, "variance": name} | sizes | {"power": 100 * float(np.mean(test(shifted)))})
    publish("significance", rows)


if __name__ == "__main__":
    main()
