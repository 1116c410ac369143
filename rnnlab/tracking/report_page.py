"""The report among a run's artifacts, which says when, by which experiment and on which commit it was made.

The page in report/ can't say that: its bytes would differ each time, and dvc.lock has their hash.
"""

from datetime import UTC, datetime
from html import escape
from pathlib import Path

from rnnlab.core.files import read_json
from rnnlab.core.tables import METRICS
from rnnlab.tracking.mirror import Result, find
from rnnlab.tracking.run_info import commit
from rnnlab.tracking.store import Store

PAGE = Path("report/index.html")
PLACE = "<!-- made -->"  # in the page


def attach(store: Store, made: dict[str, Result], by: dict[str, str]) -> None:
    """Add the page to the run of the best network of those that have a new run: one run an experiment is enough.

    Args:
        made: the results that have a new run, by model.
        by: the experiment that made each, empty for none.
    """
    boards = [board for board in read_json(METRICS / "leaderboard.json").values() if isinstance(board, dict)]
    best = next((made[name] for board in boards for name in board if name in made), None)
    run = best and find(store, best)
    if best is None or run is None or not PAGE.is_file():
        return
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    maker = f"experiment {by[best.model]}" if by[best.model] else "dvc repro"
    text = f"Made {now} by {maker}, on commit {commit()[:12] or 'none'}."
    page = PAGE.read_text(encoding="utf-8").replace(PLACE, f"<p>{escape(text)}</p>", 1)
    store.client.log_text(run, page, "report.html")
