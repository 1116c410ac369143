"""What a person sees of a training: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from collections.abc import Iterable, Iterator

from tqdm import tqdm

EPOCHS = 100  # between lines
SECONDS = 10.0

Rows = list[dict[str, float]]  # of an epoch, one for each seed


def report(trained: Iterable[Rows], epochs: int, label: str) -> Iterator[Rows]:
    """Pass on the rows of each epoch, and show their means."""
    if sys.stderr.isatty():
        with tqdm(total=epochs, desc=label, unit="epoch", dynamic_ncols=True) as bar:
            for rows in trained:
                bar.set_postfix_str(_text(rows), refresh=False)
                bar.update(int(rows[0]["epoch"]) + 1 - bar.n)
                yield rows
        return
    shown = time.monotonic()
    for rows in trained:
        epoch = rows[0]["epoch"]
        if epoch % EPOCHS == 0 or epoch == epochs - 1 or time.monotonic() - shown > SECONDS:
            print(f"{label}: epoch {epoch:>4}  {_text(rows)}", flush=True)
            shown = time.monotonic()
        yield rows


def _text(rows: Rows) -> str:
    names = [name for name in rows[0] if name not in ("seed", "epoch")]
    means = {name: sum(row[name] for row in rows) / len(rows) for name in names}
    figures = "  ".join(f"{name} {value:.4f}" for name, value in means.items())
    return f"{figures}  (mean of {len(rows)} seeds)" if len(rows) > 1 else figures
