"""The classes that params.yaml is read into: frozen, complete, checked."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from rnnlab.core.errors import UserError
from rnnlab.core.model_params import AnyModel, CustomModel, Model, Training
from rnnlab.core.param_types import (
    ModelName,
    Positive,
    PositiveFloat,
    Schedule,
    Seed,
    Seeds,
    Share,
    StrictModel,
    Unique,
)
from rnnlab.core.series_params import Reading, SeriesParams

PIXELS, CLASSES = {"sample": 8, "mnist": 28}, 10  # of the side of an image


class DigitsSplit(StrictModel):
    validation: Annotated[int, Field(ge=0, lt=2**31)] | Share


class Digits(StrictModel):
    source: Literal["sample", "mnist"]
    split: DigitsSplit


class Backtest(StrictModel):
    models: Annotated[tuple[ModelName, ...], Field(strict=False, min_length=1), Unique]
    origin: Literal["rolling", "expanding"]
    folds: Positive
    refit: bool
    train: Positive | Share  # windows of the first fold
    seeds: Seeds


# Names of the simple rules on the leaderboard: a model called so would stand in a rule's place.
RULES = {"autoreg", "drift", "ets", "majority_class", "moving_average", "persistence", "ridge", "sarima", "theta"}
RULES |= {"seasonal_naive", "seasonal_naive_drift"}
CELLS = ("rnn", "lstm", "gru")  # that the memory track has of its own


class Memory(StrictModel):
    cells: Annotated[tuple[ModelName, ...], Field(strict=False, min_length=1), Unique]
    lengths: Annotated[
        tuple[Annotated[int, Field(ge=2, lt=2**31)], ...], Field(strict=False, min_length=1), Unique
    ]  # time steps
    samples: Positive
    hidden_size: Positive
    epochs: Positive
    batch_size: Positive
    learning_rate: PositiveFloat
    schedule: Schedule
    max_grad_norm: PositiveFloat | None
    forget_bias: float
    seeds: Seeds
    seed: Seed


class TrackTraining(StrictModel):
    series: Training
    digits: Training


class ReadingParams(StrictModel):
    """The part of params.yaml that matters where there is none, and a table is read."""

    series: Reading


class Params(StrictModel):
    series: SeriesParams
    digits: Digits
    training: TrackTraining
    backtest: Backtest
    memory: Memory
    models: Annotated[dict[ModelName, AnyModel], Field(min_length=1)]
    device: Literal["auto", "cpu", "cuda"]
    threads: Literal["auto"] | Annotated[int, Field(ge=1, le=1024)]
    executor: Literal["local", "ray"]
    workers: Annotated[int, Field(ge=1, le=1024)]
    ranks: Annotated[int, Field(ge=1, le=1024)]  # processes

    @model_validator(mode="after")
    def _check(self) -> "Params":
        if taken := RULES & set(self.models):
            raise ValueError(f"models: {min(taken)} is the name of a simple rule: give the model another one")
        for name, model in self.models.items():
            if self.training_of(name).patience and not getattr(self, model.track).split.validation:
                raise ValueError(f"patience of {name} needs a validation part: {model.track}.split.validation is 0")
            if model.track == "series" and self.is_per_symbol and self.training_of(name).patience:
                raise ValueError(f"patience of {name}: networks of a panel, one a symbol, all train to the last epoch")
            if model.rollout and self.series.features != (self.series.target,):
                raise ValueError(
                    f"rollout of {name} feeds its forecasts back: series.features must be [{self.series.target}] alone"
                )
        for cell in self.memory.cells:
            if cell not in CELLS and not isinstance(self.models.get(cell), CustomModel):
                raise ValueError(f"memory.cells: {cell} is none of {', '.join(CELLS)}, and no model with a `network`")
        if wrong := [name for name in self.backtest.models if name not in self.models_of("series")]:
            raise ValueError(f"backtest.models: {wrong[0]} is no model of track series")
        return self

    @property
    def threads_of_a_task(self) -> int:
        """Threads per task of an executor; 1 for auto, as a measurement would depend on the tasks running beside it."""
        return 1 if self.threads == "auto" else self.threads

    @property
    def is_panel(self) -> bool:
        return self.series.kind is not None

    @property
    def is_per_symbol(self) -> bool:
        return self.series.kind == "per_symbol"

    def board_of(self, track: str) -> str:
        """The leaderboard that a track's results stand in."""
        return "panel" if track == "series" and self.is_panel else track

    def model(self, name: str) -> Model:
        if name not in self.models:
            raise UserError(f"models: there is no {name}; there are {', '.join(self.models)}")
        return self.models[name]

    def models_of(self, track: str) -> list[str]:
        return [name for name, model in self.models.items() if model.track == track]

    def architecture_of(self, name: str) -> dict[str, Any]:
        """The architecture that a model has for the data that are to come."""
        model, series = self.model(name), self.series
        if model.track == "digits":
            side = PIXELS[self.digits.source]
            return model.architecture(side, side, CLASSES)
        features = len(series.features) + 2 * len(series.calendar)  # each of these as sine and cosine
        outputs = series.window.horizon if model.output == "horizon" else 1
        return model.architecture(features, series.window.length, outputs)

    def training_of(self, name: str) -> Training:
        """The track's training settings with the overrides of model ``name``."""
        model = self.model(name)
        shared: Training = getattr(self.training, model.track)
        overrides = model.model_dump(include=set(Training.model_fields) & model.model_fields_set)
        return shared.model_copy(update=overrides)
