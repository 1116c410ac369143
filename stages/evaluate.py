"""evaluate MODEL: a model's weights on data/split -> metrics/test/MODEL.json, metrics/predictions/MODEL.csv."""

from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from rnnlab.core.files import write_json, write_text
from rnnlab.core.stage import run
from rnnlab.evaluation.digits_evaluation import Classification, evaluate_digits
from rnnlab.evaluation.panel_evaluation import evaluate_panel
from rnnlab.evaluation.series_evaluation import Forecaster, evaluate_series
from rnnlab.networks.panel_header import is_panel
from rnnlab.networks.panel_weights import PanelWeights
from rnnlab.networks.predictions import Networks, classify, predict_prices
from rnnlab.networks.weights import unpack
from rnnlab.windows.artifacts import PARTS, SPLIT, read_digits, read_panel, read_windows
from rnnlab.windows.scaling import MinMaxScaler
from rnnlab.windows.targets import Target

Evaluated = tuple[dict[str, Any], pd.DataFrame]  # figures, predictions


def main(name: str) -> None:
    torch.set_num_threads(1)
    path = f"models/{name}.safetensors"
    if is_panel(path):
        weights = PanelWeights(path)
        config, (figures, predictions) = weights.config, panel(name, weights)
    else:
        networks, config = unpack(path)
        figures, predictions = {"stock": stock, "digits": digits}[config["track"]](networks, config)
    about = {"model": name} | {key: config[key] for key in ("track", "parameters", "diverged")}
    write_json(Path("metrics/test") / f"{name}.json", about | figures)
    write_text(Path("metrics/predictions") / f"{name}.csv", predictions.to_csv(index=False, float_format="%.6f"))


def stock(networks: Networks, config: dict[str, Any]) -> Evaluated:
    scaler, target = MinMaxScaler.from_dict(config["scaler"]), Target(**config["target"])
    forecaster = make_forecaster(networks, target, scaler, config["scaler"]["target"])
    return evaluate_series({part: read_windows(part) for part in PARTS}, forecaster)


def panel(name: str, weights: PanelWeights) -> Evaluated:
    parts, column = {part: read_panel(SPLIT / "stock" / part) for part in PARTS}, weights.config["scaler"]["target"]
    figures, predictions = evaluate_panel(
        name, parts, lambda number: make_forecaster(*weights.of_symbol(number), column)
    )
    tested, diverged = figures.pop("tested"), weights.config.get("diverged_symbols", {})
    diverged = {symbol: diverged[symbol] for symbol in tested if symbol in diverged}
    return figures | {"symbols_tested": len(tested), "diverged_symbols": diverged}, predictions


def make_forecaster(networks: Networks, target: Target, scaler: MinMaxScaler, column: str) -> Forecaster:
    return Forecaster(scaler, column, partial(predict_prices, networks, target, scaler, column))


def digits(networks: Networks, config: dict[str, Any]) -> Evaluated:
    parts = {}
    for part in ("train", "test"):
        images, labels = read_digits(part)
        parts[part] = Classification(labels, *classify(networks, images))
    figures = evaluate_digits(parts["train"], parts["test"], config["network"]["output_size"])
    return figures, parts["test"].to_table()


if __name__ == "__main__":
    run(main)
