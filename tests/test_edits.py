"""What a killed `dvc exp run` leaves in git is undone, and nothing else is."""

import os
import random
import signal
import subprocess
import time

import psutil
import pytest
from scmrepo.git import Git
from workspace import IDENTITY

from rnnlab.core.errors import UserError
from rnnlab.recovery import edits
from rnnlab.recovery.edits import EXPERIMENT, LOCK, bring_back_edits
from rnnlab.recovery.recover import recover


class Project:
    def __init__(self, folder):
        self.folder = folder
        (folder / LOCK).parent.mkdir(parents=True)
        (folder / ".gitignore").write_text("/.dvc\n")
        self.git("init", "-q", "-b", "main")
        for name in ("a.txt", "b.txt", "c.txt", "params.yaml"):
            (folder / name).write_text(f"first of {name}\n")
        self.git("add", "-A")
        self.git("commit", "-qm", "first")
        self.git("config", "user.name", "test")
        self.git("config", "user.email", "test")
        (folder / LOCK).touch()

    def git(self, *args):
        done = subprocess.run(
            ["git", *args], cwd=self.folder, env=os.environ | IDENTITY, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def edit(self):
        """In the working tree, in the index, in both; a new file and a removed one."""
        (self.folder / "a.txt").write_text("edited\n")
        (self.folder / "b.txt").write_text("staged\n")
        self.git("add", "b.txt")
        (self.folder / "b.txt").write_text("staged and edited\n")
        (self.folder / "new.txt").write_text("new\n")
        self.git("add", "new.txt")
        (self.folder / "c.txt").unlink()
        return self.state()

    def state(self):
        return self.git("diff"), self.git("diff", "--cached"), self.git("rev-parse", "--abbrev-ref", "HEAD")

    def stash(self):
        """As DVC does."""
        scm = Git(self.folder)
        scm.stash.push()
        scm.close()

    def detach(self):
        self.git("checkout", "-q", self.git("rev-parse", "HEAD"))

    def begin_experiment(self, then):
        """With edits, which are in its commit, and after ``pop`` in the tree."""
        self.edit()
        self.stash()
        self.git("update-ref", EXPERIMENT, "refs/stash")
        self.git("stash", then, "-q")
        self.detach()
        self.git("add", "-A")

    def bring_back(self):
        return list(bring_back_edits(self.folder))


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


def test_edits_in_a_stash_are_brought_back_as_they_were_staged(project):
    before = project.edit()
    project.stash()
    project.detach()
    (project.folder / "params.yaml").write_text("as -S has it\n")
    head, edits, undone = project.bring_back()
    assert head == "HEAD is at its branch main again, which DVC had left when it was killed"
    assert edits.startswith("brought back: edits of a.txt, b.txt, c.txt, new.txt")
    assert project.state() == before
    assert project.git("stash", "list") == ""
    assert project.git("show", f"{undone.split()[-1]}:params.yaml") == "as -S has it"
    assert project.bring_back() == []


def test_edits_are_brought_back_although_another_dvc_ran_since(project):
    before = project.edit()
    project.stash()
    project.detach()
    project.git("update-ref", "--create-reflog", "-m", "dvc: Restore HEAD to a commit", "HEAD", "HEAD")
    os.utime(project.folder / LOCK, (time.time() + 60,) * 2)
    assert len(project.bring_back()) == 2
    assert project.state() == before


def test_a_file_that_was_cut_short_while_edits_were_brought_back_is_whole_again(project):
    before = project.edit()
    project.stash()
    (project.folder / "a.txt").write_text("edi")
    assert project.bring_back()
    assert project.state() == before


def test_staged_removals_renames_and_links_are_brought_back(project):
    project.git("rm", "-q", "a.txt")
    project.git("mv", "b.txt", "d.txt")
    (project.folder / "link").symlink_to("c.txt")
    project.git("add", "link")
    before = project.state()
    project.stash()
    assert project.bring_back()
    assert project.state() == before


def test_edits_that_are_in_the_experiment_alone_are_brought_back_unstaged(project):
    project.begin_experiment("drop")
    assert len(project.bring_back()) == 2
    assert (project.folder / "b.txt").read_text() == "staged and edited\n"
    assert not (project.folder / "c.txt").exists()
    assert project.git("diff", "--cached") == ""
    assert project.git("for-each-ref", "refs/exps") == ""


def test_the_branch_that_a_finished_experiment_had_left_is_taken_again(project):
    project.begin_experiment("pop")
    project.git("commit", "-qm", "dvc: commit experiment 0123")
    (said,) = project.bring_back()
    assert said.startswith("HEAD is at its branch main again")
    assert (project.folder / "a.txt").read_text() == "edited\n"
    assert project.git("status", "--short").split() == ["M", "a.txt", "M", "b.txt", "D", "c.txt", "??", "new.txt"]


def test_what_was_edited_since_is_left_alone_and_so_is_the_stash(project):
    project.edit()
    project.stash()
    (project.folder / "a.txt").write_text("edited since\n")
    (sentence,) = project.bring_back()
    assert "a.txt was edited since: `git stash show -p`" in sentence
    assert (project.folder / "a.txt").read_text() == "edited since\n"
    assert project.git("stash", "list") != ""


def test_another_file_that_was_edited_since_is_left_alone(project):
    (project.folder / "a.txt").write_text("edited\n")
    project.stash()
    (project.folder / "b.txt").write_text("edited since\n")
    assert project.bring_back()
    assert (project.folder / "a.txt").read_text() == "edited\n"
    assert (project.folder / "b.txt").read_text() == "edited since\n"


@pytest.mark.parametrize("words", [(), ("-u",), ("-m", "mine")])
def test_a_stash_of_the_users_own_is_left_alone(project, words):
    project.edit()
    project.git("stash", "-q", *words)
    assert project.bring_back() == []
    assert project.git("stash", "list") != ""


def test_a_stash_of_another_commit_is_left_alone(project):
    project.edit()
    project.stash()
    project.git("commit", "-q", "--allow-empty", "-m", "second")
    assert project.bring_back() == []
    assert project.git("stash", "list") != ""


@pytest.mark.parametrize("words", [["--detach"], ["HEAD~0"]])
def test_a_commit_that_was_checked_out_on_purpose_stays(project, words):
    os.utime(project.folder / LOCK, (0, 0))
    project.git("checkout", "-q", *words)
    assert project.bring_back() == []
    assert project.git("rev-parse", "--abbrev-ref", "HEAD") == "HEAD"


def test_a_commit_that_was_checked_out_by_its_name_long_after_dvc_stays(project):
    os.utime(project.folder / LOCK, (0, 0))
    project.detach()
    assert project.bring_back() == []


def test_the_lock_of_the_index_is_removed(project):
    (project.folder / ".git/index.lock").touch()
    assert project.bring_back() == [".git/index.lock: was left by a git that was killed; removed"]


def test_what_git_cannot_do_is_one_message_and_the_stash_is_kept(project, monkeypatch):
    project.edit()
    project.stash()
    monkeypatch.setattr(edits, "_restore", lambda _, git, *others: git.restore("no such file"))
    with pytest.raises(UserError, match=r"can't be brought back \(`git stash list` has them\): 'error: pathspec"):
        list(recover(project.folder))
    assert project.git("stash", "list") != ""


@pytest.mark.long
@pytest.mark.promise(number=1)
def test_edits_survive_kills_of_an_experiment(made, tmp_path, pytestconfig):
    """At random moments, most of them while the edits are put aside."""
    workspace, moments = made.copy(tmp_path / "copy"), random.Random(0)
    git, folder = workspace.call, workspace.folder
    readme, reader = folder / "rnnlab/cli.py", folder / "rnnlab/memory.py"

    def edited():
        return git("git", "diff", "HEAD", "--", "rnnlab"), (folder / "notes.txt").read_text()

    for _ in range(max(10, pytestconfig.getoption("--kills"))):
        readme.write_text(readme.read_text() + "# mine\n")
        reader.write_text(reader.read_text() + "# staged\n")
        git("git", "add", str(reader))
        (folder / "notes.txt").write_text("untracked")
        before = edited()
        command = ["dvc", "exp", "run", "-S", f"workers={moments.randint(2, 1000)}", "check"]
        dvc = subprocess.Popen(command, cwd=folder, env=workspace.env, start_new_session=True, stdout=-3, stderr=-3)
        while dvc.poll() is None and not (folder / ".git/refs/stash").exists():
            time.sleep(0.002)
        time.sleep(moments.uniform(0, 0.3))
        os.killpg(dvc.pid, signal.SIGKILL)
        dvc.wait()
        list(bring_back_edits(folder))
        assert edited() == before
        assert git("git", "rev-parse", "--abbrev-ref", "HEAD").strip() in ("main", "master")
        git("git", "checkout", "-q", "-f", "HEAD")
        assert not psutil.pid_exists(dvc.pid)
