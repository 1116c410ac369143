"""All models and baselines of each track, best first."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from rnnlab.core.errors import UserError
from rnnlab.core.files import read_json
from rnnlab.core.formats import LEADERBOARD, check_format, first_problem
from rnnlab.evaluation.metrics import UNDEFINED

SMALLER_IS_BETTER = {"series": True, "panel": True, "digits": False}
RANKED_BY = {"series": "rmse", "panel": "relative_rmse", "digits": "test_accuracy"}
# column: (heading, factor, decimals)
COLUMNS = {
    "series": {
        "rmse": ("RMSE (points)", 1, 2),
        "relative_rmse": ("RMSE ÷ persistence", 1, 2),
        "mae": ("MAE (points)", 1, 2),
        "mase": ("MASE", 1, 2),
        "mape": ("MAPE (%)", 1, 2),
        "r2": ("R²", 1, 3),
        "directional_accuracy": ("Direction (%)", 100, 1),
        "scaled_mse": ("MSE (scaled)", 1, 5),
    },
    "panel": {  # medians over symbols
        "relative_rmse": ("RMSE ÷ persistence", 1, 3),
        "beaten": ("Symbols it beats (%)", 100, 1),
        "mase": ("MASE", 1, 3),
        "mape": ("MAPE (%)", 1, 2),
        "directional_accuracy": ("Direction (%)", 100, 1),
    },
    "digits": {
        "test_accuracy": ("Test accuracy (%)", 100, 2),
        "train_accuracy": ("Train accuracy (%)", 100, 2),
        "macro_f1": ("Macro F1", 1, 4),
        "ece": ("ECE (%)", 100, 2),
    },
}
FILE = Path("metrics/leaderboard.json")
Board = dict[str, dict[str, dict[str, float | None]]]
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


def check_headline(content: Any, name: str) -> dict[str, dict[str, dict[str, float]]]:
    """The tracks of what ``headline`` made. ``name`` is what messages call it.

    Raises:
        UserError: if its format is another, or it is damaged.
    """
    check_format(content, LEADERBOARD, name)
    try:
        return HEADLINE.validate_python({key: value for key, value in content.items() if key != "format"}, strict=True)
    except ValidationError as error:
        raise UserError(f"{name}: is damaged: {first_problem(error)}; make it anew (`dvc repro compare`)") from None


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


def to_rows(track: str, entries: dict[str, dict[str, float | None]]) -> list[list[str]]:
    """A track's table as text, its headings first: mean ± standard deviation over seeds."""
    columns = COLUMNS[track]
    headings = ["", *(heading for heading, _, _ in columns.values())]
    return [headings] + [
        [_label(name, figures), *(_cell(figures, key, factor, places) for key, (_, factor, places) in columns.items())]
        for name, figures in entries.items()
    ]


def to_markdown(board: Board, verdicts: Mapping[str, str]) -> str:
    """Of each track its verdict and its table."""
    parts = []
    for track, entries in board.items():
        headings, *rows = to_rows(track, entries)
        widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
        rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
        lines = [_line(cells, widths) for cells in (headings, rule, *rows)]
        parts.append("\n\n".join([f"## {track}", verdicts[track], "\n".join(lines), *dashes(track, entries)]) + "\n")
    return "\n".join(parts)


def dashes(track: str, entries: dict[str, dict[str, float | None]]) -> list[str]:
    """A sentence that says why the table has dashes; none where it has none."""
    columns = [key for key in COLUMNS[track] if key in UNDEFINED]
    missing = [key for key in columns if any(figures[key] is None for figures in entries.values())]
    reasons = "; ".join(f"{COLUMNS[track][key][0]}: {UNDEFINED[key]}" for key in missing)
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


def _cell(figures: Mapping[str, float | None], key: str, factor: float, places: int) -> str:
    mean, std = figures[key], figures.get(f"{key}_std")
    if mean is None:
        return "–"
    return f"{mean * factor:.{places}f}" + ("" if std is None else f" ± {std * factor:.{places}f}")
