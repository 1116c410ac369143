"""Model cards (Mitchell et al. 2019): what a person should know of a model before using it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnlab.comparison import verdict
from rnnlab.comparison.leaderboard import dashes, rank, to_rows
from rnnlab.core.figures import places, write
from rnnlab.core.model_params import CellModel, CustomModel, Model
from rnnlab.core.params import Params
from rnnlab.windows.series_info import SeriesInfo

Result = Mapping[str, Any]


@dataclass(frozen=True)
class About:
    """Attributes:
    info: of the series.
    steps: of which parts, in words.
    """

    info: SeriesInfo
    steps: str

    @staticmethod
    def simple(name: str, judged: Result, baselines: Mapping[str, Result]) -> dict[str, Result]:
        """The rules that stand beside a network: persistence, and the one that is hardest for it."""
        rules = dict.fromkeys(["persistence", judged["networks"][name]["hardest"]])
        return {rule: baselines[rule] for rule in rules}


SERIES_SOURCES = {
    "sample": "GOOG, daily, from matplotlib's sample data",
    "kospi": "the KOSPI index, daily",
    "laser": "the first 431 values of the Santa Fe laser (Weigend and Gershenfeld 1993), from reservoirpy",
    "elnino": "monthly temperatures of the sea's surface, El Niño 1+2, from statsmodels",
    "sunspots": "yearly numbers of sunspots, from statsmodels",
}
DIGITS_SOURCES = {"sample": "scikit-learn's handwritten digits", "mnist": "MNIST, handwritten digits"}
SERIES_LIMITS = """\
- It was measured on the {words} above, of one series. Other series, and {words} unlike these, it has not seen.
- Where a simple rule is as good or better, use the simple rule.
- Intervals are as wide as the last errors say. Where the series grows wilder they are too narrow at first.
- Values far outside those of the training part make it worthless, above all one that learns the level."""
MARKET_LIMITS = """
- No figure here is advice to buy or sell.
- The next date is the next of the weekdays on which there were rows lately: exchange holidays are not known."""
PANEL_LIMITS = """\
- It was measured on the symbols and {words} above, and on none that had vanished before them.
- Symbols move together. Many of them on the same {words} say less than as many on others.
- Where a simple rule is as good or better, use the simple rule."""
DIGITS_LIMITS = """\
- It knows the ten digits and nothing else: every picture is read as one of them, and often with confidence.
- It was measured on images made like those that it learned from. Other pens, scanners and hands may be read worse."""


def series(
    name: str, result: Result, baselines: Mapping[str, Result], comparison: Result, params: Params, about: About
) -> str:
    """Markdown.

    Args:
        result, baselines: what ``evaluation`` made.
        comparison: what ``compare`` made.
    """
    series, model, info = params.series, params.model(name), about.info
    source = SERIES_SOURCES.get(series.source) or f"`{Path(series.path).name}`"
    found, decimals = result["intervals"], places([each["width"] for each in result["intervals"].values()], 3)
    intervals = [
        f"- {level} %: {_percent(each['coverage'])} of {info.count(each['steps'])} in it, "
        f"{write(each['width'], decimals)} {info.unit} wide"
        for level, each in found.items()
        if each["steps"]
    ]
    parts = {
        "Data": (
            f"Series {info.name}, source `{series.source}`: {source}. {', '.join(series.features)} in, "
            f"{series.target} out. {about.steps}"
        ),
        "Protocol": (
            f"{_network(model, result)}, output {model.output}, target {model.target}. "
            f"It reads {info.count(series.window.length)} and forecasts "
            f"{series.window.horizon} ahead; MinMax scaling fitted on {series.scale.fit_on}"
            f"{' (which leaks the test period)' if series.scale.fit_on == 'all' else ''}. "
            + _training(params.training_of(name).model_dump(), result)
        ),
        "Figures": _table("series", name, result, about.simple(name, comparison["series"], baselines), info.unit),
        "Intervals": "\n".join(intervals) or f"None: too few {info.words}.",
        "Limits": SERIES_LIMITS.format(words=info.words) + (MARKET_LIMITS if info.word == "trading day" else ""),
    }
    return _page(name, comparison["models"][name], parts)


def panel(
    name: str, result: Result, baselines: Mapping[str, Result], comparison: Result, params: Params, about: About
) -> str:
    """Markdown, of the networks of a panel; arguments as ``series``'s."""
    series, model, info = params.series, params.model(name), about.info
    kind = "one network for each symbol" if series.panel == "per_symbol" else "one network for all symbols"
    own = "all its rows (which leaks the test period)" if series.scale.fit_on == "all" else "its own past"
    parts = {
        "Data": (
            f"Panel {info.name}: {result['symbols']:,} symbols, tested on {result['days']:,} of their "
            f"{info.words}; {', '.join(series.features)} in, {series.target} out."
        ),
        "Protocol": (
            f"{kind.capitalize()}: {_network(model, result)}, output {model.output}, target {model.target}. It "
            f"reads {info.count(series.window.length)} of a symbol and forecasts {series.window.horizon} ahead; each "
            f"is scaled by {own}, and all parts end on {info.words} that the symbols share. "
            + _training(params.training_of(name).model_dump(), result)
        ),
        "Figures (medians over symbols)": _table("panel", name, result, {"persistence": baselines["persistence"]}),
        "Limits": PANEL_LIMITS.format(words=info.words),
    }
    return _page(name, verdict.panel_model(name, comparison["panel"]), parts)


def digits(
    name: str, result: Result, baselines: Mapping[str, Result], params: Params, images: Mapping[str, int]
) -> str:
    """Markdown.

    Args:
        images: their ``count``, ``length`` (rows) and ``features`` (pixels of a row), of all parts.
    """
    low, high = result["wilson_95"]
    source, aside = DIGITS_SOURCES[params.digits.source], params.digits.split.validation
    size, others = f"{images['length']} x {images['features']} pixels", images["count"] - result["images"]
    validation = f", {aside if aside >= 1 else _percent(aside)} of them set aside for validation" if aside else ""
    parts = {
        "Data": (
            f"Source `{params.digits.source}`: {source}, {images['count']:,} images of {size}. Tested on "
            f"{result['images']:,} that it never saw; trained on the other {others:,}{validation}."
        ),
        "Protocol": (
            f"{_network(params.model(name), result)}. It reads an image row by row. "
            + _training(params.training_of(name).model_dump(), result)
        ),
        "Figures": _table("digits", name, result, {"majority_class": baselines["majority_class"]}),
        "Intervals": f"Test accuracy of the first seed, 95 % (Wilson): {_percent(low)} to {_percent(high)}.",
        "Limits": DIGITS_LIMITS,
    }
    accuracy = 100 * result["metrics"]["test_accuracy"]["mean"]
    return _page(name, f"{name} reads {accuracy:.2f} % of {result['images']:,} test images correctly.", parts)


def _network(model: Model, result: Result) -> str:
    if isinstance(model, CustomModel):
        given = ", ".join(f"{key} {value}" for key, value in model.arguments.items())
        return f"`{model.network}`{f' ({given})' * bool(given)}, {result['parameters']:,} parameters"
    assert isinstance(model, CellModel)
    directions = " in both directions" if model.bidirectional else ""
    size = f"hidden size {model.hidden_size}, {model.num_layers} layer{'s' * (model.num_layers > 1)}"
    return f"{model.cell}{directions}, {size}, {result['parameters']:,} parameters"


def _training(training: Mapping[str, Any], result: Result) -> str:
    diverged = ", ".join(result["diverged"])
    networks = sum(map(len, result.get("diverged_symbols", {}).values()))
    return (
        f"{training['seeds']} seed{'s' * (training['seeds'] > 1)} from {training['seed']}, "
        f"at most {training['epochs']} epochs, batch {training['batch_size']}, Adam, "
        f"learning rate {training['learning_rate']:g} ({training['schedule']})."
        + (f" Left out, as their losses were not finite: seeds {diverged}." if diverged else "")
        + (f" Left out, as their losses were not finite: {networks} networks." if networks else "")
    )


def _table(track: str, name: str, result: Result, baselines: Mapping[str, Result], unit: str = "") -> str:
    board = rank({track: {name: result} | dict(baselines)})[track]
    entries = {entry: board[entry] for entry in (name, *baselines)}
    columns = list(zip(*to_rows(track, entries, unit), strict=True))  # a figure a line: a card is narrow
    heading, *lines = [" | ".join(column) for column in columns]
    table = "\n".join(f"| {line} |" for line in [heading, " | ".join(["---"] * len(columns[0])), *lines])
    return "\n\n".join([table, *dashes(track, entries)])


def _page(name: str, sentence: str, parts: Mapping[str, str]) -> str:
    return "\n\n".join([f"# {name}", sentence, *(f"## {title}\n\n{text}" for title, text in parts.items())]) + "\n"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
