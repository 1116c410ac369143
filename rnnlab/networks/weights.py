"""Trained networks as one safetensors file; its header holds all that rebuilds and feeds them."""

from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn

from rnnlab.core.errors import UserError
from rnnlab.networks.network import build
from rnnlab.networks.weights_header import read_config, to_header


def pack(states: dict[int, dict[str, Tensor]], config: dict[str, Any]) -> bytes:
    """Serialise the state dicts by seed; ``config["network"]`` are RecurrentNetwork's arguments."""
    tensors = {
        f"{seed}.{name}": tensor.cpu().contiguous() for seed, state in states.items() for name, tensor in state.items()
    }
    return save(tensors, to_header(config))


def unpack(path: str) -> tuple[dict[int, nn.Module], dict[str, Any]]:
    """The networks by seed, and their config.

    Raises:
        UserError: if the file is damaged, of another kind, or does not fit its own config.
    """
    config = read_config(path)
    states: dict[int, dict[str, Tensor]] = {}
    for name, tensor in load_file(path).items():
        prefix, _, key = name.partition(".")
        if not prefix.isdecimal():
            raise UserError(f"{path}: tensor {name}: its name should begin with a seed, as 0.{name}")
        if not tensor.isfinite().all():
            raise UserError(f"{path}: tensor {name} holds weights that are not finite numbers: train it anew")
        states.setdefault(int(prefix), {})[key] = tensor
    if not states:
        raise UserError(f"{path}: holds no weights")
    networks = {}
    for seed in sorted(states):
        with torch.device("meta"):  # no initial weights are drawn
            network = build(config["network"])
        try:
            network.load_state_dict(states[seed], assign=True)
        except RuntimeError as error:
            raise UserError(f"{path}: the weights of seed {seed} do not fit their config: {error}") from None
        networks[seed] = network
    return networks, config
