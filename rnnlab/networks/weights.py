"""Trained networks as one safetensors file, packed and read; its header (`weights_header`) holds what rebuilds them.

Letters: S symbols.
"""

import difflib
import re
import textwrap
from collections.abc import Mapping
from typing import Any

from safetensors.torch import load_file, save
from torch import Tensor, nn

from rnnlab.core.errors import UserError
from rnnlab.networks.custom import TYPES, check_trusted
from rnnlab.networks.network import restore
from rnnlab.networks.weights_header import read_config, to_header
from rnnlab.windows.scaler_file import of_symbol

Networks = dict[int, nn.Module]  # by seed


def pack(states: Mapping[int, Mapping[str, Tensor]], config: Mapping[str, Any]) -> bytes:
    """Serialise the state dicts by seed, of a panel with a network a symbol each tensor with all S symbols in it.

    ``config["network"]`` is what `network.build` makes a network of.
    """
    tensors = {
        f"{seed}.{name}": tensor.cpu().contiguous() for seed, state in states.items() for name, tensor in state.items()
    }
    return save(tensors, to_header(config))


def unpack(path: str, symbol: str = "") -> tuple[Networks, dict[str, Any]]:
    """The networks of a file by seed, and their config; of a panel those of one symbol, as if it were alone.

    Raises:
        UserError: if the file is damaged, of another kind, or does not fit its own config; if it is of a panel and
            has no such symbol, or none of the symbol's networks learned.
    """
    weights = Weights(path)
    config, number = weights.config, 0
    if config["track"] == "digits":
        return weights.networks(), config
    if config["panel"]:
        number = weights.number_of(symbol)
    networks = weights.networks(number)
    if not networks:
        raise UserError(f"{config['model']}: no network of symbol {symbol} learned: their losses were not finite")
    return networks, weights.config_of(number)


class Weights:
    """Such a file, read.

    Attributes:
        config: what it was packed with.

    Raises:
        UserError: if the file is missing, damaged, or of another kind, or asks for a class that params.yaml does not
            name, or whose code has changed; by any method, if weights do not fit.
    """

    def __init__(self, path: str) -> None:
        self.config = read_config(path)
        if "network" in self.config["network"]:
            check_trusted(self.config["network"], path)
        self._path, self._states = path, dict[int, dict[str, Tensor]]()
        self._a_network_each = self.config.get("panel") == "per_symbol"
        for name, tensor in load_file(path).items():
            seed, _, key = name.partition(".")
            if not re.fullmatch(r"\d{1,10}", seed):
                raise UserError(f"{path}: tensor {name[:80]}: its name should begin with a seed, as 0.linear.bias")
            if tensor.dtype not in TYPES:
                raise UserError(f"{path}: tensor {name[:80]} is of type {tensor.dtype}; float32 is expected")
            if self._a_network_each and tensor.shape[:1] != (len(self.config["symbols"]),):
                raise UserError(f"{path}: tensor {name} is not of {len(self.config['symbols'])} symbols")
            self._states.setdefault(int(seed), {})[key] = tensor
        if not self._states:
            raise UserError(f"{path}: holds no weights")

    def networks(self, number: int = 0) -> Networks:
        """The networks of a symbol, without those that diverged; of digits there is one number."""
        networks: Networks = {}
        diverged = self._diverged(number) if self._a_network_each else {}
        for seed, state in sorted(self._states.items()):
            if str(seed) in diverged:
                continue
            if self._a_network_each:
                state = {name: tensor[number] for name, tensor in state.items()}
            try:
                networks[seed] = restore(self.config["network"], state)
            except RuntimeError as error:
                said = textwrap.shorten(str(error), 300, placeholder=" ...")
                raise UserError(f"{self._path}: the weights of seed {seed} do not fit their config: {said}") from None
            if not all(bool(weight.isfinite().all()) for weight in networks[seed].parameters()):
                raise UserError(f"{self._path}: weights of seed {seed} are not finite numbers: train it again")
        return networks

    def number_of(self, symbol: str) -> int:
        """The place of a panel's symbol.

        Raises:
            UserError: if there is no such symbol.
        """
        symbols = list(self.config["symbols"])
        if symbol not in symbols:
            near = difflib.get_close_matches(symbol, symbols, n=3) or symbols[:3]
            raise UserError(
                f"--symbol {symbol or 'is not given'}: {self.config['model']} is of a panel of {len(symbols)} symbols, "
                f"as {', '.join(near)}"
            )
        return symbols.index(symbol)

    def config_of(self, number: int) -> dict[str, Any]:
        """The config of a symbol's networks: of its target, scaler and days one instead of a list."""
        return config_of(self.config, number)

    def _diverged(self, number: int) -> dict[str, int]:
        return _diverged(self.config, number)


def config_of(config: Mapping[str, Any], number: int = 0) -> dict[str, Any]:
    """As ``Weights.config_of``, of a file's config; a single series is a panel of one symbol."""
    own = {key: config[key][number] for key in ("trained_until", "spacing")}
    target = {key: value for key, value in config["target"].items() if key != "units"}
    own |= {"scaler": of_symbol(config["scaler"], number)}
    own |= {"target": target | {"unit": config["target"]["units"][number]}}
    if config["panel"]:
        own["model"] = f"{config['model']} ({config['symbols'][number]})"
    if config["panel"] == "per_symbol":
        own["diverged"] = _diverged(config, number)
    return dict(config) | own


def _diverged(config: Mapping[str, Any], number: int) -> dict[str, int]:
    by_symbol: dict[str, dict[str, int]] = config.get("diverged_symbols", {})
    return by_symbol.get(config["symbols"][number], {})
