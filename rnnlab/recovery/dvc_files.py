"""Repair of two files that DVC writes in place: killed at that moment it leaves half of one, and refuses it ever after.

dvc.lock comes back as the commit has it, and the run cache knows what was made since: the next `dvc repro` takes it
from there. The table of DVC's own locks means nothing when DVC is gone, and is removed.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from dvc.schema import COMPILED_LOCKFILE_SCHEMA
from dvc.utils.serialize import YAMLFileCorruptedError, parse_yaml
from git import Git
from voluptuous import Invalid

LOCK = Path("dvc.lock")
TABLES = Path(".dvc/tmp/rwlock"), Path(".dvc/tmp/exps/rwlock")


def repair(root: Path) -> Iterator[str]:
    """Repair what is cut short; yield a sentence for each file that was."""
    for path in (*TABLES, LOCK):
        if not is_whole(root / path):
            (root / path).unlink()
            if path == LOCK:
                Git(root).restore("--source", "HEAD", "--", str(LOCK), with_exceptions=False)  # where a commit has it
            back = "is the last commit's again, and `dvc repro` brings the rest"
            yield f"{path}: was cut short when DVC was killed; {back if (root / path).exists() else 'removed'}"


def is_whole(path: Path) -> bool:
    """As DVC sees it; one that is not there too."""
    try:
        text = path.read_text(encoding="utf-8")
        if path.name == LOCK.name and "\n<<<<<<< " in text:  # two versions to choose from, by the user
            return True
        if path.name != LOCK.name:
            json.loads(text)
            return True
        COMPILED_LOCKFILE_SCHEMA(parse_yaml(text, str(path)))
    except FileNotFoundError:
        return True
    except (ValueError, YAMLFileCorruptedError, Invalid):
        return False
    return text.endswith("\n")
