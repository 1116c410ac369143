"""DVC does not follow imports: what a stage declares as code must be what it imports."""

import ast
from pathlib import Path

import pytest
from ruamel.yaml import YAML

STAGES = YAML(typ="safe").load(Path(__file__).parent.parent / "dvc.yaml")["stages"]
HEAVY = {"torch", "torchvision", "mlflow", "sklearn", "matplotlib"}
ALLOWED = {
    "train": {"torch"},
    "backtest": {"torch"},
    "memory": {"torch"},
    "evaluate": {"torch"},
    "report": {"matplotlib"},
    "track": {"mlflow", "torch"},  # torch for a model that is logged; imported when there is one
}


def imported(path):
    """All that a module imports, by dotted name, inside functions too."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def closure(root, start):
    found, todo = set(), [start]
    while todo:
        path = todo.pop()
        if path in found:
            continue
        found.add(path)
        for name in imported(root / path):
            candidate = name.replace(".", "/") + ".py"
            if name.split(".")[0] in ("rnnlab", "stages") and (root / candidate).is_file():
                todo.append(candidate)
    return found


@pytest.mark.parametrize("stage", STAGES)
def test_declared_code_is_the_import_closure(root, stage):
    definition = STAGES[stage].get("do", STAGES[stage])
    declared = [dep for dep in definition["deps"] if dep.endswith(".py")]
    assert len(declared) == len(set(declared))
    assert set(declared) == closure(root, f"stages/{stage}.py")


@pytest.mark.parametrize("stage", STAGES)
def test_heavy_imports_stay_out_of_stages_that_do_not_need_them(root, stage):
    found = set()
    for path in closure(root, f"stages/{stage}.py"):
        for node in ast.parse((root / path).read_text()).body:  # the module's own level: what every run pays
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.split(".")[0])
    assert found & HEAVY == ALLOWED.get(stage, set())


def test_every_stage_has_a_module_and_a_description(root):
    modules = {path.stem for path in (root / "stages").glob("*.py")}
    assert set(STAGES) <= modules
    assert all(definition.get("do", definition)["desc"] for definition in STAGES.values())
