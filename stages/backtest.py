"""backtest MODEL: data/scaled/stock -> metrics/backtest/MODEL.csv; walks forward over the series, fold by fold."""

from pathlib import Path

import numpy as np
import torch

from rnnlab.backtest import make_folds, to_table, walk_forward
from rnnlab.engines import Choice
from rnnlab.scaling import MinMaxScaler
from rnnlab.training import Settings
from rnnlab.windows import Windows
from stages.entry import run
from stages.files import read_arrays, write_text
from stages.params import read_params
from stages.parts import read_scaler
from stages.progress import report


def main(name: str) -> None:
    params = read_params()
    model, training, walk, window = params.model(name), params.training_of(name), params.backtest, params.stock.window
    about = read_scaler("stock")
    inputs, target, dates = read_arrays(Path("data/scaled/stock"), "inputs", "target", "dates")
    prices = MinMaxScaler.from_dict(about).inverse(np.asarray(target), about["target"])
    windows = Windows(np.asarray(inputs), prices, dates, window.length, window.horizon)
    folds = make_folds(len(windows), walk.train, walk.folds, walk.origin, window.horizon)

    choice = Choice("ensemble", 1 if params.threads == "auto" else params.threads)
    torch.set_num_threads(choice.threads)
    forecasts = walk_forward(
        windows,
        folds,
        about["features"],
        model.architecture(len(about["features"]), window.length, 1),
        (model.target, model.output == "sequence", model.rollout),
        Settings(**training.model_dump(exclude={"seeds", "seed", "patience"})),
        range(training.seed, training.seed + walk.seeds),
        walk.refit,
        choice,
        lambda trained: report(trained, training.epochs, name),
    )
    table = to_table(windows, folds, forecasts, walk.refit).to_csv(index=False, float_format="%.6f")
    write_text(Path("metrics/backtest") / f"{name}.csv", table)


if __name__ == "__main__":
    run(main)
