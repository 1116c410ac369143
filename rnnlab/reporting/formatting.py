"""How tables write numbers; a dash where a figure is not defined."""

from collections.abc import Mapping


def number(value: float | None, places: int) -> str:
    return "–" if value is None else f"{value:.{places}f}"


def format_mean(figure: Mapping[str, float | None], places: int) -> str:
    std = figure["std"]
    return number(figure["mean"], places) + ("" if std is None else f" ± {std:.{places}f}")


def p_value(p: float | None) -> str:
    return "–" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"
