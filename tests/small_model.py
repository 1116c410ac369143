"""A small model as MLflow gets it, for the tests of the registry and of the server."""

from pathlib import Path

import numpy as np
import torch

from rnnlab.networks.network import build
from rnnlab.networks.weights import pack, unpack
from rnnlab.serving.exported import SeriesForecaster, input_columns, output_columns
from rnnlab.tracking.registry import Package

NETWORK = {"cell": "lstm", "input_size": 2, "length": 3, "output_size": 1, "hidden_size": 4, "num_layers": 2}
NETWORK |= {"bidirectional": False, "head": "flatten", "output": "linear"}
LIMITS = {"minimum": [1500.0, 1600.0], "maximum": [2500.0, 2600.0]}
SCALER = {"columns": ["Open", "Close"], "features": ["Open", "Close"], "target": "Close"}
SCALER_FILE = {"format": ["rnnlab-scaler", 2], "symbols": ["series"]} | SCALER
SCALER_FILE |= {key: [limits] for key, limits in LIMITS.items()}
PACKED = {  # as the file has it
    "model": "small",
    "track": "series",
    "panel": None,
    "symbols": ["series"],
    "network": NETWORK,
    "parameters": 265,
    "diverged": {},
    "made_with": {"engine": "ensemble", "threads": 1},
    "target": {"kind": "change", "sequence": False, "rollout": False, "every_step": False, "units": [0.1]},
    "horizon": 1,
    "trained_until": ["2024-01-31"],
    "spacing": [None],
    "scaler": SCALER | {"symbols": ["series"]} | {key: [limits] for key, limits in LIMITS.items()},
}
CONFIG = PACKED | {  # as it is unpacked
    "target": {"kind": "change", "unit": 0.1, "sequence": False, "rollout": False, "every_step": False},
    "trained_until": "2024-01-31",
    "spacing": None,
    "scaler": SCALER | LIMITS,
}


def make_package(folder: Path) -> Package:
    states = {}
    for seed in (0, 1):
        torch.manual_seed(seed)
        states[seed] = build(NETWORK).state_dict()
    weights = folder / "small.safetensors"
    weights.write_bytes(pack(states, PACKED))
    networks, config = unpack(str(weights))
    columns = input_columns(config)
    module = SeriesForecaster(networks, config)
    return Package("small", module, columns, output_columns(config), prices(3, columns), weights)


def prices(count, columns):
    return np.random.default_rng(count).uniform(1500, 2600, (count, len(columns))).astype(np.float32)
