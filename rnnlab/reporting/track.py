"""What is known of one track, and what its sections are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from rnnlab.comparison.leaderboard import Board
from rnnlab.reporting.page import Block, Fold, Picture

Results = Mapping[str, Mapping[str, Any]]
Pictures = dict[str, dict[str, bytes]]  # by model, by kind


@dataclass(frozen=True)
class Track:
    """What is known of one track."""

    board: Board
    baselines: Results
    models: Results  # the networks', best first
    histories: Mapping[str, pd.DataFrame]
    predictions: Mapping[str, pd.DataFrame]

    @property
    def results(self) -> dict[str, Mapping[str, Any]]:
        return {**self.baselines, **self.models}


def folded(pictures: Sequence[Picture]) -> list[Block]:
    return [Fold("The other networks", pictures)] if pictures else []


def picture(png: bytes, caption: str) -> Picture:
    return Picture(png, alt=caption, caption=caption)
