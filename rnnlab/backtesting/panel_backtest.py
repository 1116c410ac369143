"""Walking forward over a panel: folds end on days that all symbols share; each symbol is scaled by its fold's past.

Letters: S symbols, K seeds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from rnnlab.core.errors import UserError
from rnnlab.networks.predictions import Networks, predict_values
from rnnlab.training.panel_training import Sequences, encode, make_groups, train_group, whole_batches
from rnnlab.training.plan import TrainingPlan
from rnnlab.windows.folds import Fold, make_folds, rescale
from rnnlab.windows.panel import LEAST, Array, Dates, Panel, PanelPart
from rnnlab.windows.scaling import MinMaxScaler
from rnnlab.windows.targets import Target
from rnnlab.windows.windows import Windows, count_windows


@dataclass(frozen=True)
class Task:
    """Networks that train together: a group of symbols, or all of them as the data of one network.

    Attributes:
        scalers: of each symbol the scaler that its windows, views of the scaled rows, were made with.
        train: of each symbol the windows that train.
        tests: of each fold that is forecast its number, and the windows of each symbol, which may be none.
    """

    symbols: tuple[str, ...]
    scalers: tuple[MinMaxScaler, ...]
    train: tuple[Windows, ...]
    tests: tuple[tuple[int, tuple[Windows, ...]], ...]
    one_network: bool


def fold_days(days: Dates, length: int, horizon: int, **walk: Any) -> list[tuple[Dates, Dates]]:
    """Of each fold the first and last day of the targets that train, and on which the forecasts are made that test.

    Args:
        days: the panel's calendar, which is cut as a series that has a row on each of them.
        walk: train, folds and origin of ``backtest.make_folds``.
    """
    folds: list[Fold] = make_folds(count_windows(len(days), length, horizon), horizon=horizon, **walk)
    made, targets = days[length - 1 :], days[length + horizon - 1 :]
    return [(targets[[f.train_start, f.train_stop - 1]], made[[f.test_start, f.test_stop - 1]]) for f in folds]


class PanelWalk:
    """The tasks of a walk over a panel, the same for any number of workers, each made when it is asked for.

    Symbols with too few training windows in a fold take no part in it.

    Args:
        scalers: of the target, of each symbol.
        refit: false: the first fold's networks forecast all folds.

    Attributes:
        groups: of each task the fold whose windows train, and its symbols by number.
    """

    def __init__(
        self,
        plan: TrainingPlan,
        panel: Panel,
        scalers: Sequence[MinMaxScaler],
        folds: Sequence[tuple[Dates, Dates]],
        refit: bool,
    ) -> None:
        self._panel, self._scalers, self._folds, self._refit = panel, scalers, folds, refit
        self.groups: list[tuple[int, tuple[int, ...]]] = []
        for fold in range(len(folds) if refit else 1):
            counts = [self._count(fold, s) for s in range(len(panel))]
            able = [s for s, count in enumerate(counts) if count]
            if panel.kind == "global":
                groups = [tuple(able)] if able else []
            else:
                made = make_groups([counts[s] for s in able], plan.settings.batch_size, len(plan.seeds))
                groups = [tuple(able[place] for place in group.symbols) for group in made]
            self.groups += [(fold, group) for group in groups]

    def __getitem__(self, number: int) -> Task:
        fold, group = self.groups[number]
        tested = (
            [(fold, self._folds[fold][1])] if self._refit else [(i, days) for i, (_, days) in enumerate(self._folds)]
        )
        return Task(
            tuple(self._panel.symbols[s] for s in group),
            tuple(self._scalers[s] for s in group),
            tuple(self._train(fold, s) for s in group),
            tuple((i, tuple(_made_between(self._panel.windows(s), days) for s in group)) for i, days in tested),
            self._panel.kind == "global",
        )

    def _train(self, fold: int, symbol: int) -> Windows:
        windows = self._panel.windows(symbol)
        return _between(windows, windows.target_dates, self._folds[fold][0])

    def _count(self, fold: int, symbol: int) -> int:
        """Windows to train on; none where they do not do."""
        windows = self._train(fold, symbol)
        return len(windows) if len(windows) >= LEAST and _varies(windows) else 0


def run_task(plan: TrainingPlan, task: Task, names: Sequence[str]) -> list[dict[str, Any]]:
    """A row for each fold and symbol that was tested: mean squared errors of persistence and of each seed.

    Those of seeds that diverged are None. Errors are in the prices' unit, and each symbol is scaled anew by what it
    trains on.

    Args:
        names: of the features, for messages.
    """
    train = [_in_units(windows, scaler) for windows, scaler in zip(task.train, task.scalers, strict=True)]
    scaled = [rescale(windows, windows, names)[0] for windows in train]
    networks, targets = (_train_one if task.one_network else _train_each)(plan, scaled)
    rows = []
    for number, tests in task.tests:
        for s, views in enumerate(tests):
            if len(views) == 0:
                continue
            test = _in_units(views, task.scalers[s])
            part, scaler = rescale(test, train[s], names)
            y_pred = predict_values(networks[s], targets[s], scaler, "target", part)
            rows.append(_row(number, task.symbols[s], test, y_pred, plan.seeds))
    return rows


def without_network(
    panel: Panel,
    scalers: Sequence[MinMaxScaler],
    folds: Sequence[tuple[Dates, Dates]],
    rows: Sequence[Mapping[str, Any]],
    seeds: Sequence[int],
) -> list[dict[str, Any]]:
    """Rows, as of ``run_task``, of symbols that could not be trained for a fold in which they have days."""
    there, missing = {(row["fold"], row["symbol"]) for row in rows}, []
    for number, (_, tested) in enumerate(folds):
        for symbol, (_, windows), scaler in zip(panel.symbols, panel.all(), scalers, strict=True):
            views = _made_between(windows, tested)
            if len(views) and (number, symbol) not in there:
                missing.append(_row(number, symbol, _in_units(views, scaler), {}, seeds))
    return missing


def _row(fold: int, symbol: str, test: Windows, y_pred: Mapping[int, Array], seeds: Sequence[int]) -> dict[str, Any]:
    y_true, y_last = np.asarray(test.y[:, 0]), np.asarray(test.last[:, 0])
    errors = {f"mse_{seed}": _mse(y_pred[seed], y_true) if seed in y_pred else None for seed in seeds}
    first, last = (str(day)[:10] for day in test.target_dates[[0, -1]])
    about = {"fold": fold, "symbol": symbol, "first": first, "last": last, "days": len(test)}
    return about | {"naive_mse": _mse(y_last, y_true)} | errors


def _between(windows: Windows, dates: Dates, days: Dates) -> Windows:
    """Those whose ``dates`` lie between two days, both included."""
    first = int(np.searchsorted(dates, days[0], side="left"))
    stop = int(np.searchsorted(dates, days[1], side="right"))
    return windows.part(first, max(first, stop))


def _made_between(windows: Windows, days: Dates) -> Windows:
    """Those whose forecasts are made between two days: none before the last target that trains."""
    return _between(windows, windows.last_dates, days)


def _in_units(windows: Windows, scaler: MinMaxScaler) -> Windows:
    return replace(windows, target=scaler.inverse(np.asarray(windows.target), scaler.columns[0]))


def _mse(forecast: Array, y_true: Array) -> float:
    return float(np.mean((forecast - y_true) ** 2))


def _varies(windows: Windows) -> bool:
    try:
        MinMaxScaler.fit({"target": windows.target} | {str(i): column for i, column in enumerate(windows.inputs.T)})
    except UserError:
        return False
    return True


def _train_each(plan: TrainingPlan, parts: Sequence[Windows]) -> tuple[list[Networks], list[Target]]:
    count = whole_batches(min(len(part) for part in parts), plan.settings.batch_size)
    trained = train_group(plan, parts, count)
    networks: list[Networks] = []
    for s in range(len(parts)):
        kept = [seed for seed in plan.seeds if (s, seed) not in trained.diverged]
        states = {
            seed: {name: torch.from_numpy(value[s]) for name, value in trained.states[seed].items()} for seed in kept
        }
        networks.append(plan.restore(states))
    form = plan.target_form._asdict()
    return networks, [Target(unit=unit, **form) for unit in trained.units.tolist()]


def _train_one(plan: TrainingPlan, parts: Sequence[Windows]) -> tuple[list[Networks], list[Target]]:
    inputs, target, dates = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("inputs", "target", "dates")
    )
    spans, (length, horizon) = PanelPart(tuple(parts)).spans, (parts[0].length, parts[0].horizon)
    panel = Panel(("",) * len(parts), spans, inputs, target, dates, length, horizon)
    targets = [plan.fit_target(part) for part in parts]
    trainer = plan.trainer(Sequences(panel, torch.device("cpu")), encode(panel, targets))
    for _ in trainer.run():
        pass
    states = zip(plan.seeds, trainer.states(), strict=True)
    learned = {seed: state for k, (seed, state) in enumerate(states) if k not in trainer.diverged}
    return [plan.restore(learned)] * len(parts), targets
