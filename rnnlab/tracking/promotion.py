"""The best network of the leaderboard as the champion of MLflow's model registry."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rnnlab.comparison.leaderboard import FILE, RANKED_BY, best_network, read_headline
from rnnlab.comparison.verdict import beats_every_rule, claim
from rnnlab.core.errors import UserError
from rnnlab.core.files import read_json
from rnnlab.core.params_file import read_params
from rnnlab.core.tables import METRICS
from rnnlab.networks.weights_header import read_config
from rnnlab.tracking import registry
from rnnlab.tracking.export import log_exported
from rnnlab.tracking.mirror import find_key
from rnnlab.tracking.run_info import read_tracked
from rnnlab.tracking.store import open_store

BASELINE = "majority_class"  # of the digits


def promote_best(track: str, force: bool) -> Iterator[str]:
    """Register the network that leads the track's leaderboard; yield sentences on what was done.

    Args:
        force: also if the tests do not say that it beats every simple rule, or if the champion so far reads or
            forecasts something else; the version's tags then say so.

    Raises:
        UserError: if it can't be registered.
    """
    name, metric = best_network(track), RANKED_BY[track]
    board = read_headline().get(track)
    if board is None:
        raise UserError(
            f"{FILE}: the networks of a panel cannot be registered as a model; "
            "`rnnlab serve --model NAME --symbol SYMBOL` serves one symbol's"
        )
    if metric not in board.get(name, {}):
        raise UserError(f"{FILE}: has no {metric} of {name}; make it again (`dvc repro compare`)")
    said, sentence, beats = _series_claim(name) if track == "series" else _digits_claim(name, board)
    if not beats and not force:
        raise UserError(f"{said}; not registered (--force does it anyway)")
    registered = read_params().series.name if track == "series" else track
    store, tracked = open_store(registered if track == "series" else None), read_tracked()
    run = find_key(store, track, tracked[name]["key"]) if name in tracked else None
    if run is None:
        raise UserError(f"{name}: its run is not in {store.shown}; `python -m stages.track` adds it")
    about = _about(read_config(f"models/{name}.safetensors"))
    champion = registry.champion_tags(store.client, registered)
    if (differs := [key for key in about if key in champion and champion[key] != about[key]]) and not force:
        raise UserError(
            f"models:/{registered}@champion has {differs[0]} {champion[differs[0]]}, and {name} {about[differs[0]]}: "
            "give the series another name (series.name), or replace it with --force"
        )
    log_exported(store, track, run, name)
    card = Path(f"report/cards/{name}.md").read_text(encoding="utf-8")
    tags = {"model": name, metric: str(board[name][metric]), "verdict": sentence} | about
    if not beats or differs:
        tags["forced"] = "true"
    version, before = registry.promote(store.client, registered, run, card, tags)
    yield said
    again = before and str(before.version) == version
    yield f"models:/{registered}@champion is version {version}, {name}" + (", as before" if again else "")
    if before and not again:
        said = ", ".join(f"{key} {before.tags[key]}" for key in ("model", metric) if key in before.tags)
        yield f"models:/{registered}@previous is version {before.version} ({said}), the champion before"


def _series_claim(name: str) -> tuple[str, str, bool]:
    """What the tests say of a network, in a line and in full, and whether they say that it beats every simple rule:
    walking forward, or on the single split if it did not walk.
    """
    comparison = read_json(METRICS / "comparison.json")
    judged, where = comparison["backtest"]["judged"], "walking forward"
    if name not in judged["networks"]:
        judged, where = comparison["series"], "on the single split"
    return claim(name, judged, where), comparison["models"][name], beats_every_rule(judged["networks"][name])


def _digits_claim(name: str, board: Mapping[str, Mapping[str, float]]) -> tuple[str, str, bool]:
    metric = RANKED_BY["digits"]
    if metric not in board.get(BASELINE, {}):
        raise UserError(f"{FILE}: has no {metric} of {BASELINE}; make it again (`dvc repro compare`)")
    ours, theirs = board[name][metric], board[BASELINE][metric]
    beats = ours > theirs
    how = "beats" if beats else "does not beat"
    said = f"{name} has {metric} {ours:g}, {BASELINE} {theirs:g}: it {how} it"
    return said, f"{said}.", beats


def _about(config: Mapping[str, Any]) -> dict[str, str]:
    """What a champion and the one before must have in common."""
    if config["track"] == "digits":
        return {"pixels": f"{config['network']['length']} x {config['network']['input_size']}"}
    scaler = config["scaler"]
    return {"inputs": ", ".join(scaler["features"]), "target": scaler["target"]}
