"""The code of networks of the user's own: found, imported, hashed; and what it raises, as a sentence."""

import ast
import hashlib
import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from rnnlab.core.errors import UserError

GIVEN_CLASSES: dict[str, Any] = {}  # from Python, by reference: no file is looked for
FOLDERS = ("networks", "examples/networks")  # DVC follows the files in these: dependencies of the stage `check`


def give(network: Any) -> str:
    """A reference to a class that Python has already, as one of a notebook; weights that ask for it get it."""
    reference = f"{network.__module__}:{network.__name__}"
    GIVEN_CLASSES[reference] = network
    return reference


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
def load_class(reference: str, code: str) -> Any:
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
