"""baselines TRACK: data/split -> metrics/baselines: what needs no network, measured on the same days or images."""

from pathlib import Path

import numpy as np

from rnnlab.core.files import read_arrays, read_json, write_json, write_text
from rnnlab.core.stage import run
from rnnlab.evaluation.baseline_evaluation import ScaledSeries, evaluate_baselines, evaluate_panel_baselines
from rnnlab.evaluation.digits_evaluation import evaluate_majority_class
from rnnlab.windows.artifacts import PARTS, SPLIT, read_digits, read_panel, read_panel_scaler, read_scaler, read_windows
from rnnlab.windows.scaler_file import of_symbol
from rnnlab.windows.scaling import MinMaxScaler

SCALED = Path("data/scaled/stock")
BASELINES = Path("metrics/baselines")


def baselines_stock() -> None:
    target, dates = read_arrays(SCALED, "target", "dates")
    if (SPLIT / "stock/test/panel.json").exists():
        scaler, spans = read_panel_scaler(), read_json(SCALED / "panel.json")["spans"]

        def series_of(number: int) -> ScaledSeries:
            rows, own = slice(*spans[number]), MinMaxScaler.from_dict(of_symbol(scaler, number))
            return ScaledSeries(target[rows], dates[rows], own, scaler["target"])

        panels = {part: read_panel(SPLIT / "stock" / part) for part in ("train", "test")}
        figures, table = evaluate_panel_baselines(panels, series_of)
    else:
        scaler = read_scaler("stock")
        series = ScaledSeries(target, dates, MinMaxScaler.from_dict(scaler), scaler["target"])
        figures, table = evaluate_baselines({part: read_windows(part) for part in PARTS}, series)
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
