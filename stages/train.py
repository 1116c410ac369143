"""train MODEL: data/split -> models/MODEL.safetensors and metrics/history/MODEL.csv; all seeds of a model."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from rnnlab.network import RecurrentNetwork, count_parameters
from rnnlab.training import choose_device, train
from rnnlab.weights import pack
from stages.entry import run
from stages.files import read_json, write_bytes, write_text
from stages.params import read_params
from stages.parts import read_sequences
from stages.progress import report

CLASSES = 10
TARGET_DTYPE = {"stock": torch.float32, "digits": torch.int64}


def main(name: str) -> None:
    torch.set_num_threads(1)  # nets this small only lose by a second thread
    params = read_params()
    model, training, device = params.model(name), params.training_of(name), choose_device(params.device)
    (x, y), validation = (_tensors(model.track, part, device) for part in ("train", "validation"))
    architecture = model.model_dump(
        include={"cell", "hidden_size", "num_layers", "bidirectional", "head", "output"}
    ) | {
        "input_size": x.shape[2],
        "length": x.shape[1],
        "output_size": CLASSES if model.track == "digits" else y.shape[1],
    }

    states: dict[int, dict[str, torch.Tensor]] = {}

    def epochs_of_all_seeds() -> Iterator[dict[str, float]]:
        for seed in range(training.seed, training.seed + training.seeds):
            torch.manual_seed(seed)
            network = RecurrentNetwork(**architecture).to(device)
            settings = training.model_dump(include={"epochs", "batch_size", "learning_rate"})
            for epoch, figures in enumerate(train(network, x, y, seed=seed, validation=validation, **settings)):
                yield {"epoch": epoch, "seed": seed, **figures}
            states[seed] = network.state_dict()

    history = list(report(epochs_of_all_seeds(), training.epochs, training.seeds, name))
    scaler = read_json(Path("data/scaled") / model.track / "scaler.json")
    config: dict[str, Any] = {
        "model": name,
        "track": model.track,
        "network": architecture,
        "parameters": count_parameters(RecurrentNetwork(**architecture)),
        "training": training.model_dump(),
        "scaler": scaler,
    }
    write_bytes(Path("models") / f"{name}.safetensors", pack(states, config))
    write_text(
        Path("metrics/history") / f"{name}.csv",
        pd.DataFrame(history).to_csv(index=False, float_format="%.8g"),
    )


def _tensors(track: str, part: str, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    x, y = read_sequences(track, part)
    inputs = torch.from_numpy(np.array(x, dtype=np.float32))  # a copy: the files are mapped read-only
    return inputs.to(device), torch.tensor(np.array(y), dtype=TARGET_DTYPE[track], device=device)


if __name__ == "__main__":
    run(main)
