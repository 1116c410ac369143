"""All models and baselines of each track, best first."""

from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from rnnlab.core.errors import UserError
from rnnlab.core.figures import places, write, write_mean
from rnnlab.core.files import read_json
from rnnlab.core.formats import LEADERBOARD, check_format, first_problem
from rnnlab.evaluation.metrics import UNDEFINED

SMALLER_IS_BETTER = {"series": True, "panel": True, "digits": False}
RANKED_BY = {"series": "rmse", "panel": "relative_rmse", "digits": "test_accuracy"}


class Column(NamedTuple):
    """Attributes:
    heading: ``{unit}`` in it is the target's.
    factor: what figures are multiplied by.
    decimals: None: as many as give the smallest figure of the column ``digits`` significant ones.
    """

    heading: str
    factor: float = 1
    decimals: int | None = None
    digits: int = 3


COLUMNS = {
    "series": {
        "rmse": Column("RMSE ({unit})", digits=4),
        "relative_rmse": Column("RMSE ÷ persistence"),
        "mae": Column("MAE ({unit})", digits=4),
        "mase": Column("MASE"),
        "mape": Column("MAPE (%)"),
        "directional_accuracy": Column("Direction (%)", 100, 1),
        "scaled_mse": Column("MSE (scaled)"),
    },
    "panel": {  # medians over symbols
        "relative_rmse": Column("RMSE ÷ persistence", 1, 3),
        "beaten": Column("Symbols it beats (%)", 100, 1),
        "mase": Column("MASE", 1, 3),
        "mape": Column("MAPE (%)"),
        "directional_accuracy": Column("Direction (%)", 100, 1),
    },
    "digits": {
        "test_accuracy": Column("Test accuracy (%)", 100, 2),
        "train_accuracy": Column("Train accuracy (%)", 100, 2),
        "macro_f1": Column("Macro F1", 1, 4),
        "ece": Column("ECE (%)", 100, 2),
    },
}
FILE = Path("metrics/leaderboard.json")
SINGLE_SPLIT = "On the single split, best first (`rnnlab forecast` and `rnnlab promote` take the first network):"
Entries = dict[str, dict[str, float | None]]  # by name
Board = dict[str, Entries]
HEADLINE: TypeAdapter[dict[str, dict[str, dict[str, float]]]] = TypeAdapter(dict[str, dict[str, dict[str, float]]])


def rank(results: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Board:
    """Order the models and baselines of each track by its metric.

    Args:
        results: track -> name -> what ``evaluation`` made.

    Returns:
        track -> name, best first -> metric -> mean over seeds, with ``METRIC_std`` beside it where there are several;
        and ``seeds`` that the means are over, and ``diverged`` that are left out; of a panel's networks, one a symbol
        and seed, likewise ``networks`` and ``diverged_networks``.
    """
    board: Board = {}
    for track, by_name in results.items():
        metric, sign = RANKED_BY[track], 1 if SMALLER_IS_BETTER[track] else -1
        entries: dict[str, dict[str, float | None]] = {}
        for name, result in by_name.items():
            entries[name] = {"seeds": result["seeds"], "diverged": len(result.get("diverged", ()))}
            if lost := sum(map(len, result.get("diverged_symbols", {}).values())):
                total = result["symbols_tested"] * result["seeds"]
                entries[name] |= {"networks": total - lost, "diverged_networks": lost}
            for key in COLUMNS[track]:
                figure = result["metrics"][key]
                entries[name][key] = figure["mean"]
                if figure["std"] is not None:
                    entries[name][f"{key}_std"] = figure["std"]

        def place(name: str, entries: Any = entries, metric: str = metric, sign: int = sign) -> tuple[bool, float]:
            figure = entries[name][metric]
            return figure is None, sign * (figure or 0.0)

        board[track] = {name: entries[name] for name in sorted(entries, key=place)}
    return board


def headline(board: Board) -> dict[str, Any]:
    """Of each entry only the figure that ranks it, and its standard deviation: what fits on a terminal.

    The format is a list, for DVC takes words for figures and would show them beside these.
    """
    return {"format": list(LEADERBOARD)} | {
        track: {
            name: {key: figures[key] for key in (metric, f"{metric}_std") if figures.get(key) is not None}
            for name, figures in board[track].items()
        }
        for track, metric in RANKED_BY.items()
        if track in board
    }


def ranking(board: Board, networks: Sequence[str]) -> dict[str, float]:
    """For `dvc metrics`: of each network the figure that ranks it, and of a series the best simple rule's."""
    found: dict[str, float] = {}
    for track, entries in board.items():
        figures = {name: figure for name in entries if (figure := entries[name][RANKED_BY[track]]) is not None}
        found |= {name: figure for name, figure in figures.items() if name in networks}
        rules = [figure for name, figure in figures.items() if name not in networks]
        found |= {"best_rule": rules[0]} if rules and track != "digits" else {}
    return found


def check_headline(content: Any, name: str) -> dict[str, dict[str, dict[str, float]]]:
    """The tracks of what ``headline`` made. ``name`` is what messages call it.

    Raises:
        UserError: if its format is another, or it is damaged.
    """
    check_format(content, LEADERBOARD, name)
    try:
        return HEADLINE.validate_python({key: value for key, value in content.items() if key != "format"}, strict=True)
    except ValidationError as error:
        raise UserError(f"{name}: is damaged: {first_problem(error)}; make it again (`dvc repro compare`)") from None


def read_headline() -> dict[str, dict[str, dict[str, float]]]:
    """As ``check_headline``, of the project's leaderboard."""
    return check_headline(read_json(FILE), str(FILE))


def best_network(track: str) -> str:
    """The network that leads the track's leaderboard.

    Raises:
        UserError: if there is no leaderboard, or no network of the track in it.
    """
    board = read_headline() if FILE.is_file() else {}
    for name in board.get("panel" if track == "series" and "panel" in board else track, {}):
        if Path(f"metrics/test/{name}.json").is_file():
            return name
    raise UserError(
        f"{FILE}: names no network of track {track}; run `dvc repro` in the project's folder, or say --model"
    )


def describe_better_rule(network: str) -> list[str]:
    """A sentence if the best simple rule of the series has a smaller error than a network; else none."""
    entries = read_headline().get("series", {}) if FILE.is_file() else {}
    rule = next((name for name in entries if not Path(f"metrics/test/{name}.json").is_file()), None)
    if rule is None or network not in entries or entries[rule]["rmse"] >= entries[network]["rmse"]:
        return []
    errors = [entries[name]["rmse"] for name in (rule, network)]
    its, ours = (write(error, places(errors, 4)) for error in errors)
    return [f"the error (RMSE) of the simple rule {rule} is smaller on the leaderboard: {its} against {ours}"]


def to_rows(track: str, entries: Entries, unit: str = "", without: Container[str] = ()) -> list[list[str]]:
    """A track's table as text, its headings first: each figure ± the standard deviation over seeds.

    Args:
        unit: of the target.
        without: columns that are left out.
    """
    columns = {key: column for key, column in COLUMNS[track].items() if key not in without}
    table = [["", *map(_label, entries, entries.values())]]
    for key, (heading, factor, decimals, digits) in columns.items():
        figures = [
            [None if each.get(name) is None else factor * (each[name] or 0.0) for name in (key, f"{key}_std")]
            for each in entries.values()
        ]
        shown = places([mean for mean, _ in figures], digits) if decimals is None else decimals
        table.append([heading.format(unit=unit), *(write_mean(mean, std, shown) for mean, std in figures)])
    return [list(row) for row in zip(*table, strict=True)]


def to_markdown(board: Board, verdicts: Mapping[str, str], titles: Mapping[str, str], unit: str) -> str:
    """Of each track its verdict and its table; of a series the verdict is on other steps than the table.

    Args:
        titles: of tracks that are not called by their own names.
        unit: of the series' target.
    """
    parts = []
    for track, entries in board.items():
        headings, *rows = to_rows(track, entries, unit)
        widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
        rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
        lines = [_line(cells, widths) for cells in (headings, rule, *rows)]
        title = f"## {titles.get(track, track)}"
        above = [SINGLE_SPLIT] if track == "series" else []
        parts.append("\n\n".join([title, verdicts[track], *above, "\n".join(lines), *dashes(track, entries)]) + "\n")
    return "\n".join(parts)


def dashes(track: str, entries: Entries) -> list[str]:
    """A sentence that says why the table has dashes; none where it has none."""
    columns = [key for key in COLUMNS[track] if key in UNDEFINED]
    missing = [key for key in columns if any(figures[key] is None for figures in entries.values())]
    reasons = "; ".join(f"{COLUMNS[track][key].heading}: {UNDEFINED[key]}" for key in missing)
    return [f"A dash: not defined ({reasons})."] if missing else []


def _label(name: str, figures: Mapping[str, float | None]) -> str:
    for what, gone in {"seeds": "diverged", "networks": "diverged_networks"}.items():
        count, diverged = figures.get(what) or 0, figures.get(gone) or 0
        if diverged:
            name += f" ({count:.0f} of {count + diverged:.0f} {what})"
    return name


def _line(cells: list[str], widths: list[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    return "| " + " | ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]) + " |"
