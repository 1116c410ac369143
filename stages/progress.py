"""What a person sees of a training: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from collections.abc import Iterable, Iterator

from tqdm import tqdm

EPOCHS = 100  # between lines
SECONDS = 10.0


def report(epochs: Iterable[dict[str, float]], total: int, label: str) -> Iterator[dict[str, float]]:
    """Pass the epochs' figures on, and show them."""
    if sys.stderr.isatty():
        bar = tqdm(epochs, total=total, desc=label, unit="epoch", dynamic_ncols=True)
        for figures in bar:
            bar.set_postfix_str(_text(figures), refresh=False)
            yield figures
        return
    shown = time.monotonic()
    for epoch, figures in enumerate(epochs):
        if epoch % EPOCHS == 0 or epoch == total - 1 or time.monotonic() - shown > SECONDS:
            print(f"{label}: epoch {epoch:4}  {_text(figures)}", flush=True)
            shown = time.monotonic()
        yield figures


def _text(figures: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.4f}" for name, value in figures.items())
