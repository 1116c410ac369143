"""What DVC can't see by itself: the code of networks of the user's own, as a small file for each model; and models that
params.yaml no longer has, whose outputs DVC leaves in folders that later stages depend on.
"""

import itertools
from pathlib import Path
from typing import Any

from rnnlab.core.errors import UserError
from rnnlab.core.files import write_json
from rnnlab.core.model_params import CustomModel
from rnnlab.core.params import Params
from rnnlab.networks.custom_code import code_of

FOLDER, MEMORY = Path("data/networks"), Path("data/memory.json")
WALKED = "metrics/backtest/{}.csv"
MADE = (  # of each model, by the stages that dvc.yaml has for each
    "models/{}.safetensors",
    "metrics/history/{}.csv",
    "metrics/test/{}.json",
    "metrics/learned/{}.json",
    "metrics/predictions/{}.csv",
    WALKED,
)


def write_followed(params: Params) -> None:
    """data/networks/NAME.json, on which a model's stages depend, and data/memory.json, on which the memory track does:
    what the network is and a hash of its code, after a try; of a network of this project nothing. What was made of
    models that were here before, and are not now, is removed.

    Raises:
        UserError: if a network fails, before anything is written.
    """
    networks = {name: _checked(name, params.architecture_of(name)) for name in params.models}
    memory = {}
    for cell, length in itertools.product(params.memory.cells, params.memory.lengths):
        if isinstance(model := params.models.get(cell), CustomModel):
            memory[cell] = _checked(cell, model.architecture(2, length, 1))
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in list(FOLDER.iterdir()):
        gone = () if path.stem in params.backtest.models else (WALKED,)
        for output in gone if path.stem in networks else MADE:
            Path(output.format(path.stem)).unlink(missing_ok=True)
        if path.stem not in networks:
            path.unlink()  # the last, so that after an interruption the others are still found
    for name, network in networks.items():
        write_json(FOLDER / f"{name}.json", network)
    write_json(MEMORY, memory)


def _checked(name: str, architecture: dict[str, Any]) -> dict[str, Any]:
    if "network" not in architecture:
        return {}
    from rnnlab.networks.custom import check_module  # imports torch, which most projects' check does without

    try:
        check_module(architecture)
        return {key: architecture[key] for key in ("network", "arguments")} | {"code": code_of(architecture["network"])}
    except UserError as error:
        raise UserError(f"models.{name}: {error}") from None
