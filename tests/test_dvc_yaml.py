"""A stage depends on folders of the library: those that it imports from, and no others. DVC does not follow imports."""

import ast
from dataclasses import fields
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from rnnlab.core.series_params import Read
from rnnlab.data.rows import Options

ROOT = Path(__file__).parent.parent
STAGES = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]
# From the ground up: a folder imports from those before it alone.
FOLDERS = "core data windows networks training execution backtesting evaluation comparison reporting serving tracking"
FOLDERS = [*FOLDERS.split(), "recovery", "forecasting", "tuning", "api", "memory.py", "cli_options.py", "cli.py"]
# What an edit in a folder runs again.
STAGES_OF = {
    "core": set(STAGES),
    "data": {"fetch", "scale"},
    "windows": set(STAGES) - {"check", "fetch", "memory"},
    "networks": {"check", "train", "evaluate", "backtest", "memory", "track"},
    "training": {"train", "backtest", "memory"},
    "execution": {"train", "backtest"},
    "backtesting": {"backtest"},
    "evaluation": {"evaluate", "baselines", "compare", "report"},
    "comparison": {"compare", "report"},
    "reporting": {"report"},
    "serving": set(),
    "tracking": {"track"},
    "recovery": set(),
    "forecasting": set(),
    "tuning": set(),
    "api": set(),
    "memory.py": {"memory"},
    "cli_options.py": set(),
    "cli.py": set(),
}
HEAVY = {"torch", "torchvision", "mlflow", "sklearn", "matplotlib", "altair"}
ALLOWED = {
    "check": {"torch"},  # imported where there is a network of the user's own
    "report": {"altair"},
    "train": {"torch"},
    "backtest": {"torch"},
    "memory": {"torch"},
    "evaluate": {"torch"},
    "track": {"mlflow"},
}


def imported(path):
    """All that a module imports, by dotted name, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own(path):
    """The modules of this project that a module imports."""
    files = {name.replace(".", "/") + ".py" for name in imported(ROOT / path)}
    return {file for file in files if file.startswith(("rnnlab/", "stages/")) and (ROOT / file).is_file()}


def closure(start):
    found, todo = set(), {start}
    while todo:
        found |= todo
        todo = set().union(*map(own, todo)) - found
    return found


def folder(path):
    return path.split("/")[1]


def declared(stage):
    return [dep for dep in STAGES[stage].get("do", STAGES[stage])["deps"] if dep.startswith(("rnnlab", "stages"))]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_declares_the_folders_that_it_imports_from(stage):
    start = f"stages/{stage}.py"
    touched = {f"rnnlab/{folder(path)}" for path in closure(start) - {start}}
    assert sorted(declared(stage)) == sorted({start} | touched)


@pytest.mark.parametrize("name", FOLDERS)
def test_an_edit_in_a_folder_runs_these_stages_again(name):
    assert {stage for stage in STAGES if f"rnnlab/{name}" in declared(stage)} == STAGES_OF[name]


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_imports_from_those_below_it_alone(name):
    paths = (ROOT / "rnnlab" / name).glob("*.py") if name.isalpha() else [ROOT / "rnnlab" / name]
    below = FOLDERS[: FOLDERS.index(name) + 1]
    above = {
        f"{path.name} imports {file}"
        for path in paths
        for file in own(path.relative_to(ROOT))
        if file.startswith("stages/") or folder(file) not in below
    }
    assert not above


def test_every_module_stands_in_a_folder_with_a_place_in_the_order():
    found = {path.relative_to(ROOT / "rnnlab").parts[0] for path in (ROOT / "rnnlab").rglob("*.py")}
    assert found - {"__init__.py"} == set(FOLDERS)


@pytest.mark.parametrize("stage", STAGES)
def test_heavy_imports_stay_out_of_stages_that_do_not_need_them(stage):
    found = set()
    for path in closure(f"stages/{stage}.py"):
        for node in ast.parse((ROOT / path).read_text()).body:  # the module's own level: what every run pays
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.split(".")[0])
    assert found & HEAVY == ALLOWED.get(stage, set())


def test_stages_holds_the_stages_alone_each_with_a_description():
    assert {path.stem for path in (ROOT / "stages").glob("*.py")} - {"__init__"} == set(STAGES)
    assert all(definition.get("do", definition)["desc"] for definition in STAGES.values())


def test_raw_data_depend_on_all_that_says_how_a_file_is_read():
    fetch = STAGES["fetch"]
    given = {
        fetch["foreach"]["series"][key.removeprefix("${item.").removesuffix("}")] for key in fetch["do"]["params"][1:]
    }
    reading = {field.name for field in fields(Options)} - {*Read.model_fields, "words"}
    assert given == {f"series.{name}" for name in reading | {"read", "features", "target"}}
