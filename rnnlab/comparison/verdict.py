"""The first sentence that a person reads of a track, written from the numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

from rnnlab.comparison.leaderboard import Board
from rnnlab.core.figures import places, write
from rnnlab.windows.series_info import SeriesInfo

LEVEL = 0.05  # of significance
WALKED, SINGLE = "of walking forward", "of a single split"
HOW = "intersection-union of Diebold-Mariano tests, Holm-corrected"


def series(judged: Mapping[str, Any], info: SeriesInfo, where: str) -> str:
    """Whether any network beats every simple rule.

    Args:
        judged: what ``comparison.judge`` made.
        where: on which steps, in words that follow their number.
    """
    found = judged["networks"]
    winners, best = _winners(judged), best_network(judged)
    if winners:
        many = f"{len(winners)} of the {len(found)} networks beat{'s' * (len(winners) == 1)}"
        opening = f"{many} every simple rule" if len(found) > 1 else "The network beats every simple rule"
    else:
        none = f"None of the {len(found)} networks beats" if len(found) > 1 else "The network does not beat"
        opening = f"{none} every simple rule beyond chance"
    which = f": {best}" if len(winners) == 1 or len(found) == 1 else f". The best of them there, {best},"
    return f"{opening} on {info.count(judged['steps'])} {where}{which} {_against(best, judged, info)}."


def not_walked(networks: Sequence[str], walked: Sequence[str]) -> str:
    """Which networks the verdict does not know; empty: none."""
    others = [name for name in networks if name not in walked]
    return f" Not walked forward, as backtest.models does not name them: {', '.join(others)}." if others else ""


def plain_series(judged: Mapping[str, Any], info: SeriesInfo, where: str) -> str:
    """What ``series`` says, for a reader who does not know the tests.

    Args:
        where: on which steps, the words that the sentence begins with.
    """
    found, rmse = judged["networks"], judged["rmse"]
    winners, network = _winners(judged), best_network(judged)
    rule = min((name for name in rmse if name not in found), key=lambda name: rmse[name])
    decimals = places([rmse[network], rmse[rule]], 4)
    ours = write(rmse[network], decimals) + (f" {info.unit}" if info.unit != info.target else "")
    errors = f"{network}'s error (RMSE) is {ours}, that of {describe_rule(rule, info)}, {write(rmse[rule], decimals)}"
    if winners:
        many = f"{len(winners)} of {len(found)} networks beat{'s' * (len(winners) == 1)}"
        return f"{where}, {many} every simple rule: {errors}."
    if rmse[network] < rmse[rule]:
        return f"{where}, no network is shown to beat the best simple rule: {errors}. The difference may be chance."
    return f"{where}, no network beats the best simple rule: {errors}."


def best_network(judged: Mapping[str, Any]) -> str:
    """The one with the smallest error, of those that beat every rule if there are any."""
    return min(_winners(judged) or judged["networks"], key=lambda name: judged["rmse"][name])


def _winners(judged: Mapping[str, Any]) -> list[str]:
    return [name for name, claim in judged["networks"].items() if beats_every_rule(claim)]


def plain_digits(board: Board, networks: list[str], results: Mapping[str, Any]) -> str:
    """How many images the best network reads; of its first seed."""
    best = next(name for name in board["digits"] if name in networks)
    right, images = _first(results[best]), results[best]["images"]
    return f"{best} reads {right:.2f} % of {images:,} handwritten digits of the test part correctly."


def plain_panel(board: Board, networks: list[str], comparison: Mapping[str, Any]) -> str:
    """On how many symbols the best network beats persistence."""
    best = next(name for name in board["panel"] if name in networks)
    found = comparison["against_persistence"][best]
    return f"{best} beats persistence on {found['beaten']} of {found['symbols']} symbols."


def of_models(comparison: Mapping[str, Any], info: SeriesInfo) -> dict[str, str]:
    """What can be said of each network, walking forward where it walked and on the single split.

    Args:
        comparison: what ``compare`` made, with ``series`` and ``backtest``.
    """
    walked, single = comparison["backtest"]["judged"], comparison["series"]
    said = {}
    for name in single["networks"]:
        sentences = [_model(name, walked, info, WALKED)] if name in walked["networks"] else []
        said[name] = " ".join([*sentences, _model(name, single, info, SINGLE)])
    return said


def _model(name: str, judged: Mapping[str, Any], info: SeriesInfo, where: str) -> str:
    beats = "beats" if beats_every_rule(judged["networks"][name]) else "does not beat"
    return (
        f"On {info.count(judged['steps'])} {where} {name} {beats} every simple rule beyond chance: it "
        f"{_against(name, judged, info)}."
    )


def claim(name: str, judged: Mapping[str, Any], where: str) -> str:
    """Of one network in a line. ``where``: walking forward, or on the single split."""
    found, rmse = judged["networks"][name], judged["rmse"]
    rival = found["hardest"]
    decimals = places([rmse[name], rmse[rival]], 4)
    figures = f"RMSE {write(rmse[name], decimals)}, {rival} {write(rmse[rival], decimals)}"
    chance = _p(found["p_holm"]) if found["p_holm"] is not None else "no test is possible"
    beats = "beats" if beats_every_rule(found) else "is not shown to beat"
    return f"{name} {beats} every simple rule ({where}: {figures}, {chance})"


def beats_every_rule(found: Mapping[str, Any]) -> bool:
    """Of an entry of ``comparison.judge``'s networks."""
    return found["p_holm"] is not None and found["p_holm"] < LEVEL


def _against(name: str, judged: Mapping[str, Any], info: SeriesInfo) -> str:
    """A network's error beside that of the rule that is hardest for it."""
    found, rmse = judged["networks"][name], judged["rmse"]
    rival = found["hardest"]
    decimals = places([rmse[name], rmse[rival]], 4)
    figures = f"has an RMSE ({info.unit}) of {write(rmse[name], decimals)} against {write(rmse[rival], decimals)}"
    chance = f"{HOW}: {_p(found['p_holm'])}" if found["p_holm"] is not None else "no test is possible"
    return f"{figures} of {describe_rule(rival, info)}, the hardest rule ({chance})"


def describe_rule(rival: str, info: SeriesInfo) -> str:
    """A simple rule's name, and what it says where that is not in the name."""
    said = {"persistence": info.persistence, "seasonal_naive": info.season}.get(rival)
    return f"{rival} ({said})" if said else rival


def panel(board: Board, networks: list[str], comparison: Mapping[str, Any]) -> str:
    """On what share of symbols the best network beats persistence.

    Args:
        comparison: what ``panel_comparison.compare_panel`` made.
    """
    best = next(name for name in board["panel"] if name in networks)
    return panel_model(best, comparison)


def panel_model(name: str, comparison: Mapping[str, Any]) -> str:
    """One network over the symbols of a panel."""
    found = comparison["against_persistence"][name]
    chance, (ratio, share) = found["significant"]["benjamini_hochberg"], found["metrics"].values()
    if ratio is None:
        return f"{name} can't be held against persistence, which makes no error on any of its symbols."
    means = f" (means over {found['seeds']} seeds)" if found["seeds"] > 1 else ""
    return (
        f"{name} beats persistence on {100 * share:.1f} % of {found['symbols']} symbol{'s' * (found['symbols'] != 1)}, "
        "and the median of its errors is "
        f"{ratio:.3f} times persistence's{means}; beyond chance it is better on {chance['better']} symbols and worse "
        f"on {chance['worse']} (Diebold-Mariano, corrected by Benjamini and Hochberg)."
    )


def memory(found: Mapping[str, Any]) -> str:
    """Up to which length most seeds of each cell learned to add: to below half the error of always answering 1."""
    parts = []
    for cell, by_length in found["errors"].items():
        seeds = {int(n): sum(error < found["baseline"] / 2 for error in by_seed) for n, by_seed in by_length.items()}
        of = len(next(iter(by_length.values())))
        longest = max((n for n, learned in seeds.items() if 2 * learned > of), default=0)
        some = f" ({seeds[longest]} of {of} seeds)" if longest and seeds[longest] < of else ""
        parts.append(f"{cell} up to {longest} steps{some}" if longest else f"{cell} at no length")
    lengths = [int(length) for length in next(iter(found["errors"].values()))]
    span = f"{min(lengths)} to {max(lengths)} steps"
    return f"Trained alike on sequences of {span}, networks learned to remember: {', '.join(parts)}."


def digits(board: Board, networks: list[str], results: Mapping[str, Any], comparison: list[Mapping[str, Any]]) -> str:
    """How many images the best network reads, and whether it differs from the next; of their first seeds."""
    ranked = [name for name in board["digits"] if name in networks]
    best = ranked[0]
    low, high = results[best]["wilson_95"]
    sentence = (
        f"{best} reads {_first(results[best]):.2f} % of {results[best]['images']:,} test images correctly "
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
