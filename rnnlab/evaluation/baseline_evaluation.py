"""The baselines of a price series and of a panel, measured on the same days as the networks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.core.csv_writer import Table
from rnnlab.evaluation.baselines import naive_forecasts, ridge
from rnnlab.evaluation.metrics import Array
from rnnlab.evaluation.panel_evaluation import evaluate_symbol, summarise_symbols
from rnnlab.evaluation.series_evaluation import days_by_part, evaluate_forecast
from rnnlab.windows.panel import Panel
from rnnlab.windows.scaling import MinMaxScaler
from rnnlab.windows.windows import Windows


@dataclass(frozen=True)
class ScaledSeries:
    """All rows of a series, of which the windows of its parts are cut."""

    target: Array  # (R,), scaled
    dates: NDArray[np.datetime64]  # (R,)
    scaler: MinMaxScaler
    column: str  # of the scaler: the target

    def forecast(self, train: Windows, windows: Windows) -> dict[str, Array]:
        """The baselines' forecasts (N,) for a part's windows by name, in the target's unit."""
        first = int(np.searchsorted(self.dates, windows.dates[0])) if len(windows) else 0
        last = np.arange(first, first + len(windows)) + windows.length - 1
        prices = self.scaler.inverse(np.asarray(self.target), self.column)
        naive = naive_forecasts(prices, self.dates, last, windows.length, windows.horizon)
        return naive | {"ridge": self.scaler.inverse(ridge(train.x, train.y[:, 0], windows.x), self.column)}


def evaluate_baselines(parts: Mapping[str, Windows], series: ScaledSeries) -> tuple[dict[str, Any], list[Table]]:
    """What ``evaluate_forecast`` returns for each baseline, and the forecasts of all parts.

    Returns:
        Figures by baseline; and a table a part with columns date, part, y_true and one for each baseline.
    """
    days = days_by_part(parts, series.scaler, series.column)
    forecasts = {part: series.forecast(parts["train"], windows) for part, windows in parts.items()}
    results = {}
    for name, forecast in forecasts["test"].items():
        calibration = days["validation"].y_true, {0: forecasts["validation"][name]}
        results[name], _ = evaluate_forecast(days["test"], {0: forecast}, calibration)
    tables: list[Table] = [
        {"date": windows.target_dates, "part": part, "y_true": days[part].y_true, **forecasts[part]}
        for part, windows in parts.items()
    ]
    return results, tables


def evaluate_panel_baselines(
    parts: Mapping[str, Panel], series_of: Callable[[int], ScaledSeries]
) -> tuple[dict[str, Any], list[Table]]:
    """What ``summarise_symbols`` returns for each baseline, and each symbol's RMSE relative to persistence's.

    Args:
        series_of: symbol's number -> all its rows.

    Returns:
        Figures by baseline; and a table with columns symbol and one for each baseline.
    """
    evaluated = dict[str, dict[str, Any]]()
    for number, (symbol, windows) in enumerate(parts["test"].all()):
        if len(windows) == 0:
            continue
        series, train = series_of(number), parts["train"].windows(number)
        days = days_by_part({"train": train, "test": windows}, series.scaler, series.column)["test"]
        for name, forecast in series.forecast(train, windows).items():
            evaluated.setdefault(name, {})[symbol] = evaluate_symbol(days, {0: forecast})
    results = {name: summarise_symbols(found, parts["test"].horizon) for name, found in evaluated.items()}
    ratios = {
        name: [figures["relative_rmse"] for figures in result["by_symbol"].values()] for name, result in results.items()
    }
    return results, [{"symbol": list(next(iter(evaluated.values()))), **ratios}]
