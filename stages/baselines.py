"""baselines TRACK: data/split -> metrics/baselines: what needs no network, measured on the same days or images."""

from pathlib import Path

import numpy as np
import pandas as pd

from rnnlab import baselines
from rnnlab.evaluation import days_by_part, evaluate_majority_class, evaluate_stock
from rnnlab.scaling import MinMaxScaler
from stages.entry import run
from stages.files import read_arrays, write_json, write_text
from stages.parts import PARTS, read_digits, read_scaler, read_windows

BASELINES = Path("metrics/baselines")


def baselines_stock() -> None:
    about = read_scaler("stock")
    scaler, target = MinMaxScaler.from_dict(about), about["target"]
    scaled, dates = read_arrays(Path("data/scaled/stock"), "target", "dates")
    parts = {part: read_windows(part) for part in PARTS}
    days, forecasts = days_by_part(parts, scaler, target), {}
    for part, windows in parts.items():
        first = int(np.searchsorted(dates, windows.dates[0])) if len(windows) else 0
        ridge = baselines.ridge(parts["train"].x, parts["train"].y[:, 0], windows.x)
        last = np.arange(first, first + len(windows)) + windows.length - 1  # rows of the whole series
        forecasts[part] = baselines.of_the_series(
            scaler.inverse(np.asarray(scaled), target), dates, last, windows.length, windows.horizon
        ) | {"ridge": scaler.inverse(ridge, target)}

    results: dict[str, object] = {}
    for name, forecast in forecasts["test"].items():
        calibration = days["validation"].y_true, {0: forecasts["validation"][name]}
        results[name], _ = evaluate_stock(days["test"], {0: forecast}, calibration)
    tables = [
        pd.DataFrame({"date": parts[part].target_dates, "part": part, "y_true": days[part].y_true, **forecasts[part]})
        for part in PARTS
    ]
    write_json(BASELINES / "stock/figures.json", results)
    write_text(BASELINES / "stock/forecasts.csv", pd.concat(tables).to_csv(index=False, float_format="%.6f"))


def baselines_digits() -> None:
    (_, train), (_, test) = read_digits("train"), read_digits("test")
    classes = int(max(train.max(), test.max())) + 1
    write_json(BASELINES / "digits/figures.json", {"majority_class": evaluate_majority_class(train, test, classes)})


if __name__ == "__main__":
    run({"stock": baselines_stock, "digits": baselines_digits})
