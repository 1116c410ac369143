"""A day of experiments, as docs/experiments.md tells it: real `dvc exp` calls on a small copy of the project."""

import csv
import json
import re
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from ruamel.yaml import YAML
from workspace import Workspace, make_workspace

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(600)]

RMSE = "gru"
SIZE = "models.gru.hidden_size"
# Top-level runs with all that is asked of them below; `Workspace.runs` gives their names alone.
RUNS = """
import json, sys
from pathlib import Path
from rnnlab.tracking.store import Store
store = Store(Path(sys.argv[1]), series="GOOG")
print(json.dumps([
    {"name": run.info.run_name, "status": run.info.status, "tags": run.data.tags}
    for run in store.client.search_runs(list(store.experiments.values()))
    if not {"mlflow.parentRunId", "kind"} & set(run.data.tags)
]))
"""
# Two `python -m stages.track`, neither of which adds a run before both have looked for it, unless a lock forbids that.
TOGETHER = """
from threading import Barrier, BrokenBarrierError, Thread
from rnnlab.tracking import mirror
from stages import track
look, both = mirror.find, Barrier(2)
def look_and_wait(store, result):
    found = look(store, result)
    try:
        both.wait(5)
    except BrokenBarrierError:  # the other is not let in
        pass
    return found
mirror.find = look_and_wait
track.write_json = lambda *_: None  # in one process both would write to one temporary file
stages = [Thread(target=track.main) for _ in range(2)]
for stage in stages:
    stage.start()
for stage in stages:
    stage.join()
"""


@dataclass
class Sweep:
    """A workspace after a queue of two experiments, sweep-1 and sweep-2."""

    workspace: Workspace
    queue: str  # `dvc queue status` at the end
    baseline: str  # the commit that the experiments stand on

    def runs(self, root: Path | None = None) -> list[dict]:
        """Of the workspace's store, or of the one in ``root``."""
        return json.loads(self.workspace.call(sys.executable, "-c", RUNS, str(root or self.workspace.folder)))

    def run(self, name: str) -> dict:
        """The one run of this name."""
        (run,) = [run for run in self.runs() if run["name"] == name]
        return run

    def show(self, revision: str, file: str) -> str:
        """A file at a commit, a branch, or an experiment, whose ref git does not find by its name."""
        refs = self.workspace.call("git", "for-each-ref", "--format=%(refname)", "refs/exps").split()
        (found,) = [ref for ref in refs if ref.endswith(f"/{revision}")] or [revision]
        return self.workspace.call("git", "show", f"{found}:{file}")

    def size(self, revision: str) -> int:
        return YAML(typ="safe").load(self.show(revision, "params.yaml"))["models"]["gru"]["hidden_size"]

    def rmse(self, revision: str) -> float:
        return json.loads(self.show(revision, "metrics/leaderboard.json"))["series"]["gru"]["rmse"]


def wait_for_queue(workspace: Workspace, seconds: float) -> str:
    """The queue's status once nothing in it waits or runs."""
    end = time.monotonic() + seconds
    while re.search(r"Queued|Running", status := workspace.dvc("queue", "status")):
        assert time.monotonic() < end, f"{status}\n{worker_logs(workspace)}"
        time.sleep(2)
    return status


def worker_logs(workspace: Workspace) -> str:
    return "\n".join(path.read_text() for path in workspace.folder.glob(".dvc/tmp/exps/celery/*.out"))


def stop_queue(workspace: Workspace) -> None:
    """Leave no worker behind, also where a test was cut short; half a minute at most."""
    workspace.dvc("queue", "stop", "--kill")
    left = processes_in(workspace.folder)
    _, alive = psutil.wait_procs(left, timeout=15)  # a worker that is asked to stop needs a moment
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=15)


def processes_in(folder: Path) -> list[psutil.Process]:
    """Those that work in this folder or below: workers, and the stages in their copies."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(folder):
                found.append(process)
        except (psutil.AccessDenied, psutil.NoSuchProcess):
            continue
    return found


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """Two values of a parameter, queued, and run by two workers at once on an empty store."""
    workspace = make_workspace(tmp_path_factory.mktemp("experiments") / "project")
    workspace.dvc("repro")
    workspace.commit()
    # As in a clone that took its results from elsewhere: both workers find no store, and make the same one.
    (workspace.folder / "mlflow.db").unlink()
    shutil.rmtree(workspace.folder / "mlartifacts")
    try:
        workspace.dvc("exp", "run", "--queue", "-n", "sweep", "-S", f"{SIZE}=3,5")
        workspace.dvc("queue", "start", "-j", "2")
        queue = wait_for_queue(workspace, 240)
        yield Sweep(workspace, queue, workspace.call("git", "rev-parse", "HEAD").strip())
    finally:
        stop_queue(workspace)


@pytest.fixture
def restored(sweep):
    """For a test that changes the workspace: back to the commit afterwards, by the README's line."""
    yield
    sweep.workspace.call("git", "restore", "-SW", "params.yaml", "dvc.lock", "metrics")
    sweep.workspace.call("git", "clean", "-fdqx", "metrics", "models")
    sweep.workspace.dvc("repro")


def test_a_range_makes_an_experiment_a_value_and_two_workers_end_both(sweep):
    assert dict(re.findall(r"(sweep-\d)\s.*\s(\w+)$", sweep.queue, re.MULTILINE)) == {
        "sweep-1": "Success",
        "sweep-2": "Success",
    }
    assert [sweep.size(name) for name in ("sweep-1", "sweep-2")] == [3, 5]


def test_a_queue_leaves_the_workspace_as_it_is(sweep):
    assert sweep.workspace.call("git", "status", "--short") == ""
    assert sweep.workspace.dvc("status", "-q") == ""


def test_each_queued_experiment_has_one_finished_run_that_says_where_it_came_from(sweep):
    for name in ("sweep-1", "sweep-2"):
        run = sweep.run(f"gru / {name}")
        assert run["status"] == "FINISHED"
        expected = {"rnnlab.experiment": name, "rnnlab.stage": "train@gru", "mlflow.source.git.commit": sweep.baseline}
        assert {key: run["tags"].get(key) for key in expected} == expected


def test_what_both_experiments_could_add_is_there_once(sweep):
    models = [run["tags"]["model"] for run in sweep.runs()]
    assert sorted(models) == ["digits_bigru", "gru", "gru", "rnn"]


def test_two_track_stages_at_the_same_moment_double_no_run(sweep, tmp_path):
    """What two workers' last stages do, when they happen to come to it together."""
    (tmp_path / ".dvc/tmp").mkdir(parents=True)
    env = sweep.workspace.env | {"DVC_ROOT": str(tmp_path)}  # a store of its own
    subprocess.run([sys.executable, "-c", TOGETHER], cwd=sweep.workspace.folder, env=env, check=True)
    assert sorted(run["tags"]["model"] for run in sweep.runs(tmp_path)) == ["digits_bigru", "gru", "rnn"]


def test_the_recommended_table_has_the_changed_parameter_and_the_figure_that_ranks(sweep, root):
    (command,) = set(re.findall(r"^    (dvc exp show --only-changed .*)$", read_docs(root), re.MULTILINE))
    table = list(csv.DictReader(sweep.workspace.call(*shlex.split(command), "--csv").splitlines()))
    # DVC merges rev and typ into the first column, but for --csv.
    assert list(table[0]) == ["Experiment", "rev", "typ", RMSE, SIZE]
    sizes = {row["Experiment"] or row["typ"]: row[SIZE] for row in table}
    assert sizes == {"baseline": "8", "sweep-1": "3", "sweep-2": "5"}


def read_docs(root: Path) -> str:
    return (root / "docs/experiments.md").read_text()


def test_exp_diff_names_the_changed_parameter_and_figure_alone(sweep):
    changes = json.loads(sweep.workspace.dvc("exp", "diff", "--json", "HEAD", "sweep-1"))
    assert changes["params"] == {"params.yaml": {SIZE: {"old": 8, "new": 3, "diff": -5}}}
    (metrics,) = changes["metrics"].values()
    assert set(metrics) == {RMSE}
    assert (metrics[RMSE]["old"], metrics[RMSE]["new"]) == (sweep.rmse("HEAD"), sweep.rmse("sweep-1"))


def test_metrics_diff_is_a_table_for_a_pull_request(sweep):
    lines = sweep.workspace.dvc("metrics", "diff", "--md", "HEAD", "sweep-2").split("\n")
    assert [cell.strip() for cell in lines[0].strip("|").split("|")] == ["Path", "Metric", "HEAD", "sweep-2", "Change"]
    figures = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if f"| {RMSE} " in line]
    (found,) = ([float(cell) for cell in row[2:4]] for row in figures)
    assert found == [sweep.rmse(name) for name in ("HEAD", "sweep-2")]


def test_params_diff_names_the_changed_value(sweep):
    changes = json.loads(sweep.workspace.dvc("params", "diff", "--json", "HEAD", "sweep-2"))
    assert changes == {"params.yaml": {SIZE: {"old": 8, "new": 5, "diff": -3}}}


def test_plots_diff_writes_a_page_with_both_experiments(sweep):
    sweep.workspace.dvc("plots", "diff", "sweep-1", "sweep-2")
    page = (sweep.workspace.folder / "dvc_plots/index.html").read_text()
    assert set(re.findall(r'"rev": "([^"]+)"', page)) == {"sweep-1", "sweep-2"}
    assert sweep.workspace.call("git", "status", "--short") == ""  # the page is none of git's business


def test_exp_branch_makes_a_branch_with_the_experiments_parameters(sweep):
    sweep.workspace.dvc("exp", "branch", "sweep-1", "narrow")
    assert sweep.size("refs/heads/narrow") == 3


@pytest.mark.usefixtures("restored")
def test_exp_apply_brings_parameters_figures_and_weights(sweep):
    sweep.workspace.dvc("exp", "apply", "sweep-2")
    params = YAML(typ="safe").load(sweep.workspace.folder / "params.yaml")
    assert params["models"]["gru"]["hidden_size"] == 5
    board = sweep.workspace.read("metrics/leaderboard.json")
    assert board["series"]["gru"]["rmse"] == sweep.rmse("sweep-2") != sweep.rmse("HEAD")
    assert sweep.workspace.dvc("status", "-q") == ""  # what git does not keep is there too


@pytest.mark.usefixtures("restored")
def test_a_name_names_the_run_and_a_plus_overrides_a_training_figure_for_one_model(sweep):
    change = "+models.gru.learning_rate=0.003"
    assert "train@gru" in sweep.workspace.ran("exp", "run", "-n", "faster", "-S", change)
    assert sweep.run("gru / faster")["tags"]["rnnlab.experiment"] == "faster"


def test_exp_remove_takes_the_experiment_and_leaves_its_run(sweep):
    """The last: it takes what the others read."""
    sweep.workspace.dvc("exp", "remove", "sweep-1")
    assert sweep.workspace.dvc("exp", "list", "--name-only").split() == ["faster", "sweep-2"]
    assert sweep.run("gru / sweep-1")["status"] == "FINISHED"
