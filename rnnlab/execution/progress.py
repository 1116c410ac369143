"""What a person sees of a training: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from tqdm import tqdm

EPOCHS = 100  # between lines
SECONDS = 10.0

Result = TypeVar("Result")
Rows = list[dict[str, float]]  # of an epoch, one for each seed that is still learning


def report(trained: Iterable[Rows], epochs: int, label: str, each: str = "seed") -> Iterator[Rows]:
    """Pass on the rows of each epoch, show their means, and say which seeds stopped early.

    Args:
        each: what a row of an epoch is of.
    """
    shown, rows, learning = time.monotonic(), Rows(), set[float]()
    # drawn on a terminal alone, where lines go above it
    with tqdm(total=epochs, desc=label, unit="epoch", dynamic_ncols=True, disable=not sys.stderr.isatty()) as bar:
        for rows in trained:
            epoch = int(rows[0]["epoch"])
            if stopped := learning - {row["seed"] for row in rows}:
                bar.write(f"{label}: {each} {_listed(stopped)} stopped after epoch {epoch - 1}")
            learning = {row["seed"] for row in rows}
            if not bar.disable:
                bar.set_postfix_str(_text(rows, each), refresh=False)
                bar.update(epoch + 1 - bar.n)
            elif epoch % EPOCHS == 0 or epoch == epochs - 1 or time.monotonic() - shown > SECONDS:
                print(f"{label}: epoch {epoch:>4}  {_text(rows, each)}", flush=True)
                shown = time.monotonic()
            yield rows
        if rows and rows[0]["epoch"] < epochs - 1:
            last = f"stopped after epoch {rows[0]['epoch']}  {_text(rows, each)}"
            bar.write(f"{label}: {each} {_listed(learning)} {last}")


def count_done(
    done: Iterable[tuple[int, Result]], sizes: Sequence[int], known: int, label: str, unit: str
) -> Iterator[tuple[int, tuple[int, Result]]]:
    """Pass on the tasks that are done, each with how many units of work are, and show it.

    Args:
        sizes: units of each task.
        known: units that were done before.
    """
    began, total = time.monotonic(), known + sum(sizes)
    shown = began
    with tqdm(total=total, initial=known, desc=label, unit=unit, disable=not sys.stderr.isatty()) as bar:
        count = known
        for place, result in done:
            count += sizes[place]
            bar.update(sizes[place])
            if bar.disable and (count == total or time.monotonic() - shown > SECONDS):
                shown = time.monotonic()
                left = (shown - began) / (count - known) * (total - count)
                print(f"{label}: {count:,} of {total:,} {unit}s, {left:.0f} s left", flush=True)
            yield count, (place, result)


def _listed(seeds: set[float]) -> str:
    return ", ".join(str(seed) for seed in sorted(seeds))


def _text(rows: Rows, each: str) -> str:
    names = [name for name in rows[0] if name not in ("seed", "epoch")]
    means = {name: sum(row[name] for row in rows) / len(rows) for name in names}
    figures = "  ".join(f"{name} {value:.4f}" for name, value in means.items())
    return f"{figures}  (mean of {len(rows)} {each}s)" if len(rows) > 1 else figures
