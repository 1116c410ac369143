"""A guard of dvc.lock. DVC writes it in place: killed at that moment it leaves half of it, which it refuses ever after.

Each stage keeps a copy of the whole file, and sees to it that a guard is there: a process in a session of its own,
which outlives DVC when its process group is killed, and brings the copy back where that is needed.
"""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from stages.files import write_bytes

LOCK, COPY, GUARDED = Path("dvc.lock"), Path(".dvc/tmp/dvc.lock.whole"), Path(".dvc/tmp/guard.lock")
SHELLS = {"sh", "bash", "dash"}


def watch() -> None:
    """In a stage, for which DVC waits with a whole dvc.lock. A temporary copy of the project needs no guard."""
    if os.environ.get("DVC_ROOT") != os.getcwd() or not LOCK.exists():
        return
    write_bytes(COPY, LOCK.read_bytes())
    try:
        with FileLock(GUARDED, timeout=0):
            pass
    except Timeout:
        return  # there is one
    parent = psutil.Process().parent()
    while parent and parent.name() in SHELLS:
        parent = parent.parent()
    if parent:
        subprocess.Popen(
            [sys.executable, "-m", "stages.lock_guard", str(parent.pid)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def mend(root: Path) -> bool:
    """Bring back the last whole dvc.lock where DVC was killed while it wrote it; whether that was needed."""
    if is_whole(root / LOCK) or not (root / COPY).exists():
        return False
    write_bytes(root / LOCK, (root / COPY).read_bytes())
    return True


def is_whole(path: Path) -> bool:
    """As DVC sees it; one that is not there too."""
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA
    from dvc.utils.serialize import YAMLFileCorruptedError, parse_yaml
    from voluptuous import Invalid

    try:
        text = path.read_text(encoding="utf-8")
        COMPILED_LOCKFILE_SCHEMA(parse_yaml(text, str(path)))
    except FileNotFoundError:
        return True
    except (YAMLFileCorruptedError, Invalid, UnicodeDecodeError):
        return False
    return text.endswith("\n")


def main(pid: int) -> None:
    with FileLock(GUARDED, timeout=0):
        with suppress(psutil.NoSuchProcess):
            psutil.Process(pid).wait()
        mend(Path())


if __name__ == "__main__":
    with suppress(Timeout):  # another was sooner
        main(int(sys.argv[1]))
