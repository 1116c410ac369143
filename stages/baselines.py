"""baselines TRACK: data/split -> metrics/baselines: what needs no network, measured on the same days or images."""

from pathlib import Path

import numpy as np

from rnnlab.core.files import write_json, write_text
from rnnlab.core.stage import run
from rnnlab.evaluation.baseline_evaluation import ScaledSeries, evaluate_baselines, evaluate_panel_baselines
from rnnlab.evaluation.digits_evaluation import evaluate_majority_class
from rnnlab.windows.artifacts import PARTS, SCALED, read_digits, read_panel, read_part, read_scaler
from rnnlab.windows.scaler_file import of_symbol
from rnnlab.windows.scaling import MinMaxScaler

BASELINES = Path("metrics/baselines")


def baselines_stock() -> None:
    parts, scaler = {part: read_part(part) for part in PARTS}, read_scaler("stock")
    rows = read_panel(SCALED, {"length": parts["test"].length, "horizon": parts["test"].horizon})

    def series_of(number: int) -> ScaledSeries:
        series, own = rows.windows(number), MinMaxScaler.from_dict(of_symbol(scaler, number))
        return ScaledSeries(series.target, series.dates, own, scaler["target"])

    if rows.kind:
        figures, table = evaluate_panel_baselines(parts, series_of)
    else:
        figures, table = evaluate_baselines({part: panel.windows(0) for part, panel in parts.items()}, series_of(0))
        table = table.set_index("date")
    write_json(BASELINES / "stock.json", figures)
    write_text(BASELINES / "stock.csv", table.to_csv(float_format="%.6f"))


def baselines_digits() -> None:
    (_, train), (_, test) = read_digits("train"), read_digits("test")
    write_json(BASELINES / "digits.json", {"majority_class": evaluate_majority_class(train, test)})
    commonest = np.bincount(train).argmax()
    lines = ["image,y_true,majority_class", *(f"{image},{label},{commonest}" for image, label in enumerate(test))]
    write_text(BASELINES / "digits.csv", "\n".join(lines) + "\n")


if __name__ == "__main__":
    run({"stock": baselines_stock, "digits": baselines_digits})
