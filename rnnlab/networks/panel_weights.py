"""The networks of a panel as one safetensors file: of each weight one tensor with all symbols in it.

Letters: S symbols, C columns.
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save
from safetensors.torch import load_file
from torch import Tensor, nn

from rnnlab.core.errors import UserError
from rnnlab.networks.network import build
from rnnlab.networks.panel_header import read_panel_config, to_header
from rnnlab.windows.scaler_file import of_symbol
from rnnlab.windows.scaling import MinMaxScaler
from rnnlab.windows.targets import Target

State = Mapping[str, NDArray[np.float32]]


def pack(states: Mapping[int, State], units: Sequence[float], config: Mapping[str, Any]) -> bytes:
    """Serialise weights by seed, (S, ...) of networks a symbol, or without S of one for all; and each target's unit."""
    tensors: dict[str, NDArray[Any]] = {"target.unit": np.array(units)}
    tensors |= {
        f"{seed}.{name}": np.ascontiguousarray(value) for seed, state in states.items() for name, value in state.items()
    }
    return save(tensors, to_header(config))


class PanelWeights:
    """Such a file, read.

    Attributes:
        config: what it was packed with; ``symbols`` among it.

    Raises:
        UserError: if the file is missing, damaged, or of another kind; by any method, if weights do not fit.
    """

    def __init__(self, path: str) -> None:
        self.config, tensors = read_panel_config(path), load_file(path)
        self._path, self._states = path, dict[int, dict[str, Tensor]]()
        symbols = len(self.config["symbols"])
        units = tensors.pop("target.unit", torch.empty(0))
        for name, tensor in {"target.unit": units, **tensors}.items():
            if (self.config["panel"] == "per_symbol" or tensor is units) and tensor.shape[:1] != (symbols,):
                raise UserError(f"{path}: tensor {name} is not of {symbols} symbols")
        self._units = units.tolist()
        for name, tensor in tensors.items():
            seed, _, key = name.partition(".")
            if not seed.isdecimal():
                raise UserError(f"{path}: tensor {name}: its name should begin with a seed, as 0.{name}")
            self._states.setdefault(int(seed), {})[key] = tensor

    def single(self, symbol: str) -> tuple[dict[int, nn.Module], dict[str, Any]]:
        """A symbol's networks by seed and config, as ``weights.unpack`` gives those of a single series.

        Raises:
            UserError: if there is no such symbol, or none of its networks learned.
        """
        config, symbols = self.config, list(self.config["symbols"])
        if symbol not in symbols:
            near = difflib.get_close_matches(symbol, symbols, n=3) or symbols[:3]
            raise UserError(
                f"--symbol {symbol or 'is not given'}: {config['model']} is of a panel of {len(symbols)} symbols, "
                f"as {', '.join(near)}"
            )
        number = symbols.index(symbol)
        networks, target, _ = self.of_symbol(number)
        if not networks:
            raise UserError(f"{config['model']}: no network of symbol {symbol} learned: their losses were not finite")
        shared = ("track", "network", "parameters", "horizon", "training", "made_with")
        return networks, {key: config[key] for key in shared} | {
            "model": f"{config['model']} ({symbol})",
            "diverged": config.get("diverged_symbols", {}).get(symbol, {}),
            "target": asdict(target),
            "trained_until": config["trained_until"][number],
            "scaler": of_symbol(config["scaler"], number),
        }

    def of_symbol(self, number: int) -> tuple[dict[int, nn.Module], Target, MinMaxScaler]:
        """Of a symbol the networks by seed, without those that diverged; what they say, and its scaler."""
        config, networks = self.config, {}
        diverged = config.get("diverged_symbols", {}).get(config["symbols"][number], {})
        for seed in sorted(self._states):
            if str(seed) in diverged:
                continue
            state = self._states[seed]
            if config["panel"] == "per_symbol":
                state = {name: tensor[number] for name, tensor in state.items()}
            with torch.device("meta"):  # no initial weights are drawn
                network = build(config["network"])
            try:
                network.load_state_dict(state, assign=True)
            except RuntimeError as error:
                raise UserError(f"{self._path}: the weights of seed {seed} do not fit their config: {error}") from None
            if not all(bool(tensor.isfinite().all()) for tensor in state.values()):
                raise UserError(f"{self._path}: weights of seed {seed} are not finite numbers: train it anew")
            networks[seed] = network
        kind, sequence, rollout = config["forms"]
        target = Target(kind, self._units[number], sequence, rollout)
        return networks, target, MinMaxScaler.from_dict(of_symbol(config["scaler"], number))
