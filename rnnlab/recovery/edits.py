"""What `dvc exp run` does to git, and leaves so when it is killed: a user's uncommitted edits in a stash, HEAD without
its branch, a file of its own in the index.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from git import Git

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
        GitCommandError: if git can't do it; a stash is kept then.
    """
    lock = root / LOCK
    if not lock.is_file() or not (root / ".git").exists():
        return
    began, git = lock.stat().st_mtime, Git(root)
    index_lock = root / ".git/index.lock"
    if index_lock.exists() and index_lock.stat().st_mtime >= began:
        index_lock.unlink()
        yield ".git/index.lock: was left by DVC when it was killed; removed"
    branch = _left_branch(git)
    if branch:
        git.symbolic_ref("HEAD", f"refs/heads/{branch}")
        yield f"HEAD is at its branch {branch} again, which DVC had left when it was killed"
    if git.ls_files(DVC_FILE):
        git.rm("-q", "--cached", DVC_FILE)
    head, stash = _find(git, "HEAD"), _find(git, "refs/stash")
    if stash:
        parents, made = git.log("-1", "--format=%P%n%ct", stash).splitlines()
        base, index = parents.split()[:2]
        if base == head and -1 <= int(made) - began <= SECONDS:
            yield from _unstash(root, git, base, stash, index)
    elif branch and _find(git, f"{EXPERIMENT}^") == head:
        lost = [name for name in _edits(git, head, EXPERIMENT) if _is_of(root, git, name, head)]
        if lost:
            git.restore("--worktree", "--source", EXPERIMENT, "--", *lost)
            yield f"brought back: edits of {', '.join(lost)}, which DVC had put aside when it was killed"


def _unstash(root: Path, git: Git, base: str, stash: str, index: str) -> Iterator[str]:
    edits, is_of = _edits(git, base, stash), partial(_is_of, root, git)
    for name in edits:
        if name not in DVC_EDITS and not is_of(name, base) and not is_of(name, stash):
            yield f"edits that DVC put aside when it was killed are in `git stash`; {name} was edited since"
            return
    git.read_tree(index)  # what was staged
    git.restore("--worktree", "--source", stash, "--", *{*edits, *_edits(git, base)})
    git.update_index("-q", "--refresh", with_exceptions=False)
    git.stash("drop", "-q")
    yield f"brought back: edits of {', '.join(edits)}, which DVC had put aside when it was killed"


def _find(git: Git, name: str) -> str:
    """The commit of a name; empty where there is none."""
    return str(git.rev_parse("-q", "--verify", name, with_exceptions=False))


def _edits(git: Git, *commits: str) -> list[str]:
    """The files that differ between two commits, or between one and the working tree."""
    return str(git.diff("--name-only", "--no-renames", "-z", *commits, "--")).split("\0")[:-1]


def _is_of(root: Path, git: Git, name: str, commit: str) -> bool:
    """Whether a file is a commit's, or the beginning of it: cut short when it was written, or not there."""
    path = root / name
    shown = git.show(f"{commit}:{name}", stdout_as_string=False, strip_newline_in_stdout=False, with_exceptions=False)
    return bool(shown.startswith(path.read_bytes() if path.is_file() else b""))


def _left_branch(git: Git) -> str:
    """The branch that HEAD was taken from by the last DVC, at the same commit; empty: it was not."""
    if git.symbolic_ref("-q", "HEAD", with_exceptions=False):
        return ""
    head, said = git.rev_parse("HEAD"), git.reflog("-1", "--format=%gs", "HEAD")
    branch = str(said.removeprefix("checkout: moving from ").removesuffix(f" to {head}"))
    left = said == f"checkout: moving from {branch} to {head}"  # people do not type a commit of 40 digits
    return branch if left and _find(git, f"refs/heads/{branch}") == head else ""
