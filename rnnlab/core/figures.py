"""How many decimals figures are written with: enough to tell those of one table apart, whatever their unit."""

import math
from collections.abc import Iterable

MOST = 8  # decimals; smaller figures are written with an exponent


def places(values: Iterable[float | None], digits: int) -> int:
    """Decimals that give the smallest of the values, zeros aside, so many significant digits."""
    sizes = [abs(value) for value in values if value and math.isfinite(value)]
    return max(0, digits - 1 - math.floor(math.log10(min(sizes)))) if sizes else digits - 1


def write(value: float | None, decimals: int) -> str:
    """A figure with so many decimals; a dash where it is not defined."""
    if value is None:
        return "–"
    if decimals > MOST and value:
        least = math.floor(math.log10(abs(value)))
        return f"{value:.{max(0, decimals + least)}e}"
    return f"{value:,.{min(decimals, MOST)}f}"


def write_mean(mean: float | None, std: float | None, decimals: int) -> str:
    """A mean ± the standard deviation, where there is one."""
    return write(mean, decimals) + ("" if mean is None or std is None else f" ± {write(std, decimals)}")


def write_p(p: float | None) -> str:
    return "–" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"
