"""A small copy of the project, for tests that run it as its users do."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent
IDENTITY = {f"GIT_{who}_{what}": "test" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
RAN = re.compile(r"^Running stage '(.+)':$", re.MULTILINE)
SECRET = "xyzzy"  # a password in the addresses of remotes and mirror
FOR_PANELS = {"ray", "pyarrow.csv", "pyarrow.dataset", "pyarrow.parquet"}
# Python runs it when it starts
IMPORTS = """
import atexit, sys
def tell():
    with open({log!r}, "a") as file:
        print(" ".join(sys.orig_argv[1:4]), sorted({unwanted!r} & set(sys.modules)), sep=": ", file=file)
atexit.register(tell)
"""
# Stages that have changed, by name, and those that depend on one of them
TOUCHED = """
import networkx
from dvc.repo import Repo
with Repo() as repo:
    graph = repo.index.graph
    changed = set(repo.status()) - {"check"}  # what waits for it is not made anew for it
    stages = {stage for stage in graph if stage.addressing in changed}
    for stage in list(stages):
        stages |= networkx.ancestors(graph, stage)
print(*(stage.addressing for stage in stages), sep="\\n")
"""
RESTORED = re.compile(r"^Stage '(.+)' is cached - skipping run, checking out outputs$", re.MULTILINE)


class Workspace:
    """A copy of the project, small, in git."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = os.environ | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder.parent),
            "DVC_SITE_CACHE_DIR": str(folder.parent / "site"),
            "DVC_GLOBAL_CONFIG_DIR": str(folder.parent / "global"),
            "DVC_SYSTEM_CONFIG_DIR": str(folder.parent / "system"),
            **IDENTITY,
        }

    def call(self, *command: str, ok: bool = True) -> str:
        done = subprocess.run(
            command, cwd=self.folder, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert (done.returncode == 0) == ok, done.stdout
        return done.stdout

    def dvc(self, *words: str, ok: bool = True) -> str:
        return self.call("dvc", *words, ok=ok)

    def ran(self, *words: str) -> set[str]:
        return set(RAN.findall(self.dvc(*words)))

    def touched(self) -> set[str]:
        """The stages that `dvc repro` would run, as DVC's index has it, unless an output stays as it was."""
        return set(self.call(sys.executable, "-c", TOUCHED).splitlines())

    def set(self, key: str, value: object) -> None:
        path, yaml = self.folder / "params.yaml", YAML()
        content = section = yaml.load(path)
        *parts, last = key.split(".")
        for part in parts:
            section = section[part]
        section[last] = value
        yaml.dump(content, path)

    def keep_models(self, *names: str) -> None:
        models = YAML(typ="safe").load(self.folder / "params.yaml")["models"]
        self.set("models", {name: models[name] for name in names})

    def read(self, name: str) -> dict:
        return json.loads((self.folder / name).read_text())

    def commit(self) -> None:
        self.call("git", "add", "-A")
        self.call("git", "commit", "-qm", "step", "--allow-empty")

    def runs(self) -> list[str]:
        """Names of the networks' top-level runs in the store, oldest first."""
        script = (
            "from pathlib import Path; from rnnlab.tracking.store import Store; s = Store(Path('.'), series='GOOG');"
            "print(*(r.info.run_name for r in s.client.search_runs(list(s.experiments.values()),"
            " order_by=['attributes.start_time ASC']) if not {'mlflow.parentRunId', 'kind'} & set(r.data.tags)),"
            " sep='\\n')"
        )
        return self.call(sys.executable, "-c", script).splitlines()


def make_workspace(folder: Path) -> Workspace:
    """Copy the project into ``folder``, with few seeds and epochs, and commit it; nothing is made yet."""
    for name in ("rnnlab", "stages", "networks", "examples", ".dvc/plots"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (
        ".dvc/config",
        ".dvc/.gitignore",
        ".dvcignore",
        ".gitignore",
        "dvc.yaml",
        "params.yaml",
        "data/example.csv",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    workspace = Workspace(folder)
    workspace.set("training.series.epochs", 3)
    workspace.set("training.series.seeds", 2)
    workspace.set("training.digits.epochs", 2)
    workspace.set("backtest.models", ["gru"])
    workspace.set("backtest.seeds", 1)
    workspace.set("memory.lengths", [4])
    workspace.set("memory.epochs", 1)
    workspace.keep_models("rnn", "gru", "digits_bigru")
    workspace.call("git", "init", "-q")
    workspace.commit()
    return workspace


@dataclass(frozen=True)
class Made:
    """A workspace after its first `dvc repro`.

    Attributes:
        first: what that printed.
        imports: of each process that it started the module, and which of ``FOR_PANELS`` it imported.
    """

    workspace: Workspace
    first: str
    imports: list[str]

    def copy(self, folder: Path) -> Workspace:
        shutil.copytree(self.workspace.folder.parent, folder)
        return Workspace(folder / "project")


def make_all(folder: Path) -> Made:
    """Make it, or wait until another process has made it."""
    with FileLock(f"{folder}.lock"):
        workspace, said = Workspace(folder / "project"), folder / "said.json"
        if not said.exists():
            shutil.rmtree(folder, ignore_errors=True)
            workspace = make_workspace(folder / "project")
            workspace.call("git", "remote", "add", "origin", f"https://me:{SECRET}@git.test/x.git")
            workspace.dvc("remote", "add", "--local", "-d", "storage", f"https://me:{SECRET}@dvc.test/x")
            watch = folder / "watch"
            watch.mkdir()
            code = IMPORTS.format(log=str(watch / "imports.txt"), unwanted=FOR_PANELS)
            (watch / "sitecustomize.py").write_text(code)
            workspace.env |= {"PYTHONPATH": str(watch), "RNNLAB_MIRROR": f"https://me:{SECRET}@mirror.test/x"}
            first = workspace.dvc("repro")
            workspace.commit()
            told = {"first": first, "imports": (watch / "imports.txt").read_text().splitlines()}
            shutil.rmtree(watch)
            said.write_text(json.dumps(told))
        return Made(Workspace(folder / "project"), **json.loads(said.read_text()))
