"""The best network of the leaderboard as the champion of MLflow's model registry."""

from collections.abc import Iterator
from pathlib import Path

from rnnlab.comparison.leaderboard import FILE, RANKED_BY, SMALLER_IS_BETTER, best_network, read_headline
from rnnlab.core.errors import UserError
from rnnlab.tracking import registry
from rnnlab.tracking.export import log_exported
from rnnlab.tracking.mirror import find_key
from rnnlab.tracking.run_info import read_tracked
from rnnlab.tracking.store import open_store

BASELINE = {"series": "persistence", "digits": "majority_class"}


def promote_best(track: str, force: bool) -> Iterator[str]:
    """Register the network that leads the track's leaderboard; yield sentences on what was done.

    Args:
        force: also if it does not beat the baseline.

    Raises:
        UserError: if it can't be registered.
    """
    name, baseline, metric = best_network(track), BASELINE[track], RANKED_BY[track]
    board = read_headline().get(track)
    if board is None:
        raise UserError(
            f"{FILE}: a panel's networks are many, and no model of MLflow's: none can be promoted; "
            "`rnnlab serve --model NAME --symbol SYMBOL` serves one symbol's"
        )
    if missing := [entry for entry in (name, baseline) if metric not in board.get(entry, {})]:
        raise UserError(f"{FILE}: has no {metric} of {missing[0]}; make it anew (`dvc repro compare`)")
    ours, theirs = board[name][metric], board[baseline][metric]
    gain = theirs - ours if SMALLER_IS_BETTER[track] else ours - theirs
    compared = f"{name} has {metric} {ours:g}, {baseline} {theirs:g}"
    if gain <= 0 and not force:
        raise UserError(f"{compared}: it does not beat the baseline, and is not registered (--force does it anyway)")
    store, tracked = open_store(), read_tracked()
    run = find_key(store, track, tracked[name]["key"]) if name in tracked else None
    if run is None:
        raise UserError(f"{name}: its run is not in {store.shown}; `python -m stages.track` adds it")
    log_exported(store, track, run, name)
    card = Path(f"report/cards/{name}.md").read_text(encoding="utf-8")
    tags = {"model": name, metric: str(ours), f"baseline/{metric}": str(theirs)}
    version, before = registry.promote(store.client, track, run, card, tags)
    yield compared
    again = before and str(before.version) == version
    yield f"models:/{track}@champion is version {version}, {name}" + (", as before" if again else "")
    if before and not again:
        about = ", ".join(f"{key} {before.tags[key]}" for key in ("model", metric) if key in before.tags)
        yield f"models:/{track}@previous is version {before.version} ({about}), the champion before"
