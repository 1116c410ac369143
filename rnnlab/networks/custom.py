"""Networks of the user's own: PyTorch modules that params.yaml names; made, tried, and trusted by their code.

Letters: B batch, T time steps, F features, O outputs.
"""

import inspect
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from rnnlab.core.errors import UserError
from rnnlab.core.params_file import FILE, read_params
from rnnlab.networks.custom_code import GIVEN_CLASSES, code_of, load_class, told

TYPES = (torch.float32, torch.int64, torch.bool)  # of tensors in a weights file
GIVEN = ("input_size", "length", "output_size")  # by the data
Architecture = Mapping[str, Any]  # network, arguments, code; and what the data give


def with_code(architecture: Architecture) -> dict[str, Any]:
    """The architecture with the hash of its code, if it is of the user's own network; others as they are.

    Raises:
        UserError: as ``code_of``.
    """
    own = {"code": code_of(architecture["network"])} if "network" in architecture else {}
    return dict(architecture) | own


def make(architecture: Architecture) -> nn.Module:
    """The module, with the arguments that params.yaml gives, and of ``GIVEN`` those that it declares.

    Raises:
        UserError: if its class can't be imported, or can't be made with these arguments.
    """
    reference, arguments = architecture["network"], architecture["arguments"]
    make_module = load_class(reference)
    if taken := [name for name in arguments if name in GIVEN]:
        raise UserError(f"{reference}: arguments.{taken[0]}: comes from the data; leave it out")
    parameters = inspect.signature(make_module).parameters
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    given = {name: architecture[name] for name in GIVEN if takes_any or name in parameters} | arguments
    try:
        inspect.signature(make_module).bind(**given)
    except TypeError as error:
        takes = ", ".join(name for name in parameters if name not in GIVEN) or "none"
        raise UserError(f"{reference}: arguments: {error}; it takes {takes}") from None
    with told(reference, f"can't be made with {_shown(given)}"):
        module = make_module(**given)
    if not isinstance(module, nn.Module):
        raise UserError(f"{reference}: is no torch.nn.Module, but makes {type(module).__name__}")
    return module


def check_module(architecture: Architecture) -> None:
    """Make the module, and run a batch forwards and backwards, and one as a forecast does.

    Raises:
        UserError: in a sentence, if it can't be imported or made; if its output is not (B, O) of finite numbers that
            depend on its weights; or if that of a sequence, where nothing is trained, depends on others in its batch,
            on chance, or on what its weights file does not keep.
    """
    reference = architecture["network"]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = make(architecture)
        if any(isinstance(weight, nn.UninitializedParameter) for weight in module.parameters()):
            raise UserError(f"{reference}: has lazy layers, whose sizes are not known: give the sizes")
        state = module.state_dict()
        if wrong := next((name for name, value in state.items() if value.dtype not in TYPES), ""):
            raise UserError(f"{reference}: {wrong} is of type {state[wrong].dtype}; float32, int64 and bool are kept")
        weights = [weight for weight in module.parameters() if weight.requires_grad]
        if not weights:
            raise UserError(f"{reference}: has no weights to train")
        x = torch.rand(3, architecture["length"], architecture["input_size"])
        predicted = _run(module, architecture, x)
        if not predicted.requires_grad:
            raise UserError(f"{reference}: its output has no gradient (is it detached, or rounded?)")
        with told(reference, "fails backwards"):
            gradients = torch.autograd.grad(predicted.sum(), weights, allow_unused=True)
        there = [gradient for gradient in gradients if gradient is not None]
        if not there:
            raise UserError(f"{reference}: its output does not depend on its weights: no gradient")
        if not all(gradient.isfinite().all() for gradient in there):
            raise UserError(f"{reference}: a gradient is not finite (NaN or infinite) before any training")
        _check_use(module.eval(), architecture, x)


def _check_use(module: nn.Module, architecture: Architecture, x: Tensor) -> None:
    """As forecasts use it."""
    reference, first = architecture["network"], _run(module, architecture, x)
    if not _alike(first, _run(module, architecture, x)):
        raise UserError(
            f"{reference}: says something else each time (is dropout on in evaluation mode, or a state kept?)"
        )
    if not _alike(first[-1:], _run(module, architecture, x[-1:])):
        raise UserError(
            f"{reference}: what it says of a sequence depends on the others in its batch (is batch_first=True missing?)"
        )
    torch.manual_seed(1)
    again = make(architecture).eval()
    again.load_state_dict(module.state_dict())
    if not _alike(first, _run(again, architecture, x)):
        raise UserError(
            f"{reference}: its state dict does not hold all that it computes with: make tensors that are drawn or "
            "computed parameters, or buffers that are saved"
        )


def _run(module: nn.Module, architecture: Architecture, x: Tensor) -> Tensor:
    """Its output for a batch, (B, O) and finite."""
    reference, expected = architecture["network"], (len(x), architecture["output_size"])
    with told(reference, f"fails on a batch of shape {tuple(x.shape)}"):
        predicted = module(x.clone())
    found = f"of shape {tuple(predicted.shape)}" if isinstance(predicted, Tensor) else type(predicted).__name__
    if not isinstance(predicted, Tensor) or predicted.shape != expected:
        raise UserError(
            f"{reference}: for a batch of shape {tuple(x.shape)} it should return {expected} (batch, output_size); "
            f"found {found}"
        )
    if not predicted.isfinite().all():
        raise UserError(f"{reference}: its output is not finite (NaN or infinite) before any training")
    return predicted


def _alike(first: Tensor, second: Tensor) -> bool:
    return torch.allclose(first, second, rtol=1e-3, atol=1e-4)


def check_trusted(architecture: Architecture, path: str) -> None:
    """That params.yaml names the class that a weights file asks for: weights alone import nothing; and that the class's
    code is what the weights were trained with.

    Raises:
        UserError: if not.
    """
    reference = architecture["network"]
    if reference in GIVEN_CLASSES:
        return
    models = read_params().models.values() if FILE.is_file() else ()
    if reference not in [model.own.get("network") for model in models]:
        raise UserError(
            f"{path}: asks for the class {reference}, which {FILE} does not name: weights alone import no code; "
            "name it under models, or serve its exported graph by `mlflow models serve` (docs/serving.md)"
        )
    if code_of(reference) != architecture["code"]:
        raise UserError(
            f"{path}: was trained with other code of {reference} than there is now: train it again (`dvc repro`), "
            "or bring the file back"
        )


def _shown(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items()) or "no arguments"
