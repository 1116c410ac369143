"""What is known of one track, and what the page and the runs get of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from rnnlab.comparison.leaderboard import Board
from rnnlab.reporting.chart_style import Spec
from rnnlab.reporting.page import Block, Section

Results = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Track:
    """Attributes:
    models: the networks' results, best first.
    histories, predictions: of the networks, in the order of params.yaml.
    rules: the forecasts of simple rules by step; empty for digits.
    learned: of networks, what ``evaluation.learned`` made; empty where it made nothing.
    """

    board: Board
    baselines: Results
    models: Results
    histories: Mapping[str, pd.DataFrame]
    predictions: Mapping[str, pd.DataFrame]
    rules: pd.DataFrame
    learned: Results

    @property
    def results(self) -> dict[str, Mapping[str, Any]]:
        return {**self.baselines, **self.models}


@dataclass(frozen=True)
class Pages:
    """Attributes:
    opening: what stands before all sections.
    pictures: by model, by kind, what its runs carry as PNG.
    """

    opening: Sequence[Block]
    sections: Sequence[Section]
    pictures: Mapping[str, Mapping[str, Spec]]
