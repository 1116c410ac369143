"""train MODEL: data/split -> models/MODEL.safetensors and metrics/history/MODEL.csv; all seeds of a model at once."""

import csv
import io
import itertools
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rnnlab.engines import ENGINES, choose, choose_device
from rnnlab.errors import UserError
from rnnlab.network import build, count_parameters
from rnnlab.targets import Target
from rnnlab.training import Row, Settings, Trainer
from rnnlab.weights import pack
from stages.checkpoint import Checkpoint
from stages.entry import run
from stages.files import digest, write_bytes, write_text
from stages.live import LiveRun
from stages.params import read_params
from stages.parts import SPLIT, read_digits, read_scaler, read_windows
from stages.progress import report
from stages.runs import run_name, run_params, run_tags

CLASSES = 10


def main(name: str) -> None:
    params = read_params()
    model, training, device = params.model(name), params.training_of(name), choose_device(params.device)
    forms = model.target, model.output == "sequence", model.rollout
    windows = read_windows("train") if model.track == "stock" else None
    target = Target.fit(windows, *forms) if windows else None
    (x, y), validation = (_tensors(part, target, device) for part in ("train", "validation"))
    architecture = model.architecture(x.shape[2], x.shape[1], CLASSES if model.track == "digits" else 1)
    seeds = range(training.seed, training.seed + training.seeds)
    states = [_initial(architecture, seed, device) for seed in seeds]

    about: dict[str, Any] = {"architecture": architecture, "forms": forms, "training": training.model_dump()}
    about |= {"device": device.type, "threads": params.threads}
    data = [SPLIT / model.track / part for part in ("train", "validation")]
    checkpoint = Checkpoint(Path("data/checkpoints") / f"{name}.safetensors", about, data)
    threads = None if params.threads == "auto" else params.threads
    choice = checkpoint.choice or choose(architecture, states, x, y, training.batch_size, threads)
    torch.set_num_threads(choice.threads)
    engine = ENGINES[choice.engine](architecture, states)
    settings = Settings(**training.model_dump(exclude={"seeds", "seed"}))
    trainer = Trainer(engine, x, y, seeds, settings, validation)
    config: dict[str, Any] = {
        "model": name,
        "track": model.track,
        "network": architecture,
        "parameters": count_parameters(build(architecture)),
        "target": asdict(target) if target else None,
        "horizon": windows.horizon if windows else None,
        "trained_until": str(windows.target_dates[-1]) if windows else None,
        "training": training.model_dump(),
        "made_with": asdict(choice),
        "scaler": read_scaler(model.track),
    }
    rows = checkpoint.restore(trainer)
    epochs = trainer.run(after_step=lambda: checkpoint.save_if_due(trainer, rows, choice))
    about = {"key": checkpoint.fingerprint, "params": run_params(params, name), "tags": run_tags(name)}
    with LiveRun({"model": name, "track": model.track, "name": run_name(name), **about}) as live:
        for _, done in itertools.groupby(rows, key=lambda row: row["epoch"]):
            live.add(list(done))
        for epoch in report(epochs, training.epochs, name):
            rows.extend(epoch)
            live.add(epoch)
        diverged = {seeds[k]: epoch for k, epoch in trainer.diverged.items()}
        check(diverged, seeds, name, training.learning_rate)
        trained = {seed: state for seed, state in zip(seeds, trainer.states(), strict=True) if seed not in diverged}
        weights = pack(trained, config | {"diverged": diverged})
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


def _tensors(part: str, target: Target | None, device: torch.device) -> tuple[Tensor, Tensor]:
    """Sequences as they lie in the mapped files, so that batches alone are in memory; on CUDA all of them are."""
    if target is None:
        images, labels = read_digits(part)
        x, y = torch.from_numpy(images), torch.from_numpy(labels).long()
    else:
        windows = read_windows(part)
        x, y = torch.from_numpy(windows.x), torch.from_numpy(target.encode(windows)).float().contiguous()
    return x if device.type == "cpu" else x.to(device, torch.float32), y.to(device)


if __name__ == "__main__":
    run(main)
