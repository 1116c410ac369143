"""baselines TRACK: data/split -> metrics/baselines: what needs no network, measured on the same steps or images."""

from pathlib import Path

import numpy as np

from rnnlab.core.csv_writer import write_table
from rnnlab.core.files import write_json
from rnnlab.core.params_file import read_params
from rnnlab.core.stage import run
from rnnlab.evaluation.baseline_evaluation import (
    ScaledSeries,
    evaluate_baselines,
    evaluate_panel_baselines,
    walk_baselines,
)
from rnnlab.evaluation.digits_evaluation import evaluate_majority_class
from rnnlab.evaluation.series_evaluation import Season
from rnnlab.windows.artifacts import PARTS, SCALED, read_digits, read_panel, read_part, read_scaler
from rnnlab.windows.folds import make_folds
from rnnlab.windows.scaler_file import of_symbol
from rnnlab.windows.scaling import MinMaxScaler
from rnnlab.windows.series_info import read_info

BASELINES = Path("metrics/baselines")


def baselines_series() -> None:
    parts, scaler, info = {part: read_part(part) for part in PARTS}, read_scaler("series"), read_info()
    rows = read_panel(SCALED, {"length": parts["test"].length, "horizon": info.horizon})

    def series_of(number: int) -> ScaledSeries:
        own = MinMaxScaler.from_dict(of_symbol(scaler, number))
        return ScaledSeries(rows.windows(number), own, scaler["target"], info.period)

    if rows.kind:
        figures, tables = evaluate_panel_baselines(parts, series_of)
        left_out: dict[str, str] = {}
    else:
        series, walk, season = series_of(0), read_params().backtest, Season(info.period, info.floor)
        single = {part: panel.windows(0) for part, panel in parts.items()}
        figures, tables, left_out = evaluate_baselines(single, series, season)
        folds = make_folds(len(series.windows), walk.train, walk.folds, walk.origin, info.horizon)
        for table, missing in walk_baselines(series, folds, scaler["features"], walk.refit):
            tables.append(table)
            left_out |= missing
        names = dict.fromkeys(name for table in tables for name in table)
        tables = [{name: table.get(name, np.nan) for name in names} for table in tables]
    write_json(BASELINES / "series.json", {"rules": figures, "left_out": left_out})
    write_table(BASELINES / "series.csv", tables)


def baselines_digits() -> None:
    (_, train), (_, test) = read_digits("train"), read_digits("test")
    rules = {"majority_class": evaluate_majority_class(train, test)}
    write_json(BASELINES / "digits.json", {"rules": rules, "left_out": {}})
    table = {"image": np.arange(len(test)), "y_true": test, "majority_class": np.bincount(train).argmax()}
    write_table(BASELINES / "digits.csv", [table])


if __name__ == "__main__":
    run({"series": baselines_series, "digits": baselines_digits})
