"""What `dvc exp run` does to git, and leaves so when it is killed: a user's uncommitted edits in a stash, HEAD without
its branch, a file of its own in the index.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

from rnnlab.core.errors import UserError

LOCK = Path(".dvc/tmp/lock")  # written when a DVC begins
SECONDS = 10  # from there to the stash, at most
DVC_EDITS = ("params.yaml", "dvc.yaml")  # with `-S`
DVC_FILE = ".dvc/tmp/repro.dat"
EXPERIMENT = "refs/exps/exec/EXEC_MERGE"  # the edits, and what `-S` changes


def bring_back_edits(root: Path) -> Iterator[str]:
    """Undo it, if DVC was killed; yield a sentence for each thing that was done.

    A stash is DVC's if it is of the commit that HEAD is at, and was made just after the last DVC had begun. A moment
    later the edits are in the commit of the experiment alone.

    Raises:
        UserError: if git can't do it; a stash is kept then.
    """
    lock = root / LOCK
    if not lock.is_file() or not (root / ".git").exists():
        return
    began, git = lock.stat().st_mtime, _Git(root)
    index_lock = root / ".git/index.lock"
    if index_lock.exists() and index_lock.stat().st_mtime >= began:
        index_lock.unlink()
        yield ".git/index.lock: was left by DVC when it was killed; removed"
    branch = _left_branch(git)
    if branch:
        git("symbolic-ref", "HEAD", f"refs/heads/{branch}")
        yield f"HEAD is at its branch {branch} again, which DVC had left when it was killed"
    if git.ask("ls-files", DVC_FILE):
        git("rm", "-q", "--cached", DVC_FILE)
    head, stash = git("rev-parse", "HEAD"), git.ask("rev-parse", "-q", "--verify", "refs/stash")
    if stash:
        parents, made = git("log", "-1", "--format=%P%n%ct", stash).splitlines()
        base, index = parents.split()[:2]
        if base == head and -1 <= int(made) - began <= SECONDS:
            yield from _unstash(git, base, stash, index)
    elif branch and git.ask("rev-parse", "-q", "--verify", f"{EXPERIMENT}^") == head:
        lost = [name for name in git.edits(head, EXPERIMENT) if git.is_of(name, head)]
        if lost:
            git("restore", "--worktree", "--source", EXPERIMENT, "--", *lost)
            yield f"brought back: edits of {', '.join(lost)}, which DVC had put aside when it was killed"


def _unstash(git: "_Git", base: str, stash: str, index: str) -> Iterator[str]:
    edits = git.edits(base, stash)
    for name in edits:
        if name not in DVC_EDITS and not git.is_of(name, base) and not git.is_of(name, stash):
            yield f"edits that DVC put aside when it was killed are in `git stash`; {name} was edited since"
            return
    git("read-tree", index)  # what was staged
    git("restore", "--worktree", "--source", stash, "--", *{*edits, *git.edits(base)})
    git.ask("update-index", "-q", "--refresh")
    git("stash", "drop", "-q")
    yield f"brought back: edits of {', '.join(edits)}, which DVC had put aside when it was killed"


class _Git:
    def __init__(self, root: Path) -> None:
        self._root = root

    def __call__(self, *args: str) -> str:
        done = self._run(*args)
        if done.returncode:
            raise UserError(f"git {' '.join(args)[:200]}: {done.stderr.strip()}")
        return done.stdout.removesuffix("\n")

    def ask(self, *args: str) -> str:
        """Empty where git says no."""
        done = self._run(*args)
        return "" if done.returncode else done.stdout.removesuffix("\n")

    def edits(self, *commits: str) -> list[str]:
        """The files that differ between two commits, or between one and the working tree."""
        return self("diff", "--name-only", "--no-renames", "-z", *commits, "--").split("\0")[:-1]

    def is_of(self, name: str, commit: str) -> bool:
        """Whether a file is a commit's, or the beginning of it: cut short when it was written, or not there."""
        path = self._root / name
        content = path.read_bytes() if path.is_file() else b""
        shown = subprocess.run(
            ["git", "-C", str(self._root), "show", f"{commit}:{name}"], capture_output=True, check=False
        )
        return shown.stdout.startswith(content)

    def _run(self, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["git", "-C", str(self._root), *args], capture_output=True, text=True, check=False)


def _left_branch(git: _Git) -> str:
    """The branch that HEAD was taken from by the last DVC, at the same commit; empty: it was not."""
    if git.ask("symbolic-ref", "-q", "HEAD"):
        return ""
    head, said = git("rev-parse", "HEAD"), git.ask("reflog", "-1", "--format=%gs", "HEAD")
    branch = said.removeprefix("checkout: moving from ").removesuffix(f" to {head}")
    left = said == f"checkout: moving from {branch} to {head}"  # people do not type a commit of 40 digits
    return branch if left and git.ask("rev-parse", "-q", "--verify", f"refs/heads/{branch}") == head else ""
