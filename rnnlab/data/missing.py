"""Marks of missing values: words of empty cells, and numbers that stand for none, as -999."""

import re
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from rnnlab.data.columns import EMPTY

NUMBER = re.compile(r"-?\d+(\.\d+)?")
NINES = re.compile(r"-?9{2,}(\.9+)?")


def empty_words(missing: Iterable[object]) -> frozenset[str]:
    """The words of empty cells and some more, in small letters; a number with any zeros after it."""
    words = {str(word).strip().lower() for word in missing}
    for word in [word for word in words if NUMBER.fullmatch(word)]:
        number = float(word)
        words |= {text for digits in range(7) if float(text := f"{number:.{digits}f}") == number}
    return EMPTY | words | {word.replace(".", ",") for word in words}


def find_marks(values: Mapping[str, NDArray[np.float64]], name: str) -> Iterator[tuple[int | float, str]]:
    """Numbers that seem to mark a missing value, each with a sentence that asks.

    They are the lowest or highest value of a column, written with nines and far from the others.

    Args:
        values: by column.
        name: what messages call the file.
    """
    for column, numbers in values.items():
        for mark, near in ((np.fmin.reduce(numbers), np.fmin), (np.fmax.reduce(numbers), np.fmax)):
            if not NINES.fullmatch(f"{mark:.10g}"):
                continue
            others = numbers[(numbers != mark) & np.isfinite(numbers)]
            if not len(others) or 2 * abs(near.reduce(others)) > abs(mark):
                continue
            count = int((numbers == mark).sum())
            cells = f"{count:,} cells hold" if count > 1 else "1 cell holds"
            yield (
                int(mark) if mark.is_integer() else float(f"{mark:.10g}"),
                f"{name}: column {column}: {cells} {mark:.10g}, far from the other values: does it mark a missing one? "
                f"-S 'series.read.missing=[{mark:.10g}]' leaves such rows out",
            )
