"""The first sentence that a person reads of a track, written from the numbers."""

from collections.abc import Mapping
from typing import Any

from rnnlab.comparison.leaderboard import Board

LEVEL = 0.05  # of significance


def series(board: Board, networks: list[str], comparison: Mapping[str, Any]) -> str:
    """Whether any network beats tomorrow = today.

    Args:
        networks: names of the entries that learned something.
        comparison: what ``comparison.compare_series`` made.
    """
    entries, against = board["series"], comparison["against_persistence"]
    winners = [
        name for name in entries if name in networks and _differs(against[name]) and against[name]["statistic"] < 0
    ]
    best = winners[0] if winners else next(name for name in entries if name in networks)
    ours, naive, test = entries[best]["rmse"] or 0.0, entries["persistence"]["rmse"] or 0.0, against[best]
    # a horizon of one day has a name
    rival = "tomorrow = today" if comparison["horizon"] == 1 else "persistence"
    days = f"these {comparison['days']} days" if comparison["days"] > 1 else "the only day"
    figures = f"{best}, has an RMSE of {ours:.2f} points against {naive:.2f}"
    if test["p_holm"] is None:
        chance = "no test is possible"
    else:
        how = f"Diebold-Mariano, Holm-corrected {_p(test['p_holm'])}"
        if not _differs(test):
            chance = f"a difference that may be luck: {how}"
        else:
            chance = f"{'better' if test['statistic'] < 0 else 'worse'} beyond chance: {how}"
    if winners:
        many = f"{len(winners)} of the {len(networks)} networks beat{'s' * (len(winners) == 1)}"
        return f"{many} {rival} on {days}; the best of them, {figures} ({chance})."
    none = f"None of the {len(networks)} networks beats" if len(networks) > 1 else "The network does not beat"
    return f"{none} {rival} on {days} beyond chance: the best, {figures} ({chance})."


def panel(board: Board, networks: list[str], comparison: Mapping[str, Any]) -> str:
    """On what share of symbols the best network beats tomorrow = today.

    Args:
        comparison: what ``panel_comparison.compare_panel`` made.
    """
    best = next(name for name in board["panel"] if name in networks)
    rival = "tomorrow = today" if comparison["horizon"] == 1 else "persistence"
    return _over_symbols(best, rival, comparison["against_persistence"][best])


def panel_model(name: str, comparison: Mapping[str, Any]) -> str:
    """One network over the symbols of a panel."""
    return _over_symbols(name, "persistence", comparison["against_persistence"][name])


def _over_symbols(name: str, rival: str, found: Mapping[str, Any]) -> str:
    chance, (ratio, share) = found["significant"]["benjamini_hochberg"], found["metrics"].values()
    if ratio is None:
        return f"{name} can't be held against {rival}, which makes no error on any of its symbols."
    means = f" (means over {found['seeds']} seeds)" if found["seeds"] > 1 else ""
    return (
        f"{name} beats {rival} on {100 * share:.1f} % of {found['symbols']} symbol{'s' * (found['symbols'] != 1)}, "
        "and the median of its errors is "
        f"{ratio:.3f} times persistence's{means}; beyond chance it is better on {chance['better']} symbols and worse "
        f"on {chance['worse']} (Diebold-Mariano, corrected by Benjamini and Hochberg)."
    )


def model(name: str, result: Mapping[str, Any], persistence: Mapping[str, Any], comparison: Mapping[str, Any]) -> str:
    """One network against persistence."""
    test = comparison["against_persistence"][name]
    ours, naive = (found["metrics"]["rmse"]["mean"] for found in (result, persistence))
    if test["p_holm"] is None:
        chance = "no test is possible"
    elif _differs(test):
        chance = f"{'better' if test['statistic'] < 0 else 'worse'} beyond chance, {_p(test['p_holm'])}"
    else:
        chance = f"a difference that may be luck, {_p(test['p_holm'])}"
    return f"{name} has an RMSE of {ours:.2f} points on {comparison['days']} days, persistence {naive:.2f} ({chance})."


def _differs(test: Mapping[str, Any]) -> bool:
    return test["p_holm"] is not None and test["p_holm"] < LEVEL


def memory(found: Mapping[str, Any]) -> str:
    """Up to which length each cell learned to add: half the error of who always says 1."""
    parts = []
    for cell, by_length in found["errors"].items():
        learned = [int(n) for n, by_seed in by_length.items() if sum(by_seed) / len(by_seed) < found["baseline"] / 2]
        parts.append(f"{cell} {f'up to {max(learned)} steps' if learned else 'at no length'}")
    lengths = [int(length) for length in next(iter(found["errors"].values()))]
    span = f"{min(lengths)} to {max(lengths)} steps"
    return f"Trained alike on sequences of {span}, networks learned to remember: {', '.join(parts)}."


def digits(board: Board, networks: list[str], results: Mapping[str, Any], comparison: list[Mapping[str, Any]]) -> str:
    """How many images the best network reads, and whether it differs from the next; of their first seeds."""
    ranked = [name for name in board["digits"] if name in networks]
    best = ranked[0]
    low, high = results[best]["wilson_95"]
    sentence = (
        f"{best} reads {_first(results[best]):.2f} % of {results[best]['images']:,} images that it never saw "
        f"(95 % interval {100 * low:.2f} to {100 * high:.2f})"
    )
    pair = next((pair for pair in comparison if {pair["a"], pair["b"]} == set(ranked[:2])), None)
    if pair is None:
        return sentence + "."
    different = "which differs beyond chance" if pair["p"] < LEVEL else "which may be chance"
    return f"{sentence}; {ranked[1]} {_first(results[ranked[1]]):.2f} %, {different} (McNemar, {_p(pair['p'])})."


def _first(result: Mapping[str, Any]) -> float:
    """The first seed's accuracy in %."""
    return 100 * float(result["by_seed"][min(result["by_seed"], key=int)]["test_accuracy"])


def _p(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
