"""The entries of ``models`` in params.yaml: networks of this project's cells, and of the user's own."""

from abc import abstractmethod
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from rnnlab.core.param_types import (
    Argument,
    Layers,
    Positive,
    PositiveFloat,
    Reference,
    Schedule,
    Seed,
    Seeds,
    StrictModel,
)


class Training(StrictModel):
    epochs: Positive
    batch_size: Positive
    learning_rate: PositiveFloat
    schedule: Schedule
    max_grad_norm: PositiveFloat | None
    patience: Positive | None  # epochs
    seeds: Seeds  # number of networks
    seed: Seed  # of the first


class Model(StrictModel):
    """What the entries of ``models`` share: what is to be predicted, and how it is trained."""

    track: Literal["series", "digits"]
    output: str
    target: Literal["level", "change"] = "level"
    rollout: bool = False
    # Overrides of the track's training, where they are given.
    epochs: Positive | None = None
    batch_size: Positive | None = None
    learning_rate: PositiveFloat | None = None
    schedule: Schedule | None = None
    max_grad_norm: PositiveFloat | None = None
    patience: Positive | None = None
    seeds: Seeds | None = None
    seed: Seed | None = None

    @property
    def target_form(self) -> tuple[str, bool, bool, bool]:
        """What the network is to say (`TargetForm` of windows): its kind; and whether it is a sequence, is fed back, or
        has each step ahead.
        """
        return self.target, self.output == "sequence", self.rollout, self.output == "horizon"

    @property
    @abstractmethod
    def own(self) -> dict[str, Any]:
        """The part of ``architecture`` that params.yaml gives."""

    def architecture(self, input_size: int, length: int, output_size: int) -> dict[str, Any]:
        """What `networks.network.build` makes a network of, for such data."""
        return self.own | {"input_size": input_size, "length": length, "output_size": output_size}

    @model_validator(mode="after")
    def _check(self) -> "Model":
        optional = {"max_grad_norm", "patience"}
        for key in (self.model_fields_set & set(Training.model_fields)) - optional:
            if getattr(self, key) is None:
                raise ValueError(f"{key} is null: give a value, or leave the key out to take the track's")
        if self.track == "digits" and (self.output != "linear" or self.rollout):
            raise ValueError(
                f"output {self.output} is for track series; digits takes linear (the loss has the softmax)"
            )
        if self.output == "horizon" and self.rollout:
            raise ValueError("output horizon says each step ahead at once: rollout must be false")
        if self.target == "change" and (self.track == "digits" or self.output == "sigmoid"):
            raise ValueError("target change is for track series with output linear (a change may be negative)")
        return self


class CellModel(Model):
    """A network of this project, from given words."""

    cell: Literal["rnn", "lstm", "gru", "mlp"]
    bidirectional: bool
    hidden_size: Positive
    num_layers: Layers
    head: Literal["flatten", "last"]
    output: Literal["linear", "sigmoid", "sequence", "horizon"]

    @property
    def own(self) -> dict[str, Any]:
        return self.model_dump(include={"cell", "hidden_size", "num_layers", "bidirectional", "head", "output"})

    @model_validator(mode="after")
    def _check_cell(self) -> "CellModel":
        if self.output == "sequence" and (self.cell == "mlp" or self.bidirectional):
            raise ValueError(
                "output sequence forecasts at each step: it needs a recurrent cell that reads forwards alone"
            )
        if self.cell == "mlp" and self.bidirectional:
            raise ValueError("cell mlp has no direction: bidirectional must be false")
        return self


class CustomModel(Model):
    """A network of the user's own: a PyTorch module."""

    network: Reference
    arguments: dict[str, Argument] = Field(default_factory=dict)
    output: Literal["linear", "horizon"] = "linear"

    @property
    def own(self) -> dict[str, Any]:
        return self.model_dump(include={"network", "arguments"})


def _kind_of(entry: object) -> str:
    own = "network" in entry if isinstance(entry, dict) else isinstance(entry, CustomModel)
    return "[network]" if own else "[cell]"


# By a tag that no key in params.yaml can be: pydantic puts it into the location of a mistake.
MODELS: dict[str, type[Model]] = {"[cell]": CellModel, "[network]": CustomModel}
AnyModel = Annotated[
    Annotated[CellModel, Tag("[cell]")] | Annotated[CustomModel, Tag("[network]")],
    Discriminator(_kind_of),
]
