"""evaluate MODEL: a model's weights on data/split -> metrics/test/MODEL.json, metrics/predictions/MODEL.csv."""

from functools import partial
from pathlib import Path
from typing import Any

import torch

from rnnlab.core.csv_file import Table, write_table
from rnnlab.core.files import write_json
from rnnlab.core.stage import run
from rnnlab.evaluation.digits_evaluation import Classification, evaluate_digits
from rnnlab.evaluation.panel_evaluation import evaluate_panel
from rnnlab.evaluation.series_evaluation import Forecaster, evaluate_series
from rnnlab.networks.predictions import classify, predict_prices
from rnnlab.networks.weights import Weights
from rnnlab.windows.artifacts import PARTS, read_digits, read_part
from rnnlab.windows.scaling import MinMaxScaler
from rnnlab.windows.targets import Target

Evaluated = tuple[dict[str, Any], list[Table]]  # figures, predictions


def main(name: str) -> None:
    torch.set_num_threads(1)
    weights = Weights(f"models/{name}.safetensors")
    config = weights.config
    kind = "panel" if config.get("panel") else config["track"]
    figures, predictions = {"stock": stock, "panel": panel, "digits": digits}[kind](weights)
    about = {"model": name} | {key: config[key] for key in ("track", "parameters", "diverged")}
    write_json(Path("metrics/test") / f"{name}.json", about | figures)
    write_table(Path("metrics/predictions") / f"{name}.csv", predictions)


def stock(weights: Weights) -> Evaluated:
    return evaluate_series({part: read_part(part).windows(0) for part in PARTS}, make_forecaster(weights, 0))


def panel(weights: Weights) -> Evaluated:
    name, parts = weights.config["model"], {part: read_part(part) for part in PARTS}
    figures, predictions = evaluate_panel(name, parts, partial(make_forecaster, weights))
    tested, diverged = figures.pop("tested"), weights.config.get("diverged_symbols", {})
    diverged = {symbol: diverged[symbol] for symbol in tested if symbol in diverged}
    return figures | {"symbols_tested": len(tested), "diverged_symbols": diverged}, predictions


def make_forecaster(weights: Weights, number: int) -> Forecaster:
    """Of a symbol's networks."""
    networks, config = weights.networks(number), weights.config_of(number)
    scaler, column = MinMaxScaler.from_dict(config["scaler"]), config["scaler"]["target"]
    return Forecaster(scaler, column, partial(predict_prices, networks, Target(**config["target"]), scaler, column))


def digits(weights: Weights) -> Evaluated:
    networks, parts = weights.networks(), {}
    for part in ("train", "test"):
        images, labels = read_digits(part)
        parts[part] = Classification(labels, *classify(networks, images))
    figures = evaluate_digits(parts["train"], parts["test"], weights.config["network"]["output_size"])
    return figures, parts["test"].to_tables()


if __name__ == "__main__":
    run(main)
