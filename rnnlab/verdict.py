"""The first sentence that a person reads of a track, written from the numbers."""

from collections.abc import Mapping
from typing import Any

from rnnlab.leaderboard import Board

LEVEL = 0.05  # of significance


def stock(board: Board, networks: list[str], comparison: Mapping[str, Any]) -> str:
    """Whether any network beats tomorrow = today.

    Args:
        networks: names of the entries that learned something.
        comparison: what ``comparison.compare_stock`` made.
    """
    entries, against = board["stock"], comparison["against_persistence"]
    best = next(name for name in entries if name in networks)
    ours, naive, p = entries[best]["rmse"] or 0.0, entries["persistence"]["rmse"] or 0.0, against[best]["p_holm"]
    # a horizon of one day has a name
    rival = "tomorrow = today" if comparison["horizon"] == 1 else "persistence"
    figures = f"an RMSE of {ours:.2f} points against {naive:.2f}"
    chance = "no test is possible" if p is None else f"Diebold-Mariano, Holm-corrected {_p(p)}"
    winners = [
        name
        for name in networks
        if against[name]["statistic"] is not None and against[name]["statistic"] < 0 and against[name]["p_holm"] < LEVEL
    ]
    many = f"the {len(networks)} networks" if len(networks) > 1 else "network"
    if winners:
        return (
            f"{len(winners)} of {many} beat{'s' * (len(winners) == 1)} {rival} on these {comparison['days']} days "
            f"beyond chance; the best, {best}, has {figures} ({chance})."
        )
    if ours < naive:
        return (
            f"None of {many} beats {rival} on these {comparison['days']} days beyond chance: the best, {best}, has "
            f"{figures}, a difference that may be luck ({chance})."
        )
    return (
        f"None of {many} beats {rival} on these {comparison['days']} days: the best, {best}, has {figures} ({chance})."
    )


def digits(board: Board, networks: list[str], results: Mapping[str, Any], comparison: list[Mapping[str, Any]]) -> str:
    """How many images the best network reads, and whether it differs from the next."""
    ranked = [name for name in board["digits"] if name in networks]
    best = ranked[0]
    low, high = results[best]["wilson_95"]
    sentence = (
        f"{best} reads {100 * (board['digits'][best]['test_accuracy'] or 0):.2f} % of {results[best]['images']:,} "
        f"images that it never saw (95 % interval {100 * low:.2f} to {100 * high:.2f})"
    )
    pair = next((pair for pair in comparison if {pair["a"], pair["b"]} == set(ranked[:2])), None)
    if pair is None:
        return sentence + "."
    other = f"{ranked[1]} {100 * (board['digits'][ranked[1]]['test_accuracy'] or 0):.2f} %"
    different = "a real difference" if pair["p"] < LEVEL else "which may be chance"
    return f"{sentence}; {other}, {different} (McNemar, {_p(pair['p'])})."


def _p(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
