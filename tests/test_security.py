"""No pickle anywhere, and what else SECURITY.md says of the code."""

import ast

import pytest

UNSAFE_IMPORTS = {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
UNSAFE_CALLS = {"torch.load", "torch.save", "pd.read_pickle", "eval", "exec", "yaml.load", "os.system"}


def sources(root):
    return [path for folder in ("rnnlab", "stages", "benchmarks") for path in sorted((root / folder).glob("*.py"))]


def dotted(node):
    if isinstance(node, ast.Name):
        return node.id
    return f"{dotted(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else ""


@pytest.mark.parametrize("word", sorted(UNSAFE_IMPORTS))
def test_nothing_that_pickles_is_imported(root, word):
    for path in sources(root):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert word not in {name.split(".")[0] for name in names}, path


def test_nothing_that_unpickles_or_runs_text_is_called(root):
    for path in sources(root):
        calls = {dotted(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)}
        assert not calls & UNSAFE_CALLS, path


def test_arrays_are_never_loaded_or_saved_with_pickles(root):
    for path in sources(root):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and dotted(node.func) in ("np.load", "np.save"):
                allowed = {word.arg: ast.unparse(word.value) for word in node.keywords}.get("allow_pickle")
                assert allowed == "False", f"{path}: line {node.lineno}"


def test_servers_of_the_makefile_listen_on_this_machine_alone(root):
    commands = [
        line for line in (root / "Makefile").read_text().splitlines() if "mlflow ui" in line or "serve --" in line
    ]
    assert len(commands) == 2
    assert all("--host 127.0.0.1" in line for line in commands)
