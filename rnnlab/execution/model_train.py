"""All seeds of one network, trained at once."""

import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch

from rnnlab.core.csv_writer import columns_of, write_table
from rnnlab.core.errors import UserError
from rnnlab.core.files import digest, write_bytes
from rnnlab.core.params import Params
from rnnlab.execution.checkpoint import Checkpoint, fingerprint_of
from rnnlab.execution.live_run import LiveRun
from rnnlab.execution.progress import report
from rnnlab.networks.weights import pack
from rnnlab.training.engines import choose
from rnnlab.training.interfaces import SingleProcess
from rnnlab.training.plan import TrainingPlan
from rnnlab.training.settings import Choice
from rnnlab.training.training_data import DATA, TrainingData
from rnnlab.windows.artifacts import SPLIT
from rnnlab.windows.targets import TargetForm


def train_model(name: str, params: Params, device: torch.device, group: SingleProcess) -> None:
    """models/NAME.safetensors and metrics/history/NAME.csv; of several ranks the first alone writes and tells."""
    model, training = params.model(name), params.training_of(name)
    data = DATA[model.track](TargetForm(*model.target_form), device)
    plan = TrainingPlan.of(model, training, data.x.shape[1:], data.outputs, 1)
    about = asdict(plan) | {"device": device.type, "threads": params.threads, "ranks": group.size}
    key = fingerprint_of(about, [SPLIT / model.track / part for part in ("train", "validation")])
    group.check_same(key)
    checkpoint = group.from_first(lambda: Checkpoint(Path("data/checkpoints") / f"{name}.safetensors", key))
    choice = checkpoint.choice or group.from_first(lambda: _choose(plan, data, params, group.size))
    trainer = replace(plan, choice=choice).trainer(data.x, data.y, data.validation)
    rows = checkpoint.restore(trainer)
    if group.rank > 0:
        deque(trainer.run(group=group), maxlen=0)
        return
    epochs = trainer.run(lambda: checkpoint.save_if_due(trainer, rows, choice), group)
    with LiveRun(name, key, params) as live:
        for _, done in itertools.groupby(rows, key=lambda row: row["epoch"]):
            live.add(list(done))
        for epoch in report(epochs, training.epochs, name):
            rows.extend(epoch)
            live.add(epoch)
        diverged = {plan.seeds[k]: epoch for k, epoch in trainer.diverged.items()}
        check_learned(diverged, plan.seeds, name, training.learning_rate)
        states = dict(zip(plan.seeds, trainer.states(), strict=True))
        config = data.about | plan.describe(name, model.track, training) | {"diverged": diverged}
        config["made_with"] = asdict(choice) | ({"ranks": group.size} if group.size > 1 else {})
        weights = pack({seed: states[seed] for seed in states if seed not in diverged}, config)
        rows.sort(key=lambda row: (row["seed"], row["epoch"]))
        write_bytes(Path("models") / f"{name}.safetensors", weights)
        history = {**columns_of(rows), "threads": choice.threads}
        write_table(Path("metrics/history") / f"{name}.csv", [history], "%.8g")
        left_out = {"diverged": ", ".join(map(str, diverged))} if diverged else {}
        live.finish({"weights_key": digest([weights])} | left_out)
    checkpoint.remove()


def check_learned(diverged: dict[int, int], seeds: Sequence[int], name: str, learning_rate: float) -> None:
    """Name the seeds that diverged, with their epoch; without any other there is no model."""
    for seed, epoch in diverged.items():
        print(f"{name}: the loss of seed {seed} is not finite in epoch {epoch}: it is left out", flush=True)
    if len(diverged) == len(seeds):
        raise UserError(
            f"{name}: no seed of {len(seeds)} learned: their losses are not finite (the first in epoch "
            f"{min(diverged.values())}); a smaller learning_rate (now {learning_rate:g}) or max_grad_norm may help"
        )


def _choose(plan: TrainingPlan, data: TrainingData, params: Params, ranks: int) -> Choice:
    """For a rank's share of a batch."""
    threads, share = None if params.threads == "auto" else params.threads, -(-plan.settings.batch_size // ranks)
    return choose(lambda name: plan.engine(name, data.x.device), plan.choice.engine, data.x, data.y, share, threads)
