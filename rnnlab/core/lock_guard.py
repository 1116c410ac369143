"""A guard of two files that DVC writes in place. Killed at that moment it leaves half of one, which it refuses ever
after: dvc.lock, and its table of who reads and writes what, which means nothing when DVC is gone.

Each stage keeps a copy of the whole dvc.lock, and sees to it that a guard is there: a process in a session of its own,
which outlives DVC when its process group is killed, and brings the copy back where that is needed.
"""

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from rnnlab.core.files import write_bytes
from rnnlab.core.processes import caller

LOCK, COPY, TABLE = Path("dvc.lock"), Path(".dvc/tmp/dvc.lock.whole"), Path(".dvc/tmp/rwlock")
GUARDED = Path(".dvc/tmp/guard.lock")


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
    if parent := caller():
        subprocess.Popen(
            [sys.executable, "-m", "rnnlab.core.lock_guard", str(parent.pid)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def mend(root: Path) -> list[Path]:
    """Bring back the last whole dvc.lock, and remove the table, where DVC was killed while it wrote them; name them."""
    mended = []
    if not is_json(root / TABLE):
        (root / TABLE).unlink()
        mended.append(TABLE)
    if not is_whole(root / LOCK) and (root / COPY).exists():
        write_bytes(root / LOCK, (root / COPY).read_bytes())
        mended.append(LOCK)
    return mended


def is_json(path: Path) -> bool:
    """Still after a moment, in which another DVC may write it; one that is not there too."""
    for wait in (0.0, 0.5):
        time.sleep(wait)
        try:
            json.loads(path.read_bytes())
        except FileNotFoundError:
            return True
        except ValueError:
            continue
        return True
    return False


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
