"""Networks of the user's own: PyTorch modules that params.yaml names; found, made, tried, and known by their code.

Letters: B batch, T time steps, F features, O outputs.
"""

import ast
import hashlib
import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from rnnlab.core.errors import UserError
from rnnlab.core.params_file import FILE, read_params

GIVEN_CLASSES: dict[str, Any] = {}  # from Python, by reference: no file is looked for
FOLDERS = ("networks", "examples/networks")  # DVC follows the files in these: dependencies of the stage `check`
GIVEN = ("input_size", "length", "output_size")  # by the data
Architecture = Mapping[str, Any]  # network, arguments, code; and what the data give


def give(network: Any) -> str:
    """A reference to a class that Python has already, as one of a notebook; weights that ask for it get it."""
    reference = f"{network.__module__}:{network.__name__}"
    GIVEN_CLASSES[reference] = network
    return reference


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
    make_module = _load(reference, code_of(reference))
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


@contextmanager
def told(reference: str, what: str) -> Iterator[None]:
    """What the user's code raises as one sentence, with its place in the user's file; of no reference, as it is.

    Raises:
        UserError: in place of any exception.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if not reference:
            raise
        text, source = (str(error).splitlines() or [""])[0], _file_of(reference)
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == source]
        place = f" ({Path(source).name}, line {lines[-1]})" if lines else ""
        raise UserError(f"{reference}: {what}: {type(error).__name__}: {text}{place}") from None


def check_module(architecture: Architecture) -> None:
    """Make the module, and run batches forwards and backwards: of three sequences, and of one, as an epoch's last.

    Raises:
        UserError: in a sentence, if it can't be imported or made; if its output is not (B, O) of finite numbers that
            depend on its weights.
    """
    reference, outputs = architecture["network"], architecture["output_size"]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = make(architecture)
        weights = [weight for weight in module.parameters() if weight.requires_grad]
        if not weights:
            raise UserError(f"{reference}: has no weights to train")
        for count in (3, 1):  # one sequence is what a forecast reads
            x = torch.rand(count, architecture["length"], architecture["input_size"])
            with told(reference, f"fails on a batch of shape {tuple(x.shape)}"):
                predicted = module.train(count > 1)(x)
            found = f"of shape {tuple(predicted.shape)}" if isinstance(predicted, Tensor) else type(predicted).__name__
            if not isinstance(predicted, Tensor) or predicted.shape != (count, outputs):
                raise UserError(
                    f"{reference}: for a batch of shape {tuple(x.shape)} it should return {(count, outputs)} "
                    f"(batch, output_size); found {found}"
                )
            if not predicted.isfinite().all():
                raise UserError(f"{reference}: its output is not finite (NaN or infinite) before any training")
            if not predicted.requires_grad:
                raise UserError(f"{reference}: its output has no gradient (is it detached, or rounded?)")
            with told(reference, "fails backwards"):
                gradients = torch.autograd.grad(predicted.sum(), weights, allow_unused=True)
            there = [gradient for gradient in gradients if gradient is not None]
            if not there:
                raise UserError(f"{reference}: its output does not depend on its weights: no gradient")
            if not all(gradient.isfinite().all() for gradient in there):
                raise UserError(f"{reference}: a gradient is not finite (NaN or infinite) before any training")


def check_trusted(architecture: Architecture, path: str) -> None:
    """That params.yaml names the class that a weights file asks for: weights alone import nothing; and that the class's
    code is what the weights were trained with.

    Raises:
        UserError: if not.
    """
    reference = architecture["network"]
    if reference in GIVEN_CLASSES and architecture["code"] == code_of(reference):
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


def code_of(reference: str) -> str:
    """A hash of the file of the class, and of the project's other files that it imports.

    Raises:
        UserError: if there is no such file, or it is one of the project that DVC does not follow.
    """
    if reference in GIVEN_CLASSES:
        try:
            text = inspect.getsource(GIVEN_CLASSES[reference])
        except OSError:  # typed at a prompt
            text = reference
        return hashlib.sha256(text.encode()).hexdigest()[:16]
    digest = hashlib.sha256()
    for file in sorted(set(_imports(source_of(reference), reference, set()))):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def source_of(reference: str) -> Path:
    """The file of a class, absolute.

    Raises:
        UserError: as ``code_of``.
    """
    module, root = reference.rpartition(":")[0], Path.cwd()
    if module.endswith(".py"):
        file = (root / module).resolve()
        if not file.is_file():
            raise UserError(f"{reference}: there is no file {module}")
    else:
        _see_the_project()
        try:
            spec = importlib.util.find_spec(module)
        except (ImportError, ValueError) as error:
            raise UserError(f"{reference}: can't be imported: {error}") from None
        if spec is None or not spec.origin:
            raise UserError(f"{reference}: there is no module {module}")
        file = Path(spec.origin)
    installed = any(part in ("site-packages", "dist-packages") for part in file.parts)
    followed = any(file.is_relative_to(root / folder) for folder in FOLDERS)
    if file.is_relative_to(root) and not followed and not installed:
        raise UserError(f"{reference}: should lie in {' or '.join(FOLDERS)}, where DVC sees that the code was edited")
    return file


def _imports(file: Path, reference: str, seen: set[Path]) -> Iterator[Path]:
    """The file, and those of ``FOLDERS`` that it imports, and they in turn."""
    seen.add(file)
    yield file
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise UserError(f"{reference}: {file.name}{line} is no Python: {error}") from None
    for node in ast.walk(tree):
        names = [alias.name for alias in getattr(node, "names", [])] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            other = Path.cwd() / (name.replace(".", "/") + ".py")
            if other not in seen and other.is_file() and any(other.is_relative_to(Path.cwd() / f) for f in FOLDERS):
                yield from _imports(other, reference, seen)


@lru_cache
def _load(reference: str, code: str) -> Any:
    """The class, imported anew when its code has changed."""
    if reference in GIVEN_CLASSES:
        return GIVEN_CLASSES[reference]
    part, _, name = reference.rpartition(":")
    _see_the_project()
    with told(reference, "can't be imported"):
        module = _import_file(source_of(reference), part) if part.endswith(".py") else importlib.import_module(part)
    if not callable(found := getattr(module, name, None)):
        classes = ", ".join(key for key, value in vars(module).items() if _is_own(value, module)) or "none"
        raise UserError(f"{reference}: {part} has no class {name}; of its own it has {classes}")
    return found


def _import_file(file: Path, part: str) -> ModuleType:
    name = part.removesuffix(".py").replace("/", ".")
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec  # of a file that ends with .py there is one
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def _see_the_project() -> None:
    if str(Path.cwd()) not in sys.path:  # the command `rnnlab` has its own folder there instead
        sys.path.insert(0, str(Path.cwd()))


def _is_own(value: object, module: ModuleType) -> bool:
    return inspect.isclass(value) and value.__module__ == module.__name__


def _file_of(reference: str) -> str:
    given = GIVEN_CLASSES.get(reference)
    return inspect.getfile(given) if given else str(source_of(reference))


def _shown(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items()) or "no arguments"
