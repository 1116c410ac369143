"""Repair of two files that DVC writes in place: killed at that moment it leaves half of one, and refuses it ever after.

dvc.lock comes back as the commit has it, and the run cache knows what was made since: the next `dvc repro` takes it
from there. The table of DVC's own locks means nothing when DVC is gone, and is removed.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

from rnnlab.core.files import write_bytes

LOCK, TABLE = Path("dvc.lock"), Path(".dvc/tmp/rwlock")


def repair(root: Path) -> Iterator[str]:
    """Repair what is cut short; yield a sentence for each file that was."""
    if not is_json(root / TABLE):
        (root / TABLE).unlink()
        yield f"removed: {TABLE}, which was cut short when DVC was killed"
    if not is_whole(root / LOCK):
        git = ["git", "-C", str(root), "show", f"HEAD:./{LOCK}"]
        done = subprocess.run(git, capture_output=True, check=False)
        if done.returncode == 0:
            write_bytes(root / LOCK, done.stdout)
            yield f"{LOCK}: was cut short when DVC was killed; is the last commit's again"
        else:
            (root / LOCK).unlink()
            yield f"removed: {LOCK}, which was cut short when DVC was killed, and which no commit has"


def is_json(path: Path) -> bool:
    """One that is not there too."""
    try:
        json.loads(path.read_bytes())
    except FileNotFoundError:
        return True
    except ValueError:
        return False
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
