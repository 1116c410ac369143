"""How a figure begins and ends: its style and size, and its bytes as a PNG."""

import io
from typing import Any

import matplotlib
from matplotlib.figure import Figure  # without pyplot, which is slow to import and keeps figures open
from matplotlib.font_manager import fontManager

# Okabe and Ito's colours, which colour-blind people can tell apart.
BLACK, BLUE, ORANGE, GREY = "#000000", "#0072B2", "#D55E00", "#999999"
COLORS = (BLUE, ORANGE, "#009E73", "#CC79A7", "#56B4E9", "#E69F00", BLACK)  # without yellow, which is too pale
DASHES = ("-", "--", ":", "-.")
# Which of these a machine has is drawn with, where the first has no letter.
EASTERN = ("Noto Sans CJK KR", "Noto Sans KR", "NanumGothic", "Malgun Gothic", "AppleGothic", "Apple SD Gothic Neo")
FONTS = [name for name in EASTERN if name in {font.name for font in fontManager.ttflist}]
STYLE: Any = {
    "font.family": ["DejaVu Sans", *FONTS],
    "axes.grid": True,
    "grid.alpha": 0.25,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.size": 10,
}


def new_figure(width: float, height: float, rows: int = 1) -> tuple[Figure, Any]:
    """A figure of such a size in inches, and its axes; an array of axes if there are several rows."""
    # Fixed margins, in inches: matplotlib's automatic layout doubles the time of a plot.
    left, right, bottom, top = 0.85 / width, 1 - 0.15 / width, 0.75 / height, 1 - 0.4 / height
    with matplotlib.rc_context(STYLE):
        figure = Figure((width, height))
        axes = figure.subplots(rows)
    figure.subplots_adjust(left=left, right=right, bottom=bottom, top=top, hspace=0.22)
    return figure, axes


def drawable(text: str) -> str:
    """A label, as far as a font has its letters; else a word that says so."""
    if FONTS or all(ord(letter) < 0x2E80 for letter in text):
        return text
    return "the target (no font here has its name's letters)"


def line_style(number: int) -> dict[str, Any]:
    """Colour and dashes of a line: both differ, so that lines can be told apart without colours too."""
    return {"color": COLORS[number % len(COLORS)], "ls": DASHES[number % len(DASHES)], "lw": 1.3}


def to_png(figure: Figure) -> bytes:
    """The figure as a PNG; without matplotlib's version in it, so that the same plot has the same bytes."""
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=110, metadata={"Software": None})
    return target.getvalue()
