"""A panel's networks, one a symbol: trained in groups, by the executor."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save

from rnnlab.core.errors import UserError
from rnnlab.core.files import digest, write_bytes, write_text
from rnnlab.core.params import Params
from rnnlab.execution.checkpoint import fingerprint_of
from rnnlab.execution.executors import make_executor
from rnnlab.execution.live_run import LiveRun
from rnnlab.execution.progress import count_done
from rnnlab.execution.task_results import Done
from rnnlab.networks.network import build, count_parameters
from rnnlab.networks.panel_weights import pack
from rnnlab.training.engines import Choice
from rnnlab.training.panel_training import Group, Trained, make_groups, train_group
from rnnlab.training.trainer import Settings
from rnnlab.windows.artifacts import SPLIT, read_panel, read_panel_scaler
from rnnlab.windows.panel import Panel


def train_per_symbol(name: str, params: Params) -> None:
    """models/NAME.safetensors and metrics/history/NAME.csv, the mean over the symbols of each seed's losses."""
    model, training = params.model(name), params.training_of(name)
    panel = read_panel(SPLIT / "stock/train")
    architecture = model.architecture(panel.inputs.shape[1], panel.length, 1)
    forms = model.target, model.output == "sequence", model.rollout
    settings = Settings(**training.model_dump(exclude={"seeds", "seed"}))
    seeds = list(range(training.seed, training.seed + training.seeds))
    counts = [len(windows) for _, windows in panel.all()]
    groups = make_groups(counts, training.batch_size, len(seeds))
    choice = Choice("ensemble", params.threads_of_a_task)
    about = {"architecture": architecture, "forms": forms, "training": training.model_dump(), "choice": asdict(choice)}
    key = fingerprint_of(about, [SPLIT / "stock/train"])
    done = Done(f"{name}.train", key, len(groups), ".safetensors", from_file)
    used = sum(group.count * len(group.symbols) for group in groups)
    if params.stock.split.validation:
        print(f"{name}: networks a symbol learn for all epochs; the validation part is left aside")
    print(f"{name}: {used:,} of {sum(counts):,} training windows, each symbol's last whole batches")

    def tasks() -> Iterator[tuple[Any, ...]]:
        for number in done.waiting:
            series = [panel.windows(symbol) for symbol in groups[number].symbols]
            yield series, groups[number].count, architecture, forms, settings, seeds, choice

    with (
        LiveRun(name, key, params) as live,
        make_executor(params.executor, params.workers) as executor,
    ):
        sizes = [len(group.symbols) for group in groups]
        waiting = [sizes[number] for number in done.waiting]
        counted = count_done(executor.map(train_group, tasks()), waiting, len(panel) - sum(waiting), name, "symbol")
        for step, (symbols, (place, trained)) in enumerate(counted, len(groups) - len(waiting)):
            done.keep(done.waiting[place], to_bytes(trained))
            live.add([{"epoch": step, "seed": 0, "progress_symbols": symbols}])
        merged = merge(panel, groups, done, seeds)
        config = {
            "model": name,
            "track": "stock",
            "panel": "per_symbol",
            "symbols": panel.symbols,
            "network": architecture,
            "parameters": count_parameters(build(architecture)),
            "forms": forms,
            "horizon": panel.horizon,
            "trained_until": [str(windows.target_dates[-1])[:10] for _, windows in panel.all()],
            "training": training.model_dump(),
            "made_with": asdict(choice),
            "scaler": read_panel_scaler(),
            "diverged": {},  # seeds, of all symbols
            "diverged_symbols": merged.diverged,
        }
        weights = pack(merged.states, merged.units.tolist(), config)
        write_bytes(Path("models") / f"{name}.safetensors", weights)
        write_text(Path("metrics/history") / f"{name}.csv", merged.history(choice.threads))
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

    def __init__(self, symbols: tuple[str, ...], seeds: list[int], epochs: int) -> None:
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

    def rows(self) -> Iterator[list[dict[str, float]]]:
        """Of each epoch a row a seed: the mean over the symbols that still learned."""
        for epoch, (losses, learning) in enumerate(zip(self.losses, self.learning, strict=True)):
            yield [
                {"epoch": epoch, "seed": seed, "train_loss": float(loss / count), "symbols": int(count)}
                for seed, loss, count in zip(self.seeds, losses, learning, strict=True)
                if count
            ]

    def history(self, threads: int) -> str:
        lines = ["epoch,seed,train_loss,symbols,threads"]
        lines += [
            f"{row['epoch']},{row['seed']},{row['train_loss']:.8g},{row['symbols']},{threads}"
            for row in sorted(
                (row for rows in self.rows() for row in rows), key=lambda row: (row["seed"], row["epoch"])
            )
        ]
        return "\n".join(lines) + "\n"


def merge(panel: Panel, groups: list[Group], done: Done, seeds: list[int]) -> Merged:
    merged = Merged(panel.symbols, seeds, len(from_file(done.path(0)).losses))
    for number, group in enumerate(groups):
        merged.add(group, from_file(done.path(number)))
    lost = [symbol for symbol, by_seed in merged.diverged.items() if len(by_seed) == len(seeds)]
    for symbol in lost:
        print(f"no seed of symbol {symbol} learned: their losses are not finite; it is left out", flush=True)
    if len(lost) == len(panel):
        raise UserError("no symbol's network learned: their losses are not finite; a smaller learning_rate may help")
    return merged
