"""No pickle anywhere, and what else SECURITY.md says of the code."""

import ast
import io
import os
import pickle
import pickletools
import subprocess
import sys
import zipfile
from pathlib import Path

import mlflow.pyfunc
import pytest
from mlflow.exceptions import MlflowException
from ruamel.yaml import YAML
from small_model import make_package

from rnnlab.core.errors import UserError
from rnnlab.core.files import write_text
from rnnlab.core.params_parsing import parse
from rnnlab.tracking.registry import Model, save_model
from rnnlab.tracking.run_info import run_tags

pytestmark = pytest.mark.promise(number=7)

UNSAFE_IMPORTS = {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
UNSAFE_CALLS = {"torch.load", "torch.save", "pd.read_pickle", "eval", "exec", "yaml.load", "os.system"}


def sources(root):
    return [path for folder in ("rnnlab", "stages", "benchmarks") for path in sorted((root / folder).rglob("*.py"))]


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
            # joblib's workers, with which tasks and results are exchanged, and its hash, which reads nothing back
            allowed = path.name in ("executors.py", "picture_cache.py")
            assert allowed or word not in {name.split(".")[0] for name in names}, path


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


@pytest.fixture
def model(tmp_path):
    """The folder that MLflow gets of a model."""
    save_model(tmp_path / "model", make_package(tmp_path), Model())
    return tmp_path / "model"


def test_a_logged_model_brings_no_code_and_no_pickle_of_its_own(model):
    files = {str(path.relative_to(model)) for path in model.rglob("*") if path.is_file()}
    assert files == {
        "MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt", "input_example.json",
        "serving_input_example.json", "data/model.pt2", "extra_files/small.safetensors",
    }  # fmt: skip


def pickles(packed, name=""):
    """The pickles in a zip file, also in zip files in it: their names and the globals that they call for."""
    archive = zipfile.ZipFile(io.BytesIO(packed))
    for member in archive.namelist():
        content = archive.read(member)
        if content.startswith(b"PK"):
            yield from pickles(content, f"{name}{member}/")
        elif content.startswith(b"\x80"):
            yield name + member, {word for op, word, _ in pickletools.genops(content) if op.name.endswith("GLOBAL")}


def test_the_exported_graph_holds_one_pickle_of_tensors_which_pytorch_writes(model):
    found = dict(pickles((model / "data/model.pt2").read_bytes()))
    tensors = {"torch._utils _rebuild_tensor_v2", "torch FloatStorage", "collections OrderedDict"}
    assert found == {"model/data/sample_inputs/model.pt/archive/data.pkl": tensors}


class Trap:
    def __reduce__(self):
        return Path.write_text, (Path("sprung"), "")


def arm(model):
    """Replace the archive's pickle by one that runs code."""
    path = model / "data/model.pt2"
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["model/data/sample_inputs/model.pt"] = pickle.dumps(Trap())
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_a_forged_model_is_refused_before_it_can_run_code(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arm(model)
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    with pytest.raises(MlflowException, match="using pickle is disallowed, but record 'model/data/sample_inputs"):
        mlflow.pyfunc.load_model(str(model))
    assert not Path("sprung").exists()


def test_without_that_setting_a_forged_model_runs_code(model, tmp_path, monkeypatch):
    """That the trap works: the test above could not fail else."""
    monkeypatch.chdir(tmp_path)
    arm(model)
    with pytest.raises(RuntimeError, match="error when deserializing"):
        mlflow.pyfunc.load_model(str(model))
    assert Path("sprung").exists()


@pytest.mark.filterwarnings("ignore:The given NumPy array is not writable")
def test_with_that_setting_a_logged_model_loads(model, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    assert mlflow.pyfunc.load_model(str(model)).metadata.signature.outputs.input_names() == ["0"]


NAMES = ["../x", "../../x", "/x", "a/b", "a\\b", "..", ".", "", "a\0b", "a b", "C:x", "con.", "a\n", "a" * 101, "ä"]


@pytest.mark.parametrize("name", NAMES)
def test_a_models_name_is_no_path(root, name):
    content = YAML(typ="safe").load(root / "params.yaml")
    content["models"][name] = content["models"]["gru"]
    with pytest.raises(UserError, match=r"params.yaml is not valid:\n  models\."):
        parse(content)


@pytest.mark.parametrize("name", NAMES)
def test_a_backtests_model_is_no_path(root, name):
    content = YAML(typ="safe").load(root / "params.yaml")
    content["backtest"]["models"] = [name]
    with pytest.raises(UserError, match=r"params.yaml is not valid:\n  backtest\.models"):
        parse(content)


def test_a_link_in_the_place_of_a_result_is_replaced_and_not_followed(tmp_path):
    outside, link = tmp_path / "outside.json", tmp_path / "project/board.json"
    outside.write_text("mine")
    link.parent.mkdir()
    link.symlink_to(outside)
    write_text(link, "ours")
    assert (outside.read_text(), link.is_symlink(), link.read_text()) == ("mine", False, "ours")


ADDRESSES = {
    "postgresql://me:secret@host/db": "postgresql://host/db",
    "https://me:se/c@ret@host:5000/x": "https://host:5000/x",
    "https://token@host": "https://host",
    "https:/me:secret@host/x": "https:/host/x",
    "models:/gru@champion": "models:/gru@champion",
    "(a) s3://bucket/x and http://me:secret@host/ failed": "(a) s3://bucket/x and http://host/ failed",
}


@pytest.mark.parametrize(("text", "shown"), ADDRESSES.items())
def test_an_address_is_shown_without_who_and_password(text, shown):
    assert str(UserError(text)) == shown


@pytest.mark.parametrize("uri", ["http://me:secret@127.0.0.1:9", "postgresql://me:secret@127.0.0.1:9/db"])
def test_a_store_that_is_not_there_is_named_without_its_password(root, tmp_path, uri):
    (tmp_path / "dvc.yaml").touch()
    done = subprocess.run(
        [sys.executable, "-m", "rnnlab.cli", "tidy"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(root), "MLFLOW_TRACKING_URI": uri},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "127.0.0.1" in done.stderr
    assert "secret" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_repositorys_remotes_are_in_no_tag(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for args in (
        ["init", "-q"],
        ["commit", "-q", "--allow-empty", "-m", "a"],
        ["remote", "add", "origin", "https://me:secret@host/x"],
    ):
        subprocess.run(["git", *who, *args], check=True)
    tags = run_tags("gru", "")
    assert set(tags) == {"rnnlab.stage", "mlflow.source.git.commit"}
    assert "secret" not in str(tags)
