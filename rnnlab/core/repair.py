"""Repair of two files that DVC writes in place: killed at that moment it leaves half of one, and refuses it ever after.

dvc.lock comes back as the commit has it, and the run cache knows what was made since: the next `dvc repro` takes it
from there. The table of DVC's own locks means nothing when DVC is gone, and is removed.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

from rnnlab.core.edits_put_aside import bring_back_edits
from rnnlab.core.files import write_bytes

LOCK, TABLE = Path("dvc.lock"), Path(".dvc/tmp/rwlock")


def repair(root: Path) -> list[Path]:
    """Repair what is cut short; return which files were."""
    repaired = []
    if not is_json(root / TABLE):
        (root / TABLE).unlink()
        repaired.append(TABLE)
    if not is_whole(root / LOCK):
        git = ["git", "-C", str(root), "show", f"HEAD:./{LOCK}"]
        done = subprocess.run(git, capture_output=True, check=False)
        if done.returncode == 0:
            write_bytes(root / LOCK, done.stdout)
        else:  # no commit has it: DVC makes it anew
            (root / LOCK).unlink()
        repaired.append(LOCK)
    return repaired


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


def main() -> None:
    """Before `dvc repro` in the Makefile: says what it repaired, if anything."""
    for path in repair(Path()):
        print(f"{path}: was cut short when DVC was killed; repaired", file=sys.stderr)
    for sentence in bring_back_edits(Path()):
        print(sentence, file=sys.stderr)


if __name__ == "__main__":
    main()
