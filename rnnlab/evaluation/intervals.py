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


def figures(y_true: Array, y_pred: Array, radii: Array, level: float) -> dict[str, Any]:
    """Of the days that have an interval: their number, its empirical coverage, mean width and interval score.

    The score is width + 2 / (1 - level) times the distance by which the truth lies outside (Gneiting and Raftery 2007,
    eq. 43), in the target's unit; smaller is better.
    """
    there = np.isfinite(radii)
    if not there.any():
        return {"days": 0, "coverage": None, "width": None, "score": None}
    outside = np.maximum(np.abs(y_true - y_pred)[there] - radii[there], 0)
    return {
        "days": int(there.sum()),
        "coverage": float(np.mean(outside == 0)),
        "width": float(np.mean(2 * radii[there])),
        "score": float(np.mean(2 * radii[there] + 2 / (1 - level) * outside)),
    }


def conformal(
    y_true: Array, y_pred: Array, horizon: int, calibration: tuple[Array, Array] | None = None
) -> tuple[dict[str, Array], dict[str, Mapping[str, Any]]]:
    """Bounds by name (lower_80, upper_80 and so on; NaN where there is none) and figures by level ("80", "95")."""
    before = np.abs(calibration[0] - calibration[1]) if calibration is not None else np.empty(0)
    bounds: dict[str, Array] = {}
    summary: dict[str, Mapping[str, Any]] = {}
    for level in LEVELS:
        name = f"{100 * level:.0f}"
        radii = rolling_radius(before, np.abs(y_true - y_pred), level, horizon)
        shown = np.where(np.isfinite(radii), radii, np.nan)
        bounds |= {f"lower_{name}": y_pred - shown, f"upper_{name}": y_pred + shown}
        summary[name] = figures(y_true, y_pred, radii, level)
    return bounds, summary
