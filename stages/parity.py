"""parity: what a run of the tutorial's own data and protocol got -> metrics/parity.json and parity.md."""

from pathlib import Path
from typing import Any

import pandas as pd

from rnnlab.comparison import tutorial
from rnnlab.core.files import read_arrays, read_json, write_json, write_text
from rnnlab.core.params import Params
from rnnlab.core.params_file import read_params
from rnnlab.core.stage import run
from rnnlab.windows.artifacts import read_scaler

METRICS = Path("metrics")
SPLIT = Path("data/split/stock")


def main() -> None:
    params, rows = read_params(), []
    if is_tutorials_stock(params):
        rows += tutorial.data_rows(*first_rows_and_shapes())
        rows += tutorial.stock_rows(
            {name: result_of(name) for name in tutorial.STOCK},
            {name: history_of(name) for name in tutorial.STOCK},
            {name: pd.read_csv(METRICS / f"predictions/{name}.csv") for name in tutorial.STOCK},
        )
    if params.digits.source == "mnist" and "digits_bilstm" in params.models:
        rows += tutorial.digits_rows(result_of("digits_bilstm"), history_of("digits_bilstm"))
    write_json(METRICS / "parity.json", rows)
    write_text(METRICS / "parity.md", tutorial.to_markdown(rows) if rows else "Made by `make tutorial`.\n")


def is_tutorials_stock(params: Params) -> bool:
    stock = params.stock
    protocol = stock.window.length, stock.window.horizon, stock.split.train, stock.split.validation
    return (
        stock.source == "kospi"
        and stock.scale.fit_on == "all"
        and protocol == (5, 1, 200, 0)
        and {*stock.features, stock.target} == set(tutorial.SCALED)
        and set(tutorial.STOCK) <= set(params.models)
    )


def first_rows_and_shapes() -> tuple[dict[str, Any], dict[str, int]]:
    about, windows = read_scaler("stock"), read_json(Path("data/windows/stock.json"))
    inputs, target = read_arrays(Path("data/scaled/stock"), "inputs", "target")
    scaled = {name: inputs[:, number] for number, name in enumerate(about["features"])} | {about["target"]: target}
    (train,), (test,) = (read_arrays(SPLIT / part, "target") for part in ("train", "test"))
    lost = windows["length"] + windows["horizon"] - 1
    shapes = {"rows": len(target), "windows": windows["count"], "steps": windows["length"]}
    shapes |= {"features": windows["features"], "training windows": len(train) - lost, "test windows": len(test) - lost}
    return scaled, shapes


def result_of(name: str) -> dict[str, Any]:
    result: dict[str, Any] = read_json(METRICS / f"test/{name}.json")
    return result


def history_of(name: str) -> pd.DataFrame:
    return pd.read_csv(METRICS / f"history/{name}.csv")


if __name__ == "__main__":
    run(main)
