"""Rolling conformal prediction intervals: as wide as the last errors say, with no assumption on their distribution.

Split conformal prediction (Vovk, Gammerman and Shafer 2005; Lei et al. 2018) with the absolute error as the score; the
calibration errors are the last ones whose outcome is known when the forecast is made.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from rnnlab.evaluation.metrics import Array

LEVELS = (0.8, 0.95)
WINDOW = 100  # errors that calibrate


def radius(errors: Array, level: float) -> float:
    """Half the width of an interval calibrated on n absolute errors: the ceil((n + 1) level)-th smallest of them.

    Infinite where n is too small for the level.
    """
    place = math.ceil((len(errors) + 1) * level - 1e-9)  # 35 * 0.8 is 28, whatever binary fractions say
    return float(np.sort(errors)[place - 1]) if place <= len(errors) else math.inf


def rolling_radius(calibration: Array, errors: Array, level: float, horizon: int, window: int = WINDOW) -> Array:
    """The radius for each day (N,).

    Args:
        calibration: absolute errors of days right before these, in order; may be empty.
        errors: (N,), absolute errors of these days; day t's radius uses those of the days up to t - horizon.
    """
    known = np.concatenate([calibration, errors])
    radii = []
    for day in range(len(errors)):
        end = max(0, len(calibration) + day + 1 - horizon)
        radii.append(radius(known[max(0, end - window) : end], level))
    return np.array(radii)


def figures(y_true: Array, low: Array, high: Array, level: float) -> dict[str, Any]:
    """Of the steps that have an interval, whose bounds are no NaN: their number, its empirical coverage, mean width and
    interval score.

    The score is width + 2 / (1 - level) times the distance by which the truth lies outside (Gneiting and Raftery 2007,
    eq. 43), in the target's unit; smaller is better.
    """
    there = np.isfinite(low)
    if not there.any():
        return {"steps": 0, "coverage": None, "width": None, "score": None}
    y_true, low, high = y_true[there], low[there], high[there]
    outside = np.maximum(np.maximum(low - y_true, y_true - high), 0)
    return {
        "steps": int(there.sum()),
        "coverage": float(np.mean(outside == 0)),
        "width": float(np.mean(high - low)),
        "score": float(np.mean(high - low + 2 / (1 - level) * outside)),
    }


def conformal(
    y_true: Array,
    y_pred: Array,
    horizon: int,
    calibration: tuple[Array, Array] | None = None,
    floor: float | None = None,
) -> tuple[dict[str, Array], dict[str, Mapping[str, Any]]]:
    """Bounds by name (lower_80, upper_80 and so on; NaN where there is none) and figures by level ("80", "95").

    Args:
        calibration: truth and forecasts of the steps right before these.
        floor: below which no bound goes, as the series does not; None: there is no such value.
    """
    before = np.abs(calibration[0] - calibration[1]) if calibration is not None else np.empty(0)
    bounds: dict[str, Array] = {}
    summary: dict[str, Mapping[str, Any]] = {}
    for level in LEVELS:
        name = f"{100 * level:.0f}"
        radii = rolling_radius(before, np.abs(y_true - y_pred), level, horizon)
        shown, least = np.where(np.isfinite(radii), radii, np.nan), -np.inf if floor is None else floor
        low, high = np.maximum(y_pred - shown, least), np.maximum(y_pred + shown, least)
        bounds |= {f"lower_{name}": low, f"upper_{name}": high}
        summary[name] = figures(y_true, low, high, level)
    return bounds, summary
