"""evaluate MODEL: a model's weights on data/split -> metrics/test/MODEL.json, metrics/predictions/MODEL.csv."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from rnnlab.evaluation import evaluate_digits, evaluate_stock
from rnnlab.network import RecurrentNetwork, predict
from rnnlab.scaling import MinMaxScaler
from rnnlab.weights import unpack
from stages.entry import run
from stages.files import write_json, write_text
from stages.parts import read_digits, read_windows

Networks = dict[int, RecurrentNetwork]


def main(name: str) -> None:
    torch.set_num_threads(1)
    networks, config = unpack(f"models/{name}.safetensors")
    evaluate = {"stock": stock, "digits": digits}[config["track"]]
    figures, predictions = evaluate(networks, config)
    about = {"model": name, "track": config["track"], "parameters": config["parameters"]}
    write_json(Path("metrics/test") / f"{name}.json", about | figures)
    write_text(Path("metrics/predictions") / f"{name}.csv", predictions.to_csv(index=False, float_format="%.6f"))


def stock(networks: Networks, config: dict[str, Any]) -> tuple[dict[str, Any], pd.DataFrame]:
    scaler, target = MinMaxScaler.from_dict(config["scaler"]), config["scaler"]["target"]
    low, high = scaler.inverse(np.array([0.0, 1.0]), target)
    tables, figures = [], {}
    for part in ("train", "validation", "test"):
        windows = read_windows(part)
        y_true, y_last = (scaler.inverse(values[:, 0], target) for values in (windows.y, windows.last))
        scaled = _predict(networks, windows.x)
        y_pred = {seed: scaler.inverse(output[:, 0].astype(np.float64), target) for seed, output in scaled.items()}
        columns = {"date": windows.target_dates, "part": part, "y_true": y_true, "persistence": y_last}
        columns["y_pred"] = np.mean(list(y_pred.values()), axis=0)
        tables.append(pd.DataFrame(columns | {f"seed_{seed}": values for seed, values in y_pred.items()}))
        if part == "test":
            figures = evaluate_stock(y_true, y_last, y_pred, lambda values: (values - low) / (high - low))
    return figures, pd.concat(tables)


def digits(networks: Networks, config: dict[str, Any]) -> tuple[dict[str, Any], pd.DataFrame]:
    true, predicted = {}, {}
    for part in ("train", "test"):
        images, true[part] = read_digits(part)
        predicted[part] = {seed: scores.argmax(1) for seed, scores in _predict(networks, images).items()}
    classes = config["network"]["output_size"]
    figures = evaluate_digits(true["train"], predicted["train"], true["test"], predicted["test"], classes)
    tables = [
        pd.DataFrame({"image": np.arange(len(labels)), "seed": seed, "y_true": true["test"], "y_pred": labels})
        for seed, labels in predicted["test"].items()
    ]
    return figures, pd.concat(tables)


def _predict(networks: Networks, x: NDArray[Any]) -> dict[int, NDArray[np.float32]]:
    inputs = torch.from_numpy(np.array(x, dtype=np.float32))
    return {seed: predict(network, inputs).numpy() for seed, network in networks.items()}


if __name__ == "__main__":
    run(main)
