"""What a person sees of a training: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from collections.abc import Iterable, Iterator

from tqdm import tqdm

EPOCHS = 100  # between lines
SECONDS = 10.0


def report(rows: Iterable[dict[str, float]], epochs: int, seeds: int, label: str) -> Iterator[dict[str, float]]:
    """Pass on the figures of each epoch of each seed, and show them."""
    if sys.stderr.isatty():
        bar = tqdm(rows, total=epochs * seeds, desc=label, unit="epoch", dynamic_ncols=True)
        for row in bar:
            bar.set_postfix_str(_text(row), refresh=False)
            yield row
        return
    shown = time.monotonic()
    for row in rows:
        if row["epoch"] % EPOCHS == 0 or row["epoch"] == epochs - 1 or time.monotonic() - shown > SECONDS:
            print(f"{label}: {_text(row)}", flush=True)
            shown = time.monotonic()
        yield row


def _text(row: dict[str, float]) -> str:
    figures = "  ".join(f"{name} {value:.4f}" for name, value in row.items() if name not in ("seed", "epoch"))
    return f"seed {row['seed']}  epoch {row['epoch']:>4}  {figures}"
