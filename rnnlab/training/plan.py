"""What a training does with its samples, whichever they are."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from rnnlab.core.model_params import Model, Training
from rnnlab.networks.custom import with_code
from rnnlab.networks.network import build, count_parameters, initial_states, restore
from rnnlab.training.engines import ENGINES, engine_of
from rnnlab.training.interfaces import Engine, Samples
from rnnlab.training.settings import Choice, Settings
from rnnlab.training.trainer import Trainer
from rnnlab.windows.targets import Target, TargetForm
from rnnlab.windows.windows import Windows


@dataclass(frozen=True)
class TrainingPlan:
    """With the same plan, samples, processor and PyTorch a training gives the same bytes.

    Attributes:
        architecture: what `networks.network.build` makes a network of.
        target_form: what the networks learn to say.
        seeds: of the networks, which train at once.
    """

    architecture: Mapping[str, Any]
    target_form: TargetForm
    settings: Settings
    seeds: tuple[int, ...]
    choice: Choice

    @classmethod
    def of(cls, model: Model, training: Training, shape: Sequence[int], outputs: int, threads: int) -> "TrainingPlan":
        """The plan that params.yaml has for a model; ``shape`` ends with T and F, of a sequence.

        Args:
            outputs: numbers to predict, at each step of a sequence; or classes.

        Raises:
            UserError: if a network of the user's own fails.
        """
        *_, length, features = shape
        architecture = with_code(model.architecture(features, length, outputs))
        return cls(
            architecture,
            TargetForm(*model.target_form),
            Settings(**training.model_dump(exclude={"seeds", "seed"})),
            tuple(range(training.seed, training.seed + training.seeds)),
            Choice(engine_of(architecture), threads),
        )

    def count_parameters(self) -> int:
        """Of one network."""
        return count_parameters(build(self.architecture))

    def describe(self, model: str, track: str, training: Training) -> dict[str, Any]:
        """What a weights file says of its networks, whatever they are trained on."""
        return {
            "model": model,
            "track": track,
            "network": self.architecture,
            "parameters": self.count_parameters(),
            "training": training.model_dump(),
            "made_with": asdict(self.choice),
            "diverged": {},
        }

    def fit_target(self, train: Windows) -> Target:
        return Target.fit(train, *self.target_form)

    def initial_states(self, device: torch.device) -> list[dict[str, Tensor]]:
        """State dicts of the networks before the training, by seed."""
        drawn = initial_states(self.architecture, self.seeds)
        return [{name: weight.to(device) for name, weight in state.items()} for state in drawn]

    def restore(self, states: Mapping[int, Mapping[str, Tensor]]) -> dict[int, nn.Module]:
        """The trained networks, by seed."""
        return {seed: restore(self.architecture, state) for seed, state in states.items()}

    def engine(self, name: str, device: torch.device, sets: int = 1) -> Engine:
        """The untrained networks, of a seed each, ``sets`` times, to be trained by the engine of this name."""
        return ENGINES[name](self.architecture, self.initial_states(device) * sets)

    def trainer(self, x: Samples, y: Tensor, validation: tuple[Samples, Tensor] | None = None) -> Trainer:
        """A trainer of a network a seed, or of a network a seed and set; arguments as the trainer's."""
        torch.set_num_threads(self.choice.threads)
        sets = 1 if len(x.shape) == 3 else x.shape[0]
        engine = self.engine(self.choice.engine, x.device, sets)
        return Trainer(engine, x, y, self.seeds * sets, self.settings, validation)
