"""A model's weights on the parts of `data/split`: figures and predictions."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from rnnlab.core.csv_writer import Table
from rnnlab.evaluation.digits_evaluation import Classification, evaluate_digits
from rnnlab.evaluation.panel_evaluation import evaluate_panel
from rnnlab.evaluation.series_evaluation import Forecaster, Season, evaluate_series
from rnnlab.networks.predictions import Networks, classify, predict_values
from rnnlab.networks.weights import Weights
from rnnlab.windows.artifacts import PARTS, read_digits, read_part
from rnnlab.windows.scaling import MinMaxScaler
from rnnlab.windows.series_info import read_info
from rnnlab.windows.targets import Target

Evaluated = tuple[dict[str, Any], list[Table]]  # figures, predictions


def evaluate_model(weights: Weights) -> Evaluated:
    config = weights.config
    kind = "panel" if config.get("panel") else config["track"]
    figures, predictions = {"series": _series, "panel": _panel, "digits": _digits}[kind](weights)
    return {key: config[key] for key in ("model", "track", "parameters", "diverged")} | figures, predictions


def _series(weights: Weights) -> Evaluated:
    info = read_info()
    parts = {part: read_part(part).windows(0) for part in PARTS}
    forecaster = forecaster_of(weights.networks(), weights.config_of(0))
    return evaluate_series(parts, forecaster, Season(info.period, info.floor))


def _panel(weights: Weights) -> Evaluated:
    name, parts = weights.config["model"], {part: read_part(part) for part in PARTS}

    def of_symbol(number: int) -> Forecaster:
        return forecaster_of(weights.networks(number), weights.config_of(number))

    figures, predictions = evaluate_panel(name, parts, of_symbol)
    tested, diverged = figures.pop("tested"), weights.config.get("diverged_symbols", {})
    diverged = {symbol: diverged[symbol] for symbol in tested if symbol in diverged}
    return figures | {"symbols_tested": len(tested), "diverged_symbols": diverged}, predictions


def forecaster_of(networks: Networks, config: Mapping[str, Any]) -> Forecaster:
    """Networks, and the config of one series that their weights file has."""
    scaler, column = MinMaxScaler.from_dict(config["scaler"]), config["scaler"]["target"]
    return Forecaster(scaler, column, partial(predict_values, networks, Target(**config["target"]), scaler, column))


def _digits(weights: Weights) -> Evaluated:
    networks, parts = weights.networks(), {}
    for part in ("train", "test"):
        images, labels = read_digits(part)
        parts[part] = Classification(labels, *classify(networks, images))
    figures = evaluate_digits(parts["train"], parts["test"], weights.config["network"]["output_size"])
    return figures, parts["test"].to_tables()
