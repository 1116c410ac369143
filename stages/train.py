"""train MODEL: data/split -> models/MODEL.safetensors and metrics/history/MODEL.csv; all seeds of a model at once."""

import csv
import io
import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rnnlab.core.errors import UserError
from rnnlab.core.files import digest, write_bytes, write_text
from rnnlab.core.params import Params
from rnnlab.core.params_file import read_params
from rnnlab.core.stage import run
from rnnlab.execution.checkpoint import Checkpoint, fingerprint_of
from rnnlab.execution.live_run import LiveRun
from rnnlab.execution.panel_train import train_per_symbol
from rnnlab.execution.progress import report
from rnnlab.execution.ranks import join, launch, launched
from rnnlab.networks.network import build, count_parameters
from rnnlab.training.engines import ENGINES, choose, choose_device
from rnnlab.training.trainer import Alone, Row, Settings, Trainer
from rnnlab.training.training_data import digits_data, panel_data, series_data
from rnnlab.windows.artifacts import SPLIT

CLASSES = 10


def main(name: str) -> None:
    params = read_params()
    params.model(name)  # a wrong name is said before ranks are started, and so once
    if params.is_per_symbol and params.model(name).track == "stock":
        train_per_symbol(name, params)
        return
    device = choose_device(params.device)
    if params.ranks > 1 and not launched():
        launch(params.ranks, "stages.train", name)
    else:
        with join(device) as group:
            train(name, params, device, group)


def train(name: str, params: Params, device: torch.device, group: Alone) -> None:
    """All seeds of one network, at once; the first rank alone writes and tells."""
    model, training = params.model(name), params.training_of(name)
    data = {"stock": panel_data if params.is_panel else series_data, "digits": digits_data}[model.track](model, device)
    (_, length, features), classes = data.x.shape, CLASSES if model.track == "digits" else 1
    architecture = model.architecture(features, length, classes)
    seeds = range(training.seed, training.seed + training.seeds)
    states = [_initial(architecture, seed, device) for seed in seeds]

    forms = model.target, model.output == "sequence", model.rollout
    about: dict[str, Any] = {"architecture": architecture, "forms": forms, "training": training.model_dump()}
    about |= {"device": device.type, "threads": params.threads, "ranks": group.size}
    key = fingerprint_of(about, [SPLIT / model.track / part for part in ("train", "validation")])
    group.check_same(key)
    checkpoint = group.from_first(lambda: Checkpoint(Path("data/checkpoints") / f"{name}.safetensors", key))
    threads, own = None if params.threads == "auto" else params.threads, -(-training.batch_size // group.size)
    choice = checkpoint.choice or group.from_first(lambda: choose(architecture, states, data.x, data.y, own, threads))
    torch.set_num_threads(choice.threads)
    engine = ENGINES[choice.engine](architecture, states)
    settings = Settings(**training.model_dump(exclude={"seeds", "seed"}))
    trainer = Trainer(engine, data.x, data.y, seeds, settings, data.validation, group=group)
    rows = checkpoint.restore(trainer)
    if group.rank > 0:
        deque(trainer.run(), maxlen=0)
        return
    config: dict[str, Any] = {
        "model": name,
        "track": model.track,
        "network": architecture,
        "parameters": count_parameters(build(architecture)),
        "training": training.model_dump(),
        "made_with": asdict(choice) | ({"ranks": group.size} if group.size > 1 else {}),
    }
    epochs = trainer.run(after_step=lambda: checkpoint.save_if_due(trainer, rows, choice))
    with LiveRun(name, key, params) as live:
        for _, done in itertools.groupby(rows, key=lambda row: row["epoch"]):
            live.add(list(done))
        for epoch in report(epochs, training.epochs, name):
            rows.extend(epoch)
            live.add(epoch)
        diverged = {seeds[k]: epoch for k, epoch in trainer.diverged.items()}
        check(diverged, seeds, name, training.learning_rate)
        trained = {seed: state for seed, state in zip(seeds, trainer.states(), strict=True) if seed not in diverged}
        weights = data.pack(trained, config | data.about | {"diverged": diverged})
        rows.sort(key=lambda row: (row["seed"], row["epoch"]))
        write_bytes(Path("models") / f"{name}.safetensors", weights)
        write_text(Path("metrics/history") / f"{name}.csv", to_csv([row | {"threads": choice.threads} for row in rows]))
        left_out = {"diverged": ", ".join(map(str, diverged))} if diverged else {}
        live.finish({"weights_key": digest([weights])} | left_out)
    checkpoint.remove()


def check(diverged: dict[int, int], seeds: range, name: str, learning_rate: float) -> None:
    """Name the seeds that diverged, with their epoch; without any other there is no model."""
    for seed, epoch in diverged.items():
        print(f"{name}: the loss of seed {seed} is not finite in epoch {epoch}: it is left out", flush=True)
    if len(diverged) == len(seeds):
        raise UserError(
            f"{name}: no seed of {len(seeds)} learned: their losses are not finite (the first in epoch "
            f"{min(diverged.values())}); a smaller learning_rate (now {learning_rate:g}) or max_grad_norm may help"
        )


def to_csv(rows: Sequence[Row]) -> str:
    """By the standard library: to import pandas for this took longer than some trainings."""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: value if isinstance(value, int) else f"{value:.8g}" for name, value in row.items()})
    return text.getvalue()


def _initial(architecture: dict[str, Any], seed: int, device: torch.device) -> dict[str, Tensor]:
    torch.manual_seed(seed)
    return {name: value.to(device) for name, value in build(architecture).state_dict().items()}


if __name__ == "__main__":
    run(main)
