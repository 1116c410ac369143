"""Whether each promise of docs/promises.md holds: its tests, also those that take minutes, counted.

`python benchmarks/faults.py` tries all of them (an hour or more), with numbers these alone; other rows stay.
"""

import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from results import FILE, publish

ROOT = Path(__file__).parent.parent
KILLS = 30
PROMISES = {
    1: "killed anywhere: the next run ends as an untouched one",
    2: "full disk, read-only folder, quota: an error, old outputs whole",
    3: "bad input: one message, nothing touched",
    4: "numbers that go wrong: left out and named, the same bytes",
    5: "many at once: none lost, none doubled, none failed",
    6: "network: retried, bounded, checked",
    7: "security: no code from data, no secrets, no way out",
    8: "upgrades: another format is refused, the last one loads",
}


def main(numbers: Sequence[int]) -> None:
    if unknown := set(numbers) - set(PROMISES):
        sys.exit(f"error: there is no promise {min(unknown)}; there are 1 to {len(PROMISES)}")
    known = json.loads(FILE.read_text()).get("faults", {"rows": []})["rows"]
    rows = {row["number"]: row for row in known}
    for number in numbers:
        rows[number] = tried(number)
    publish("faults", [rows[number] for number in sorted(rows)])
    # Where nothing was tried, nothing is known to hold.
    sys.exit(any(rows[number]["lost"] or not rows[number]["tried"] for number in numbers))


def tried(number: int) -> dict[str, Any]:
    """Run a promise's tests; what they record goes with their counts."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        words = ["-m", f"promise(number={number})", f"--kills={KILLS}", f"--junit-xml={report}"]
        words += ["-o", "junit_family=xunit1"]  # which has properties
        if number == 1:  # kills don't mind each other
            words.append(f"--numprocesses={os.cpu_count()}")
        subprocess.run([sys.executable, "-m", "pytest", "--quiet", *words], cwd=ROOT, check=False)
        suite = next(ElementTree.parse(report).iter("testsuite"))
    skipped, lost = int(suite.get("skipped", 0)), int(suite.get("failures", 0)) + int(suite.get("errors", 0))
    count = int(suite.get("tests", 0)) - skipped
    recorded = [(str(found.get("name")), found.get("value")) for found in suite.iter("property")]
    figures = [f"{name}: {value}" for name, value in recorded if not name.startswith("hypothesis-")]  # its own notes
    return {
        "number": number,
        "promise": PROMISES[number],
        "tried": count,
        "survived": count - lost,
        "lost": lost,
        "skipped": skipped,
        "figures": "; ".join(figures),
        "seconds": round(time.perf_counter() - began),
        "date": datetime.date.today().isoformat(),
    }


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or list(PROMISES))
