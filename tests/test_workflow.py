"""The workflow for forks on GitHub: what of it can be tried without GitHub."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from workspace import make_workspace


def test_the_makefile_has_the_targets_that_the_workflow_calls(root):
    jobs = YAML(typ="safe").load(root / ".github/workflows/ci.yml")["jobs"]
    commands = [step.get("run", "") for job in jobs.values() for step in job["steps"]]
    called = set(re.findall(r"\bmake ([\w-]+)", "\n".join(commands)))
    targets = set(re.findall(r"^([\w-]+):", (root / "Makefile").read_text(), re.MULTILINE))
    assert {"check", "test", "repro"} <= called
    assert called <= targets


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """A model's size was changed since the last commit."""
    workspace = make_workspace(tmp_path_factory.mktemp("workflow") / "project")
    workspace.dvc("repro", "compare")
    workspace.commit()
    workspace.set("models.stock_gru.hidden_size", 4)
    workspace.dvc("repro", "compare")
    return workspace


@pytest.fixture(scope="module")
def report(workspace):
    return workspace.call(str(Path(__file__).parent.parent / ".github/report.sh"), "HEAD")


@pytest.mark.slow
def test_the_report_shows_the_figures_that_changed_and_no_others(report):
    figures = re.findall(r"^\| metrics/leaderboard\.json +\| (\w+\.\w+)\.", report, re.MULTILINE)
    assert set(figures) == {"stock.stock_gru"}


@pytest.mark.slow
def test_the_report_ends_with_the_leaderboard(report, workspace):
    assert report.endswith((workspace.folder / "metrics/leaderboard.md").read_text())


@pytest.mark.slow
def test_a_report_against_a_commit_that_is_not_there_fails(workspace):
    workspace.call(str(Path(__file__).parent.parent / ".github/report.sh"), "no-such-commit", ok=False)
