"""Networks trained, saved, loaded, and what they forecast next."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from rnnlab.api.series import WindowedSeries
from rnnlab.core.errors import UserError
from rnnlab.core.files import write_bytes
from rnnlab.core.model_params import CellModel, CustomModel, Training
from rnnlab.core.params_parsing import parse
from rnnlab.forecasting.next_steps import forecast_next_steps, required_columns
from rnnlab.networks.custom_code import give
from rnnlab.networks.weights import Networks, Weights, config_of, pack
from rnnlab.networks.weights_header import read_config
from rnnlab.training.plan import TrainingPlan
from rnnlab.training.training_data import series_data
from rnnlab.windows.targets import TargetForm

# As params.yaml has them.
TUTORIAL = {"bidirectional": False, "hidden_size": 8, "num_layers": 2, "head": "flatten", "output": "linear"}
TRAINING = {
    "epochs": 301,
    "batch_size": 20,
    "learning_rate": 0.001,
    "schedule": "constant",
    "max_grad_norm": None,
    "patience": None,
    "seed": 0,
}


@dataclass(frozen=True)
class TrainedModel:
    """The networks of all seeds.

    Attributes:
        networks: by seed.
        config: of the weights file: architecture, scaler, target, training.
        history: a row an epoch and seed: epoch, seed, train_loss and, with a validation part, validation_loss; empty of
            a model that was loaded.
    """

    networks: Networks
    config: Mapping[str, Any]
    history: pd.DataFrame

    def save(self, path: str | Path) -> None:
        """Write the weights as safetensors; ``load`` and the command ``rnnlab forecast --model FILE`` read them."""
        states = {  # copies: tied tensors share their memory
            seed: {name: tensor.clone() for name, tensor in network.state_dict().items()}
            for seed, network in self.networks.items()
        }
        write_bytes(Path(path), pack(states, self.config))


def train(
    model: str | Mapping[str, Any] | Callable[..., nn.Module], series: WindowedSeries, seeds: int = 10, **training: Any
) -> TrainedModel:
    """Train the networks of all seeds at once, as the stage train does.

    Args:
        model: rnn, lstm, gru or mlp, in the tutorial's size; a class of modules (docs/networks.md); or an entry as
            under ``models`` in params.yaml, whose ``network`` may be such a class; its epochs, seeds and so on count.
        seeds: networks, each with its own start and order of the windows.
        training: other than params.yaml's defaults: epochs, batch_size, learning_rate, schedule, max_grad_norm,
            patience, seed (the first).

    Raises:
        UserError: if an argument is wrong, a network of one's own fails, or no seed learns.
    """
    name, entry = _entry(model)
    own = {key: entry.pop(key) for key in Training.model_fields if key in entry}
    settings = parse(TRAINING | {"seeds": seeds} | own | training, "train", Training)
    chosen = parse({"track": "series"} | entry, "model", CustomModel if "network" in entry else CellModel)
    if not isinstance(series, WindowedSeries):
        raise UserError(f"series: should be what make_windows makes; found {type(series).__name__}")
    form = TargetForm(*chosen.target_form)
    data = series_data(form, torch.device("cpu"), series.parts["train"], series.parts["validation"], series.scaler)
    with _undisturbed():
        plan = TrainingPlan.of(chosen, settings, data.x.shape, data.outputs, 1)
        trainer = plan.trainer(data.x, data.y, data.validation)
        history = pd.DataFrame([row for rows in trainer.run() for row in rows])
        diverged = {plan.seeds[k]: epoch for k, epoch in trainer.diverged.items()}
        if len(diverged) == len(plan.seeds):
            raise UserError(f"{name}: no seed learned: their losses are not finite; a smaller learning_rate may help")
        states = {seed: state for seed, state in zip(plan.seeds, trainer.states(), strict=True) if seed not in diverged}
        config = data.about | plan.describe(name, "series", settings) | {"diverged": diverged}
        return TrainedModel(plan.restore(states), config, history.sort_values(["seed", "epoch"], ignore_index=True))


def forecast(model: TrainedModel, frame: pd.DataFrame, horizon: int | None = None) -> pd.DataFrame:
    """What comes after the last row, as the command `rnnlab forecast` has it.

    Args:
        frame: raw values by date, with the columns that the model reads.
        horizon: steps; None: the horizon that the model was trained for.

    Returns:
        A row a step, by its date: forecast, low_80, high_80, low_95, high_95 (NaN where too few errors are known), and
        persistence.

    Raises:
        UserError: if a column is missing, the rows are too few, or the model can't forecast so far.
    """
    config = config_of(model.config)
    if missing := [name for name in required_columns(config) if name not in frame.columns]:
        raise UserError(f"there is no column {missing[0]}, which {config['model']} reads")
    made = forecast_next_steps(model.networks, config, frame, horizon)
    rows = {}
    for step in made.steps:
        row = rows[step.date] = {"forecast": step.forecast}
        for level, bounds in step.intervals.items():
            row[f"low_{level}"], row[f"high_{level}"] = bounds or (np.nan, np.nan)
        row["persistence"] = step.persistence
    return pd.DataFrame.from_dict(rows, "index")


def load(path: str | Path, network: Callable[..., nn.Module] | None = None) -> TrainedModel:
    """A model of a single series from its weights file, of the pipeline or of ``TrainedModel.save``.

    Args:
        network: the class of a model of one's own: weights alone import no code.

    Raises:
        UserError: if the file is missing, damaged or of another kind, or asks for a class that is not given.
    """
    if network is not None:
        give(network, read_config(str(path))["network"].get("network", ""))
    weights = Weights(str(path))
    if weights.config["track"] != "series" or weights.config["panel"]:
        raise UserError(f"{path}: is no model of a single series")
    return TrainedModel(weights.networks(), weights.config, pd.DataFrame())


@contextmanager
def _undisturbed() -> Iterator[None]:
    """PyTorch's random numbers and threads are afterwards what they were."""
    threads = torch.get_num_threads()
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        torch.set_num_threads(threads)


def _entry(model: str | Mapping[str, Any] | Callable[..., nn.Module]) -> tuple[str, dict[str, Any]]:
    """A model's name, and its entry in params.yaml."""
    if isinstance(model, str):
        return model, TUTORIAL | {"cell": model}
    entry: dict[str, Any] = dict(model) if isinstance(model, Mapping) else {"network": model}
    if "network" not in entry:
        return str(entry.get("cell")), TUTORIAL | entry
    if not isinstance(entry["network"], str):
        entry["network"] = give(entry["network"])
    return str(entry["network"]).rpartition(":")[2].lower(), entry
