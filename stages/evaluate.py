"""evaluate MODEL: a model's weights on data/split -> metrics/test/MODEL.json, metrics/predictions/MODEL.csv."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from rnnlab.core.errors import UserError
from rnnlab.core.files import write_json, write_text
from rnnlab.core.stage import run
from rnnlab.evaluation.evaluation import days_by_part, evaluate_digits, evaluate_stock, stock_figures
from rnnlab.evaluation.metrics import Figure
from rnnlab.evaluation.panel_evaluation import in_the_middle, measure, summarise
from rnnlab.networks.forecast import forecast
from rnnlab.networks.network import predict
from rnnlab.networks.panel_header import is_panel, read_panel_config
from rnnlab.networks.panel_weights import PanelWeights
from rnnlab.networks.weights import unpack
from rnnlab.windows.artifacts import PARTS, SPLIT, read_digits, read_panel, read_windows
from rnnlab.windows.scaling import MinMaxScaler
from rnnlab.windows.targets import Target
from rnnlab.windows.windows import Windows

Networks = dict[int, nn.Module]


def main(name: str) -> None:
    torch.set_num_threads(1)
    path = f"models/{name}.safetensors"
    if is_panel(path):
        config = read_panel_config(path)
        figures, predictions = panel(name)
    else:
        networks, config = unpack(path)
        figures, predictions = {"stock": stock, "digits": digits}[config["track"]](networks, config)
    about = {"model": name} | {key: config[key] for key in ("track", "parameters", "diverged")}
    write_json(Path("metrics/test") / f"{name}.json", about | figures)
    write_text(Path("metrics/predictions") / f"{name}.csv", predictions.to_csv(index=False, float_format="%.6f"))


def stock(networks: Networks, config: dict[str, Any]) -> tuple[dict[str, Any], pd.DataFrame]:
    scaler, target = MinMaxScaler.from_dict(config["scaler"]), Target(**config["target"])
    return series(networks, target, scaler, config["scaler"]["target"], {part: read_windows(part) for part in PARTS})


def series(
    networks: Networks, target: Target, scaler: MinMaxScaler, column: str, parts: dict[str, Windows]
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Figures of one series, and its daily forecasts."""
    days, y_pred = days_by_part(parts, scaler, column), {}
    for part, windows in parts.items():
        y_pred[part] = forecasts(networks, target, scaler, column, windows)
    figures, bounds = evaluate_stock(days["test"], y_pred["test"], (days["validation"].y_true, y_pred["validation"]))
    tables = [
        pd.DataFrame(
            {
                "date": windows.target_dates,
                "part": part,
                "y_true": days[part].y_true,
                "persistence": days[part].y_last,
                "y_pred": np.mean(list(y_pred[part].values()), axis=0),
                **(bounds if part == "test" else dict.fromkeys(bounds, np.nan)),
                **{f"seed_{seed}": values for seed, values in y_pred[part].items()},
            }
        )
        for part, windows in parts.items()
    ]
    return figures, pd.concat(tables)


def panel(name: str) -> tuple[dict[str, Any], pd.DataFrame]:
    """Figures of each symbol and over symbols; the daily forecasts of one in the middle alone, for there are many."""
    weights, parts = PanelWeights(f"models/{name}.safetensors"), {p: read_panel(SPLIT / "stock" / p) for p in PARTS}
    column, measured, tested = weights.config["scaler"]["target"], dict[str, Any](), dict[str, Figure]()
    for number, symbol in enumerate(weights.config["symbols"]):
        own = {part: parts[part].windows(number) for part in ("train", "test")}
        if len(own["test"]) == 0:
            continue
        networks, target, scaler = weights.of_symbol(number)
        days = days_by_part(own, scaler, column)["test"]
        tested[symbol] = stock_figures(days, days.y_last)["mase"]
        if networks:
            measured[symbol] = measure(days, forecasts(networks, target, scaler, column, own["test"]))
    if not measured:
        raise UserError(f"{name}: no symbol that has a day in the test part has a network that learned")
    figures = summarise(measured, weights.config["horizon"])
    lost: dict[str, Any] = weights.config.get("diverged_symbols", {})
    figures |= {"symbols_tested": len(tested), "diverged_symbols": {s: lost[s] for s in tested if s in lost}}
    shown = in_the_middle(tested, measured)
    number = weights.config["symbols"].index(shown)
    _, table = series(*weights.of_symbol(number), column, {part: parts[part].windows(number) for part in PARTS})
    table.insert(0, "symbol", shown)
    return figures, table


def forecasts(
    networks: Networks, target: Target, scaler: MinMaxScaler, column: str, windows: Windows
) -> dict[int, NDArray[np.float64]]:
    """Of each seed, in the column's unit."""
    return {
        seed: scaler.inverse(forecast(network, windows, target)[:, 0], column) for seed, network in networks.items()
    }


def digits(networks: Networks, config: dict[str, Any]) -> tuple[dict[str, Any], pd.DataFrame]:
    true, predicted, confidence = {}, {}, {}
    for part in ("train", "test"):
        images, true[part] = read_digits(part)
        scores = _outputs(networks, images)
        predicted[part] = {seed: values.argmax(1) for seed, values in scores.items()}
        confidence[part] = {
            seed: torch.from_numpy(values).softmax(1).amax(1).numpy().astype(np.float64)
            for seed, values in scores.items()
        }
    classes = config["network"]["output_size"]
    figures = evaluate_digits(
        true["train"], predicted["train"], true["test"], predicted["test"], confidence["test"], classes
    )
    tables = [
        pd.DataFrame(
            {
                "image": np.arange(len(labels)),
                "seed": seed,
                "y_true": true["test"],
                "y_pred": labels,
                "confidence": confidence["test"][seed],
            }
        )
        for seed, labels in predicted["test"].items()
    ]
    return figures, pd.concat(tables)


def _outputs(networks: Networks, x: NDArray[Any]) -> dict[int, NDArray[np.float32]]:
    inputs = torch.from_numpy(x)
    return {seed: predict(network, inputs).numpy() for seed, network in networks.items()}


if __name__ == "__main__":
    run(main)
