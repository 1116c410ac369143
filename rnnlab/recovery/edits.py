"""What `dvc exp run` does to git, and leaves so when it is killed: a user's uncommitted edits in a stash, HEAD without
its branch, a file of its own in the index.

At first the edits are in `git stash`; a moment later, and until the experiment ends, in the commit EXPERIMENT alone.
"""

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from git import Git

LOCK = Path(".dvc/tmp/lock")  # written when a DVC begins
SECONDS = 5  # from there to the first move of HEAD, at most
DVC_EDITS = {"params.yaml", "dvc.yaml", "dvc.lock"}  # that it writes itself
DVC_FILE = ".dvc/tmp/repro.dat"
RUNNING = "refs/exps/exec"  # what DVC refers to by names while an experiment runs
EXPERIMENT = f"{RUNNING}/EXEC_MERGE"  # the edits, and what `-S` changes
COMMIT = "commit: dvc: "  # in the log of HEAD, when an experiment is done


def bring_back_edits(root: Path) -> Iterator[str]:
    """Undo it, if DVC was killed; yield a sentence for each thing that was done.

    Raises:
        GitCommandError: if git can't do it; a stash is kept then.
    """
    if not (root / ".git").exists():
        return
    git = Git(root)
    git.update_environment(GIT_LITERAL_PATHSPECS="1")
    index_lock = root / ".git/index.lock"
    if index_lock.exists():
        index_lock.unlink()
        yield ".git/index.lock: was left by a git that was killed; removed"
    head, stash, running = _find(git, "HEAD"), _stash(git), git.for_each_ref(RUNNING, format="%(refname)").splitlines()
    detached = not git.symbolic_ref("-q", "HEAD", with_exceptions=False)
    if detached and running and git.reflog("-1", "--format=%gs", "HEAD").startswith(COMMIT):
        head = _find(git, "HEAD^")
    if detached and (stash or running or _just_now(root)) and (branch := _left_branch(git, head)):
        git.symbolic_ref("-m", "rnnlab: back from a killed experiment", "HEAD", f"refs/heads/{branch}")
        yield f"HEAD is at its branch {branch} again, which DVC had left when it was killed"
    if stash:
        yield from _unstash(root, git, head, stash)
    elif running and detached:
        lost = list[str]()
        if _find(git, f"{EXPERIMENT}^") == head:
            differ = {*_edits(git, head, EXPERIMENT)}.intersection(_edits(git, EXPERIMENT))
            lost = sorted(name for name in differ if _is_of(root, git, name, head))
        _restore(root, git, EXPERIMENT, lost)
        git.reset("-q")  # as DVC does at the end of an experiment: nothing is staged then
        if lost:
            yield f"brought back: edits of {', '.join(lost)}, which DVC had put aside when it was killed"
    for name in running:
        git.update_ref("--no-deref", "-d", name)


def _just_now(root: Path) -> bool:
    """Whether HEAD was moved just after a DVC had begun."""
    log, lock = root / ".git/logs/HEAD", root / LOCK
    return log.exists() and lock.exists() and 0 <= log.stat().st_mtime - lock.stat().st_mtime < SECONDS


def _stash(git: Git) -> str:
    """The last stash if it is DVC's, which was killed before it took the edits from there; else empty.

    libgit2, by which DVC stashes, ends the message with a new line, and git does not.
    """
    stash = _find(git, "refs/stash")
    if not stash or not git.cat_file("commit", stash, strip_newline_in_stdout=False).endswith("\n"):
        return ""
    return stash if _find(git, "refs/stash^1") == _find(git, "HEAD") else ""


def _unstash(root: Path, git: Git, base: str, stash: str) -> Iterator[str]:
    edits = _edits(git, base, stash)
    for name in edits:
        if name not in DVC_EDITS and not any(_is_of(root, git, name, commit) for commit in (base, stash)):
            yield (
                f"DVC put edits of {', '.join(edits)} aside when it was killed, and {name} was edited since: "
                "`git stash show -p` shows what it was, `git stash pop` after a commit takes it"
            )
            return
    before = git.stash("create", with_exceptions=False)
    git.read_tree(f"{stash}^2")  # what was staged
    _restore(root, git, stash, {*edits, *DVC_EDITS.intersection(_edits(git, base))})
    git.update_index("-q", "--refresh", with_exceptions=False)
    git.stash("drop", "-q")
    yield f"brought back: edits of {', '.join(edits)}, which DVC had put aside when it was killed"
    if before:
        yield f"the files as they were before that: git stash apply {before[:12]}"


def _find(git: Git, name: str) -> str:
    """The commit of a name; empty where there is none."""
    return str(git.rev_parse("-q", "--verify", name, with_exceptions=False))


def _edits(git: Git, *commits: str) -> list[str]:
    """The files that differ between two commits, or between one and the working tree."""
    names = str(git.diff("--name-only", "--no-renames", "-z", *commits, "--")).split("\0")[:-1]
    return [name for name in names if name != DVC_FILE]


def _restore(root: Path, git: Git, source: str, names: Collection[str]) -> None:
    """The files as a commit has them, also where it has none."""
    if not names:
        return
    there = str(git.ls_tree("-r", "-z", "--name-only", source, "--", *names)).split("\0")[:-1]
    if there:
        git.restore("--worktree", "--source", source, "--", *there)
    for name in set(names).difference(there):
        (root / name).unlink(missing_ok=True)


def _is_of(root: Path, git: Git, name: str, commit: str) -> bool:
    """Whether a file is a commit's, or the beginning of it: cut short when it was written, or not there."""
    path = root / name
    content = os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else b""
    shown = git.show(f"{commit}:{name}", stdout_as_string=False, strip_newline_in_stdout=False, with_exceptions=False)
    return bool(shown.startswith(content))


def _left_branch(git: Git, head: str) -> str:
    """The branch that HEAD was taken from by DVC, at the same commit; empty: it was not."""
    for said in git.reflog("--format=%gs", "HEAD").splitlines():
        branch = said.removeprefix("checkout: moving from ").removesuffix(f" to {head}")
        if said == f"checkout: moving from {branch} to {head}" and _find(git, f"refs/heads/{branch}") == head:
            return str(branch)
        if not said.startswith(("dvc: ", "reset: ", COMMIT)) and branch != head:  # else by a DVC since
            break
    return ""
