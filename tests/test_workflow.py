"""The workflow for forks on GitHub: what of it can be tried without GitHub."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML


def test_the_makefile_has_the_targets_that_the_workflow_calls(root):
    jobs = YAML(typ="safe").load(root / ".github/workflows/ci.yml")["jobs"]
    commands = [step.get("run", "") for job in jobs.values() for step in job["steps"]]
    called = set(re.findall(r"\bmake ([\w-]+)", "\n".join(commands)))
    targets = set(re.findall(r"^([\w-]+):", (root / "Makefile").read_text(), re.MULTILINE))
    assert {"check", "test", "repro"} <= called
    assert called <= targets


def test_make_says_that_git_is_missing_before_it_installs(root, tmp_path):
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(root / name, tmp_path)
    env = os.environ | {"GIT_CEILING_DIRECTORIES": str(tmp_path.parent)}
    env = {name: value for name, value in env.items() if not name.startswith("MAKE")}  # these tests run under make, too
    done = subprocess.run(["make", "repro"], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode != 0
    assert done.stdout.startswith("This folder is not a git repository with a commit, which dvc needs")
    assert len(done.stdout.splitlines()) == 1
    assert not (tmp_path / ".venv").exists()


@pytest.fixture(scope="module")
def workspace(made, tmp_path_factory):
    """A model's size was changed since the last commit."""
    workspace = made.copy(tmp_path_factory.mktemp("workflow") / "home")
    workspace.set("models.gru.hidden_size", 4)
    workspace.dvc("repro", "compare")
    return workspace


@pytest.fixture(scope="module")
def report(workspace):
    return workspace.call(str(Path(__file__).parent.parent / ".github/report.sh"), "HEAD")


@pytest.mark.slow
def test_the_report_shows_the_figures_that_changed_and_no_others(report):
    figures = re.findall(r"^\| metrics/ranking\.json +\| (\w+)", report, re.MULTILINE)
    assert figures == ["gru"]


@pytest.mark.slow
def test_the_report_ends_with_the_leaderboard(report, workspace):
    assert report.endswith((workspace.folder / "metrics/leaderboard.md").read_text())


@pytest.mark.slow
def test_a_report_against_a_commit_that_is_not_there_fails(workspace):
    workspace.call(str(Path(__file__).parent.parent / ".github/report.sh"), "no-such-commit", ok=False)


@pytest.fixture
def clone(tmp_path):
    """Call git, or another program, in a clone with a picture that git ignores."""

    def call(*words, at="clone"):
        env = {**os.environ, "GITHUB_REPOSITORY": "me/mine", "GIT_CONFIG_GLOBAL": os.devnull}
        done = subprocess.run(words, cwd=tmp_path / at, env=env, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    call("git", "init", "-q", "--bare", "origin", at=".")
    call("git", "clone", "-q", "origin", "clone", at=".")
    (tmp_path / "clone/.gitignore").write_text("report\n")
    call("git", "add", ".gitignore")
    call("git", "-c", "user.name=me", "-c", "user.email=me@localhost", "commit", "-qm", "first")
    picture = tmp_path / "clone/report/pictures/gru/forecast.png"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"png 1")
    return call, picture


def test_pictures_are_kept_on_a_branch_and_linked_by_their_commit(clone, root):
    call, picture = clone
    script = str(root / ".github/pictures.sh")
    first = call(script)
    picture.write_bytes(b"png 2")
    second = call(script)
    for text, content in ((first, "png 1"), (second, "png 2")):
        ((commit, path),) = re.findall(r"^!\[.*\]\(https://github.com/me/mine/raw/(\w+)/(.*)\)$", text, re.MULTILINE)
        assert path == "gru/forecast.png"
        assert call("git", "show", f"{commit}:{path}", at="origin") == content
    # both commits can be reached from the branch, so that none is swept away
    assert call("git", "rev-list", "--count", "report-pictures", at="origin") == "2"
    assert call("git", "status", "--porcelain") == ""
