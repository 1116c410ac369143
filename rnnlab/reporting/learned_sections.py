"""What the networks learned: their cells, states, and what a forecast depends on; and the memory track."""

from collections.abc import Iterator, Mapping
from typing import Any

from rnnlab.comparison import verdict
from rnnlab.reporting import learned_charts, tables
from rnnlab.reporting.page import Block, Chart, Flow, Fold, Section, Text
from rnnlab.reporting.track import Track
from rnnlab.windows.series_info import SeriesInfo

CELLS = (
    "What goes into each network, its layers with their gates, and how many parameters are learned. A gate is a number "
    "between 0 and 1 for each unit that says how much is let through (docs/tutorial.md explains each)."
)
STATES = (
    "Gates and states of the trained network (its first seed) while it reads a window: a column for each step, a row "
    "for each unit. Orange is positive, blue negative; a gate near 1 is open, near 0 closed."
)
ATTRIBUTION = (
    "What the forecast depends on: the mean size of each input's contribution to the forecasts of the test part, in "
    "{unit} (integrated gradients, Sundararajan et al. 2017; reference: {baseline})."
)
MEMORY = (
    "A network reads numbers, two of which are marked, and must give their sum at the end: the longer the sequence, "
    "the longer it must remember (Hochreiter and Schmidhuber 1997). Each was trained for {steps} steps. Always "
    "answering 1, the mean of the sums, gives the dashed line: a network on it has learned nothing. {verdict}"
)
GRADIENTS = (
    "Training changes the weights by the gradient of the error. The chart shows how large the gradient still is at the "
    "input some steps before the last, in sequences of {length} steps, before and after training. Where it is nearly "
    "0, a network cannot learn to remember. At the first step of the sequence it is, after training, {first}."
)


def series(track: Track, info: SeriesInfo) -> list[Section]:
    """A section, where something was computed."""
    learned = {name: track.learned[name] for name in track.predictions if name in track.learned}
    if not learned:
        return []
    flows = [_flow(name, found["architecture"], info) for name, found in learned.items()]
    blocks: list[Block] = [Text(CELLS), *flows[:3]]
    if flows[3:]:
        blocks.append(Fold("The other networks", flows[3:]))
    if recurrent := {name: found for name, found in learned.items() if found["windows"]}:
        gated_first = dict(sorted(recurrent.items(), key=lambda item: item[1]["architecture"].get("cell") == "rnn"))
        blocks.append(Chart(learned_charts.states(gated_first), STATES))
    attributed = {name: found for name, found in learned.items() if found.get("attribution")}
    if attributed:
        baseline = next(iter(attributed.values()))["attribution"]["baseline"]
        caption = ATTRIBUTION.format(unit=info.unit, baseline=baseline)
        blocks.append(Chart(learned_charts.attribution(attributed, info.unit), caption))
    return [Section("What the networks learned", blocks)]


def memory(found: Mapping[str, Any]) -> Section:
    """Args:
    found: what ``memory.measure`` made.
    """
    always, gradients = "always says 1", found["gradients"]
    lines = {f"{cell}, {when}": norms for when in ("trained", "untrained") for cell, norms in gradients[when].items()}
    errors = learned_charts.memory_errors(found["errors"], always, found["baseline"])
    first = ", ".join(f"{norms[-1]:.0e} ({cell})" for cell, norms in gradients["trained"].items())
    reach = "Norm of the gradient by distance, mean over seeds"
    return Section(
        "Memory",
        [
            Text(MEMORY.format(steps=found["steps"], verdict=verdict.memory(found))),
            Chart(errors, "Error on sequences that the network never saw, by their length"),
            Text(GRADIENTS.format(length=found["length"], first=first)),
            Chart(learned_charts.memory_gradients(lines), reach),
            Fold("The figures", [tables.memory(found)]),
        ],
    )


def _flow(name: str, architecture: Mapping[str, Any], info: SeriesInfo) -> Flow:
    length, features = architecture["length"], architecture["features"]
    boxes = [
        ("window", [f"{info.count(length)} ×", f"{len(features)} columns: {', '.join(features)}"]),
        *_layers(architecture),
    ]
    total = sum(block["parameters"] for block in architecture["blocks"])
    return Flow(f"{name}: {total:,} parameters", [*boxes, ("forecast", [info.target])])


def _layers(architecture: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    for block in architecture["blocks"]:
        lines = [f"{block['parameters']:,} parameters"]
        if block.get("gates"):
            lines.insert(0, f"gates: {', '.join(block['gates'])}")
        if block.get("units"):
            lines.insert(0, f"{block['units']} units")
        yield block["name"], lines
