"""The simple rules of a series and of a panel, measured on the same steps as the networks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rnnlab.core.csv_writer import Table
from rnnlab.evaluation.baselines import naive_forecasts, ridge
from rnnlab.evaluation.metrics import Array
from rnnlab.evaluation.panel_evaluation import evaluate_symbol, summarise_symbols
from rnnlab.evaluation.series_evaluation import Season, days_by_part, evaluate_forecast
from rnnlab.evaluation.statistical_models import Task, statistical_forecasts
from rnnlab.windows.folds import Fold, rescale
from rnnlab.windows.panel import Panel
from rnnlab.windows.scaling import MinMaxScaler
from rnnlab.windows.windows import Windows


@dataclass(frozen=True)
class ScaledSeries:
    """All windows of a series, of which the first train.

    Attributes:
        windows: scaled by ``scaler``, whose column of the target is ``column``.
    """

    windows: Windows
    scaler: MinMaxScaler
    column: str
    period: int = 1

    @property
    def values(self) -> Array:
        """(R,), in the target's unit."""
        return self.scaler.inverse(np.asarray(self.windows.target), self.column)

    def forecasts(self, trained: int) -> tuple[dict[str, Array], dict[str, str]]:
        """The rules' forecasts (N,) for all windows by name, in the target's unit; and why others are left out.

        NaN where a model needs more rows than a window, one of the training part, has before it.

        Args:
            trained: windows, the first, that train.
        """
        rows = trained + self.windows.length + self.windows.horizon - 1  # up to the last target that trains
        made, left_out = statistical_forecasts(Task(self.values, rows, self.windows.horizon, self.period))
        return self.naive(trained) | {name: found[self._last] for name, found in made.items()}, left_out

    def naive(self, trained: int) -> dict[str, Array]:
        """As ``forecasts``, of the rules that take no time."""
        windows, train = self.windows, self.windows.part(0, trained)
        simple = naive_forecasts(self.values, self._last, windows.length, windows.horizon, self.period)
        by_ridge = self.scaler.inverse(ridge(train.x, train.y[:, 0], windows.x), self.column)
        return simple | {"ridge": by_ridge}

    @property
    def _last(self) -> Any:
        return np.arange(len(self.windows)) + self.windows.length - 1


def evaluate_baselines(
    parts: Mapping[str, Windows], series: ScaledSeries, season: Season
) -> tuple[dict[str, Any], list[Table], dict[str, str]]:
    """What ``evaluate_forecast`` returns for each rule, and the forecasts of all parts.

    Returns:
        Figures by rule; a table a part with columns date, part, y_true and one for each rule; and why others are left
        out.
    """
    days = days_by_part(parts, series.scaler, series.column, season)
    forecasts, left_out = series.forecasts(len(parts["train"]))
    by_part = {}
    for part, windows in parts.items():
        first = int(np.searchsorted(series.windows.dates, windows.dates[0])) if len(windows) else 0
        by_part[part] = {name: found[first : first + len(windows)] for name, found in forecasts.items()}
    results = {}
    for name, forecast in by_part["test"].items():
        calibration = days["validation"].y_true, {0: by_part["validation"][name]}
        results[name], _ = evaluate_forecast(days["test"], {0: forecast}, calibration)
    tables: list[Table] = [
        {"date": windows.target_dates, "part": part, "y_true": days[part].y_true, **by_part[part]}
        for part, windows in parts.items()
    ]
    return results, tables, left_out


def walk_baselines(
    series: ScaledSeries, folds: Sequence[Fold], names: Sequence[str], refit: bool
) -> Iterator[tuple[Table, dict[str, str]]]:
    """Of each fold the rules' forecasts of its test windows, of part fold_N; and why others are left out.

    Args:
        names: of the features.
        refit: false: the rules learn on the first fold's training part alone.
    """
    windows = replace(series.windows, target=series.values)  # in the target's unit
    for number, fold in enumerate(folds):
        trained = fold if refit else folds[0]
        seen = windows.part(trained.train_start, trained.train_stop)
        whole, scaler = rescale(windows.part(trained.train_start, fold.test_stop), seen, names)
        forecasts, left_out = ScaledSeries(whole, scaler, "target", series.period).forecasts(len(seen))
        test = windows.part(fold.test_start, fold.test_stop)
        tested = {name: found[len(found) - len(test) :] for name, found in forecasts.items()}
        yield {"date": test.target_dates, "part": f"fold_{number}", "y_true": test.y[:, 0], **tested}, left_out


def evaluate_panel_baselines(
    parts: Mapping[str, Panel], series_of: Callable[[int], ScaledSeries]
) -> tuple[dict[str, Any], list[Table]]:
    """What ``summarise_symbols`` returns for each rule that takes no time, and each symbol's RMSE relative to
    persistence's.

    Args:
        series_of: symbol's number -> all its windows.

    Returns:
        Figures by rule; and a table with columns symbol and one for each rule.
    """
    evaluated = dict[str, dict[str, Any]]()
    for number, (symbol, windows) in enumerate(parts["test"].all()):
        if len(windows) == 0:
            continue
        series, train = series_of(number), parts["train"].windows(number)
        season = Season(series.period)
        days = days_by_part({"train": train, "test": windows}, series.scaler, series.column, season)["test"]
        for name, forecast in series.naive(len(train)).items():
            evaluated.setdefault(name, {})[symbol] = evaluate_symbol(days, {0: forecast[-len(windows) :]})
    results = {name: summarise_symbols(found, parts["test"].horizon) for name, found in evaluated.items()}
    ratios = {
        name: [figures["relative_rmse"] for figures in result["by_symbol"].values()] for name, result in results.items()
    }
    return results, [{"symbol": list(next(iter(evaluated.values()))), **ratios}]
