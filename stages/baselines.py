"""baselines TRACK: data/split -> metrics/baselines: what needs no network, measured on the same days or images."""

from pathlib import Path

import numpy as np

from rnnlab.core.csv_writer import write_table
from rnnlab.core.files import write_json
from rnnlab.core.stage import run
from rnnlab.evaluation.baseline_evaluation import ScaledSeries, evaluate_baselines, evaluate_panel_baselines
from rnnlab.evaluation.digits_evaluation import evaluate_majority_class
from rnnlab.windows.artifacts import PARTS, SCALED, read_digits, read_panel, read_part, read_scaler
from rnnlab.windows.scaler_file import of_symbol
from rnnlab.windows.scaling import MinMaxScaler

BASELINES = Path("metrics/baselines")


def baselines_series() -> None:
    parts, scaler = {part: read_part(part) for part in PARTS}, read_scaler("series")
    rows = read_panel(SCALED, {"length": parts["test"].length, "horizon": parts["test"].horizon})

    def series_of(number: int) -> ScaledSeries:
        series, own = rows.windows(number), MinMaxScaler.from_dict(of_symbol(scaler, number))
        return ScaledSeries(series.target, series.dates, own, scaler["target"])

    if rows.kind:
        figures, tables = evaluate_panel_baselines(parts, series_of)
    else:
        figures, tables = evaluate_baselines({part: panel.windows(0) for part, panel in parts.items()}, series_of(0))
    write_json(BASELINES / "series.json", figures)
    write_table(BASELINES / "series.csv", tables)


def baselines_digits() -> None:
    (_, train), (_, test) = read_digits("train"), read_digits("test")
    write_json(BASELINES / "digits.json", {"majority_class": evaluate_majority_class(train, test)})
    table = {"image": np.arange(len(test)), "y_true": test, "majority_class": np.bincount(train).argmax()}
    write_table(BASELINES / "digits.csv", [table])


if __name__ == "__main__":
    run({"series": baselines_series, "digits": baselines_digits})
