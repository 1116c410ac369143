"""The library from Python: a series, networks, what they are worth, and what comes next; DataFrames in and out.

``import rnnlab`` has these names. They call what the pipeline's stages call, so results are the same; they need no DVC,
no MLflow and no project folder.

Letters: N windows, T time steps, F features.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from rnnlab.comparison.comparison import compare_series
from rnnlab.core.errors import UserError
from rnnlab.core.files import write_bytes
from rnnlab.core.params import CellModel, CustomModel, Training
from rnnlab.core.params_parsing import parse
from rnnlab.core.series_params import PRICES, SOURCES
from rnnlab.data.csv_reader import open_table, read_rows
from rnnlab.data.dates_found import find_dates
from rnnlab.data.number_columns import find_numbers
from rnnlab.data.rhythm import find_rhythm
from rnnlab.data.rows import GUESS
from rnnlab.data.series import Series
from rnnlab.data.sources import as_csv
from rnnlab.evaluation.baseline_evaluation import ScaledSeries, evaluate_baselines
from rnnlab.evaluation.model_evaluation import forecaster_of
from rnnlab.evaluation.series_evaluation import Season, evaluate_series
from rnnlab.forecasting.next_steps import forecast_next_steps
from rnnlab.networks import custom
from rnnlab.networks.weights import Networks, Weights, config_of, pack
from rnnlab.training.plan import TrainingPlan
from rnnlab.training.training_data import series_data
from rnnlab.windows.artifacts import PARTS
from rnnlab.windows.panel import Panel, PanelPart, SplitDates
from rnnlab.windows.panel_scaling import fit_scalers
from rnnlab.windows.scaler_file import of_symbol
from rnnlab.windows.scaling import MinMaxScaler
from rnnlab.windows.targets import TargetForm
from rnnlab.windows.windows import Windows

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
class WindowedSeries:
    """A series, scaled to [0, 1] by its training part, seen as windows, and parted in time order.

    Attributes:
        whole: all windows.
        parts: those that ``train``, are for ``validation``, and ``test``.
        scaler: of each column the minimum and maximum, and which are features and target.
        period: rows of a season.
    """

    whole: Panel
    parts: Mapping[str, Panel]
    scaler: Mapping[str, Any]
    period: int

    def windows(self, part: str) -> Windows:
        """The windows of train, validation or test: ``x`` (N, T, F) and ``y`` (N, 1), scaled."""
        return self.parts[part].windows(0)

    @property
    def season(self) -> Season:
        place = self.scaler["columns"].index(self.scaler["target"])
        return Season(self.period, 0.0 if self.scaler["minimum"][0][place] >= 0 else None)


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
        states = {seed: network.state_dict() for seed, network in self.networks.items()}
        write_bytes(Path(path), pack(states, self.config))


def read_series(source: str | Path, target: str | None = None, features: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a table's file (CSV in any dialect, .gz, .parquet), or a built-in series.

    Args:
        source: a path, or sample, laser, elnino, sunspots (which ship with the dependencies) or kospi (downloaded).
        target: the column to forecast; None: Close of prices, else the first that holds numbers.
        features: the columns that networks read; None: all that hold numbers, of prices Open, High, Low and Volume.

    Returns:
        The rows in order of time: index of dates, or of numbers of rows; columns as float64, the target last.

    Raises:
        UserError: naming file, line and column of what is wrong.
    """
    if str(source) in SOURCES and str(source) not in ("csv", "panel"):
        known, name = SOURCES[str(source)], f"source {source}"
        target, chosen = target or known["target"], features or known["features"]
        file: Path | io.BytesIO = io.BytesIO(as_csv(str(source)))
    else:
        file, name = Path(source), str(source)
        dialect = open_table(file, name, GUESS).dialect
        target, found = find_numbers(dialect, find_dates(dialect, None, None, name)).choose(target, name)
        chosen = features or found
    frame = read_rows(file, [*chosen, target], name).frame
    ordered = [column for column in chosen if column != target]
    return frame[[*ordered, target]]


def make_windows(
    frame: pd.DataFrame,
    target: str | None = None,
    features: Sequence[str] | None = None,
    *,
    length: int = 5,
    horizon: int = 1,
    train: int | float = 0.7,
    validation: int | float = 0,
) -> WindowedSeries:
    """Scale a series, see it as windows, and part these in time order, as the stages scale, window and split do.

    Args:
        frame: rows in order of time, at regular dates or numbers; columns of numbers.
        target: the column to forecast; None: the last.
        features: the columns that networks read; None: all, the target too, but of prices Open, High, Low and Volume.
        length: rows that a network sees, T.
        horizon: rows ahead that it forecasts.
        train, validation: windows: a number, or a share between 0 and 1. What is left tests.

    Raises:
        UserError: if a column is missing, does not vary or holds no finite numbers; if the rows are too few.
    """
    target = frame.columns[-1] if target is None else target
    if not features:
        prices = target == PRICES["target"] and set(PRICES["features"]) <= set(frame.columns)
        features = PRICES["features"] if prices else [target, *(name for name in frame.columns if name != target)]
    columns = tuple(dict.fromkeys([*features, target]))
    if missing := [column for column in columns if column not in frame.columns]:
        raise UserError(f"there is no column {missing[0]}; there are {', '.join(map(str, frame.columns))}")
    values, dates = frame[list(columns)].to_numpy(np.float64), frame.index.to_numpy()
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        raise UserError(f"column {columns[bad[0][1]]} holds no number at {frame.index[bad[0][0]]}")
    if not (dates[1:] > dates[:-1]).all():
        raise UserError("the rows are not in order of time, or a date is given twice: frame.sort_index() orders them")
    series = Series(("series",), np.array([[0, len(dates)]]), dates, values)
    split = SplitDates.at(dates, length, horizon, train, validation)
    scalers = fit_scalers(series.all, columns, split, "train", 1)
    inputs, scaled = np.empty((len(dates), len(features))), np.empty(len(dates))
    scalers.scale_into({"inputs": inputs, "target": scaled, "dates": dates.copy()}, series.all, features, target)
    whole = Panel(series.symbols, series.spans, inputs, scaled, dates, length, horizon)
    parts = {}
    for name in PARTS:
        part = PanelPart.of(whole, split, name)
        (own,) = part.windows
        parts[name] = Panel(series.symbols, part.spans, own.inputs, own.target, own.dates, length, horizon)
    scaler = {"features": list(features), "target": target} | scalers.to_dict()
    return WindowedSeries(whole, parts, scaler, find_rhythm(dates).period)


def train(
    model: str | Mapping[str, Any] | Callable[..., nn.Module], series: WindowedSeries, seeds: int = 10, **training: Any
) -> TrainedModel:
    """Train the networks of all seeds at once, as the stage train does.

    Args:
        model: rnn, lstm, gru or mlp, in the tutorial's size; a class of modules (docs/networks.md); or an entry as
            under ``models`` in params.yaml, whose ``network`` may be such a class.
        seeds: networks, each with its own start and order of the windows.
        training: other than params.yaml's defaults: epochs, batch_size, learning_rate, schedule, max_grad_norm,
            patience, seed (the first).

    Raises:
        UserError: if an argument is wrong, a network of one's own fails, or no seed learns.
    """
    name, entry = _entry(model)
    settings = parse(TRAINING | {"seeds": seeds} | training, "train", Training)
    chosen = parse({"track": "series"} | entry, "model", CustomModel if "network" in entry else CellModel)
    form = TargetForm(*chosen.target_form)
    data = series_data(form, torch.device("cpu"), series.parts["train"], series.parts["validation"], series.scaler)
    plan = TrainingPlan.of(chosen, settings, data.x.shape, data.outputs, 1)
    trainer = plan.trainer(data.x, data.y, data.validation)
    history = pd.DataFrame([row for rows in trainer.run() for row in rows])
    diverged = {plan.seeds[k]: epoch for k, epoch in trainer.diverged.items()}
    if len(diverged) == seeds:
        raise UserError(f"{name}: no seed learned: their losses are not finite; a smaller learning_rate may help")
    states = {seed: state for seed, state in zip(plan.seeds, trainer.states(), strict=True) if seed not in diverged}
    config = data.about | plan.describe(name, "series", settings) | {"diverged": diverged}
    return TrainedModel(plan.restore(states), config, history.sort_values(["seed", "epoch"], ignore_index=True))


def predictions(model: TrainedModel, series: WindowedSeries) -> pd.DataFrame:
    """The forecasts of all parts, a row a window, in the target's unit.

    Returns:
        Columns date, part, y_true, persistence, y_pred (mean over seeds), the bounds of its intervals on the test part,
        and seed_K.
    """
    return _evaluated(model, series)[1]


def evaluate(model: TrainedModel, series: WindowedSeries) -> pd.DataFrame:
    """The figures of the test part, a row each (docs/metrics.md): of the mean forecast, as mean; std is over seeds."""
    figures: Mapping[str, Any] = _evaluated(model, series)[0]["metrics"]
    rows = {name: {key: found[key] for key in ("mean", "std")} for name, found in figures.items()}
    return pd.DataFrame.from_dict(rows, "index")


def compare(models: Mapping[str, TrainedModel], series: WindowedSeries) -> pd.DataFrame:
    """Networks and simple rules on the test part, the smallest RMSE first.

    Returns:
        A row each: rmse, its std over seeds, relative_rmse (to persistence), mae, mase; and of a network p, of the
        claim that it beats every rule (intersection-union of Diebold-Mariano tests, Holm-corrected).
    """
    tables, rows = {}, {}
    for name, model in models.items():
        figures, tables[name] = _evaluated(model, series)
        rows[name] = figures["metrics"]
    own = MinMaxScaler.from_dict(of_symbol(series.scaler, 0))
    scaled = ScaledSeries(series.whole.windows(0), own, series.scaler["target"], series.period)
    parts = {part: series.windows(part) for part in PARTS}
    rules, made, left_out = evaluate_baselines(parts, scaled, series.season)
    rows |= {name: found["metrics"] for name, found in rules.items()}
    whole = pd.concat([pd.DataFrame(dict(table)) for table in made])
    claims = compare_series(tables, whole, left_out, series.whole.horizon)["networks"]
    board = {}
    for name, found in rows.items():
        board[name] = {"rmse": found["rmse"]["mean"], "std": found["rmse"]["std"] if name in models else np.nan}
        board[name] |= {key: found[key]["mean"] for key in ("relative_rmse", "mae", "mase")}
        board[name]["p"] = claims[name]["p_holm"] if name in claims else np.nan
    return pd.DataFrame.from_dict(board, "index").sort_values("rmse")


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
    made = forecast_next_steps(model.networks, config_of(model.config), frame, horizon)
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
        custom.give(network)
    weights = Weights(str(path))
    if weights.config["track"] != "series" or weights.config["panel"]:
        raise UserError(f"{path}: is no model of a single series")
    return TrainedModel(weights.networks(), weights.config, pd.DataFrame())


def _evaluated(model: TrainedModel, series: WindowedSeries) -> tuple[dict[str, Any], pd.DataFrame]:
    parts = {part: series.windows(part) for part in PARTS}
    figures, tables = evaluate_series(parts, forecaster_of(model.networks, config_of(model.config)), series.season)
    return figures, pd.concat([pd.DataFrame(dict(table)) for table in tables], ignore_index=True)


def _entry(model: str | Mapping[str, Any] | Callable[..., nn.Module]) -> tuple[str, dict[str, Any]]:
    """A model's name, and its entry in params.yaml."""
    if isinstance(model, str):
        return model, TUTORIAL | {"cell": model}
    entry: dict[str, Any] = dict(model) if isinstance(model, Mapping) else {"network": model}
    if "network" not in entry:
        return str(entry.get("cell")), TUTORIAL | entry
    if not isinstance(entry["network"], str):
        entry["network"] = custom.give(entry["network"])
    return str(entry["network"]).rpartition(":")[2].lower(), entry
