"""What trained networks are worth beside the simple rules; DataFrames out."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from rnnlab.api.models import TrainedModel
from rnnlab.api.series import WindowedSeries
from rnnlab.comparison.comparison import compare_series
from rnnlab.core.errors import UserError
from rnnlab.evaluation.baseline_evaluation import ScaledSeries, evaluate_baselines
from rnnlab.evaluation.model_evaluation import forecaster_of
from rnnlab.evaluation.series_evaluation import evaluate_series
from rnnlab.networks.weights import config_of
from rnnlab.windows.artifacts import PARTS
from rnnlab.windows.scaler_file import of_symbol
from rnnlab.windows.scaling import MinMaxScaler


def predictions(model: TrainedModel, series: WindowedSeries) -> pd.DataFrame:
    """The forecasts of all parts, a row a window, in the target's unit.

    Returns:
        Columns date, part, y_true, persistence, y_pred (mean over seeds), the bounds of its intervals on the test part,
        and seed_K.
    """
    return _evaluated(model, series)[1]


def evaluate(model: TrainedModel, series: WindowedSeries) -> pd.DataFrame:
    """The figures of the test part, a row each (docs/metrics.md): of the mean forecast, as mean; std is over seeds."""
    figures: Mapping[str, Any] = _evaluated(model, series)[0]["metrics"]
    rows = {name: {key: found[key] for key in ("mean", "std")} for name, found in figures.items()}
    return pd.DataFrame.from_dict(rows, "index")


def compare(models: Mapping[str, TrainedModel], series: WindowedSeries) -> pd.DataFrame:
    """Networks and simple rules on the test part, the smallest RMSE first.

    Returns:
        A row each: rmse, its std over seeds, relative_rmse (to persistence), mae, mase; and of a network p, of the
        claim that it beats every rule (intersection-union of Diebold-Mariano tests, Holm-corrected).
    """
    tables, rows = {}, {}
    for name, model in models.items():
        figures, tables[name] = _evaluated(model, series)
        rows[name] = figures["metrics"]
    own = MinMaxScaler.from_dict(of_symbol(series.scaler, 0))
    scaled = ScaledSeries(series.whole.windows(0), own, series.scaler["target"], series.period)
    parts = {part: series.windows(part) for part in PARTS}
    rules, made, left_out = evaluate_baselines(parts, scaled, series.season)
    rows |= {name: found["metrics"] for name, found in rules.items()}
    whole = pd.concat([pd.DataFrame(dict(table)) for table in made])
    claims = compare_series(tables, whole, left_out, series.whole.horizon)["networks"]
    board = {}
    for name, found in rows.items():
        board[name] = {"rmse": found["rmse"]["mean"], "std": found["rmse"]["std"] if name in models else np.nan}
        board[name] |= {key: found[key]["mean"] for key in ("relative_rmse", "mae", "mase")}
        board[name]["p"] = claims[name]["p_holm"] if name in claims else np.nan
    return pd.DataFrame.from_dict(board, "index").sort_values("rmse")


def _evaluated(model: TrainedModel, series: WindowedSeries) -> tuple[dict[str, Any], pd.DataFrame]:
    scaler, length = config_of(model.config)["scaler"], model.config["network"]["length"]
    own = of_symbol(series.scaler, 0)
    if length != series.whole.length or any(list(scaler[key]) != list(own[key]) for key in scaler if key != "target"):
        raise UserError(
            f"{model.config['model']} was trained on other windows than these: of another length, other columns, or "
            "scaled by another training part"
        )
    parts = {part: series.windows(part) for part in PARTS}
    figures, tables = evaluate_series(parts, forecaster_of(model.networks, config_of(model.config)), series.season)
    return figures, pd.concat([pd.DataFrame(dict(table)) for table in tables], ignore_index=True)
