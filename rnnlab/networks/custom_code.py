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


def give(network: Any, reference: str = "") -> str:
    """A reference to a class that Python has already, as one of a notebook; weights that ask for it get it.

    Args:
        reference: that it is to stand for; empty: its own.

    Raises:
        UserError: if it is neither a class nor a function with a name.
    """
    if not (inspect.isclass(network) or inspect.isfunction(network)) or "<" in network.__name__:
        raise UserError(f"network: should be a class of modules, or a function that makes one; found {network!r:.80}")
    reference = reference or f"{network.__module__}:{network.__name__}"
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
            raise UserError(
                f"{reference}: there is no file {module} (a copy has only files that git knows: git add it)"
            )
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
    if not followed and not installed and (module.endswith(".py") or file.is_relative_to(root)):
        raise UserError(f"{reference}: should lie in {' or '.join(FOLDERS)}, where DVC sees that the code was edited")
    return file


def _imports(file: Path, reference: str, seen: set[Path]) -> Iterator[Path]:
    """The file, and those of ``FOLDERS`` that it imports, and they in turn."""
    seen.add(file)
    yield file
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError) as error:
        line, said = (f", line {error.lineno}", error.msg) if isinstance(error, SyntaxError) else ("", error)
        raise UserError(f"{reference}: {file.name}{line} is no Python: {said}") from None
    for name in (name for node in ast.walk(tree) for name in _names(node, file)):
        place = Path.cwd() / name.replace(".", "/")
        for other in (place.with_suffix(".py"), place / "__init__.py"):
            if other not in seen and other.is_file() and any(other.is_relative_to(Path.cwd() / f) for f in FOLDERS):
                yield from _imports(other, reference, seen)


def _names(node: ast.AST, file: Path) -> list[str]:
    """The modules that a statement may import, with their packages' names."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    above = file.parents[node.level - 1] if node.level else Path.cwd()
    if not above.is_relative_to(Path.cwd()):
        return []
    base = ".".join([*above.relative_to(Path.cwd()).parts, *([node.module] if node.module else [])])
    return [base, *(f"{base}.{alias.name}" for alias in node.names)]


def load_class(reference: str) -> Any:
    """The class, imported anew when its code has changed."""
    return GIVEN_CLASSES.get(reference) or _load(reference, code_of(reference))


@lru_cache
def _load(reference: str, code: str) -> Any:
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
