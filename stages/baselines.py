"""baselines TRACK: data/split -> metrics/baselines: what needs no network, measured on the same days or images."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rnnlab.core.files import read_arrays, read_json, write_json, write_text
from rnnlab.core.stage import run
from rnnlab.evaluation import baselines
from rnnlab.evaluation.evaluation import days_by_part, evaluate_majority_class, evaluate_stock
from rnnlab.evaluation.panel_evaluation import measure, summarise
from rnnlab.windows.artifacts import PARTS, SPLIT, read_digits, read_panel, read_panel_scaler, read_scaler, read_windows
from rnnlab.windows.scaler_file import of_symbol
from rnnlab.windows.scaling import MinMaxScaler

BASELINES = Path("metrics/baselines")


def baselines_stock() -> None:
    if (SPLIT / "stock/test/panel.json").exists():
        baselines_panel()
    else:
        baselines_series()


def baselines_panel() -> None:
    """Of each symbol and over symbols, as the networks are measured."""
    about, series = read_panel_scaler(), read_json(Path("data/scaled/stock/panel.json"))
    scaled, dates = read_arrays(Path("data/scaled/stock"), "target", "dates")
    parts = {part: read_panel(SPLIT / "stock" / part) for part in ("train", "test")}
    measured, target = dict[str, dict[str, Any]](), about["target"]
    for number, (symbol, windows) in enumerate(parts["test"].all()):
        if len(windows) == 0:
            continue
        scaler = MinMaxScaler.from_dict(of_symbol(about, number))
        train, own = parts["train"].windows(number), slice(*series["spans"][number])
        days = days_by_part({"train": train, "test": windows}, scaler, target)["test"]
        first = int(np.searchsorted(dates[own], windows.dates[0]))
        last = np.arange(first, first + len(windows)) + windows.length - 1  # rows of the symbol
        forecasts = baselines.of_the_series(
            scaler.inverse(np.asarray(scaled[own]), target), dates[own], last, windows.length, windows.horizon
        ) | {"ridge": scaler.inverse(baselines.ridge(train.x, train.y[:, 0], windows.x), target)}
        for name, forecast in forecasts.items():
            measured.setdefault(name, {})[symbol] = measure(days, {0: forecast})
    results = {name: summarise(found, parts["test"].horizon) for name, found in measured.items()}
    write_json(BASELINES / "stock.json", results)
    table = pd.DataFrame(
        {name: {s: r["relative_rmse"] for s, r in result["by_symbol"].items()} for name, result in results.items()}
    )
    write_text(BASELINES / "stock.csv", table.to_csv(index_label="symbol", float_format="%.6f"))


def baselines_series() -> None:
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
    write_json(BASELINES / "stock.json", results)
    write_text(BASELINES / "stock.csv", pd.concat(tables).to_csv(index=False, float_format="%.6f"))


def baselines_digits() -> None:
    (_, train), (_, test) = read_digits("train"), read_digits("test")
    classes = int(max(train.max(), test.max())) + 1
    write_json(BASELINES / "digits.json", {"majority_class": evaluate_majority_class(train, test, classes)})
    table = pd.DataFrame({"image": np.arange(len(test)), "y_true": test, "majority_class": np.bincount(train).argmax()})
    write_text(BASELINES / "digits.csv", table.to_csv(index=False))


if __name__ == "__main__":
    run({"stock": baselines_stock, "digits": baselines_digits})
