"""A panel's networks, one a symbol: trained in groups, by the executor."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save
from torch import Tensor

from rnnlab.core.csv_writer import columns_of, write_table
from rnnlab.core.errors import UserError
from rnnlab.core.files import digest, write_bytes
from rnnlab.core.params import Params
from rnnlab.execution.checkpoint import fingerprint_of
from rnnlab.execution.executors import make_executor
from rnnlab.execution.live_run import LiveRun
from rnnlab.execution.progress import count_done
from rnnlab.execution.task_results import TaskResults
from rnnlab.networks.weights import pack
from rnnlab.training.panel_training import Group, Trained, make_groups, train_group
from rnnlab.training.plan import TrainingPlan
from rnnlab.training.training_data import describe
from rnnlab.windows.artifacts import SPLIT, read_part, read_scaler
from rnnlab.windows.panel import Panel
from rnnlab.windows.targets import TargetForm


def train_per_symbol(name: str, params: Params) -> None:
    """models/NAME.safetensors and metrics/history/NAME.csv, the mean over the symbols of each seed's losses."""
    panel, training = read_part("train"), params.training_of(name)
    model = params.model(name)
    outputs = TargetForm(*model.target_form).outputs(panel.horizon)
    plan = TrainingPlan.of(model, training, (panel.length, panel.inputs.shape[1]), outputs, params.threads_of_a_task)
    counts = [len(windows) for _, windows in panel.all()]
    groups = make_groups(counts, training.batch_size, len(plan.seeds))
    key = fingerprint_of(asdict(plan), [SPLIT / "series/train"])
    done = TaskResults(f"{name}.train", key, len(groups), ".safetensors", from_file)
    if params.series.split.validation:
        print(f"{name}: networks a symbol learn for all epochs; the validation part is left aside")
    used = sum(group.count * len(group.symbols) for group in groups)
    print(f"{name}: {used:,} of {sum(counts):,} training windows, each symbol's last whole batches")

    def tasks() -> Iterator[tuple[Any, ...]]:
        for number in done.waiting:
            yield plan, [panel.windows(symbol) for symbol in groups[number].symbols], groups[number].count

    with LiveRun(name, key, params) as live, make_executor(params.executor, params.workers) as executor:
        waiting = [len(groups[number].symbols) for number in done.waiting]
        counted = count_done(executor.map(train_group, tasks()), waiting, len(panel) - sum(waiting), name, "symbol")
        for step, (symbols, (place, trained)) in enumerate(counted, len(groups) - len(waiting)):
            done.keep(done.waiting[place], to_bytes(trained))
            live.add([{"epoch": step, "seed": 0, "progress_symbols": symbols}])
        merged = merge(panel, groups, done, plan)
        config = plan.describe(name, "series", training) | {"diverged_symbols": merged.diverged}
        config |= describe(panel, plan.target_form, merged.units.tolist(), read_scaler("series"))
        weights = pack(merged.tensors(), config)
        write_bytes(Path("models") / f"{name}.safetensors", weights)
        rows = sorted(itertools.chain(*merged.rows()), key=lambda row: (row["seed"], row["epoch"]))
        history = {**columns_of(rows), "threads": plan.choice.threads}
        write_table(Path("metrics/history") / f"{name}.csv", [history], "%.8g")
        for epoch in merged.rows():
            live.add(epoch)
        live.finish({"weights_key": digest([weights])})
    done.remove()


def to_bytes(trained: Trained) -> bytes:
    """As safetensors, until all groups are trained."""
    tensors: dict[str, NDArray[Any]] = {
        f"{seed}.{name}": value for seed, state in trained.states.items() for name, value in state.items()
    }
    tensors |= {"units": trained.units, "losses": trained.losses, "learning": trained.learning}
    tensors["diverged"] = np.array([(*at, epoch) for at, epoch in trained.diverged.items()], np.int64).reshape(-1, 3)
    return save(tensors)


def from_file(path: Path) -> Trained:
    tensors = load_file(path)
    units, losses, learning, diverged = (tensors.pop(key) for key in ("units", "losses", "learning", "diverged"))
    states: dict[int, dict[str, NDArray[np.float32]]] = {}
    for key, value in tensors.items():
        seed, _, name = key.partition(".")
        states.setdefault(int(seed), {})[name] = value
    return Trained(states, units, losses, learning, {(a, b): epoch for a, b, epoch in diverged.tolist()})


class Merged:
    """All groups in one: weights by symbol, losses over all symbols."""

    def __init__(self, symbols: tuple[str, ...], seeds: Sequence[int], epochs: int) -> None:
        self.symbols, self.seeds = symbols, seeds
        self.states: dict[int, dict[str, NDArray[np.float32]]] = {seed: {} for seed in seeds}
        self.units = np.ones(len(symbols))
        self.losses, self.learning = np.zeros((epochs, len(seeds))), np.zeros((epochs, len(seeds)), np.int64)
        self.diverged: dict[str, dict[str, int]] = {}

    def add(self, group: Group, trained: Trained) -> None:
        places = list(group.symbols)
        self.units[places] = trained.units
        self.losses += trained.losses
        self.learning += trained.learning
        for seed, state in trained.states.items():
            for name, value in state.items():
                whole = self.states[seed].setdefault(name, np.zeros((len(self.symbols), *value.shape[1:]), value.dtype))
                whole[places] = value
        for (place, seed), epoch in trained.diverged.items():
            self.diverged.setdefault(self.symbols[places[place]], {})[str(seed)] = epoch

    def tensors(self) -> dict[int, dict[str, Tensor]]:
        return {
            seed: {name: torch.from_numpy(value) for name, value in state.items()}
            for seed, state in self.states.items()
        }

    def rows(self) -> Iterator[list[dict[str, float]]]:
        """Of each epoch a row a seed: the mean over the symbols that still learned."""
        for epoch, (losses, learning) in enumerate(zip(self.losses, self.learning, strict=True)):
            yield [
                {"epoch": epoch, "seed": seed, "train_loss": float(loss / count), "symbols": int(count)}
                for seed, loss, count in zip(self.seeds, losses, learning, strict=True)
                if count
            ]


def merge(panel: Panel, groups: list[Group], done: TaskResults, plan: TrainingPlan) -> Merged:
    merged = Merged(panel.symbols, plan.seeds, plan.settings.epochs)
    for number, group in enumerate(groups):
        merged.add(group, from_file(done.path(number)))
    lost = [symbol for symbol, by_seed in merged.diverged.items() if len(by_seed) == len(plan.seeds)]
    for symbol in lost:
        print(f"no seed of symbol {symbol} learned: their losses are not finite; it is left out", flush=True)
    if len(lost) == len(panel):
        raise UserError("no symbol's network learned: their losses are not finite; a smaller learning_rate may help")
    return merged
