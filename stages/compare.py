"""compare: metrics of all models and baselines -> the leaderboard, tests of their differences, a verdict a track."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rnnlab.comparison import tutorial, verdict
from rnnlab.comparison.comparison import compare_digits, compare_stock, summarise_backtest
from rnnlab.comparison.leaderboard import headline, rank, to_markdown
from rnnlab.comparison.panel_comparison import compare_panel, summarise_panel_backtest
from rnnlab.core.files import read_arrays, read_json, write_figures, write_json, write_text
from rnnlab.core.params import Params
from rnnlab.core.params_file import read_params
from rnnlab.core.stage import run
from rnnlab.core.tables import read_table
from rnnlab.windows.artifacts import SPLIT, read_scaler

METRICS = Path("metrics")


def main() -> None:
    params = read_params()
    # Only the models that params.yaml has now: files of removed ones may still lie there.
    models = {track: params.models_of(track) for track in ("stock", "digits")}
    models = {params.board_of(track): names for track, names in models.items() if names}
    results = {
        track: read_json(METRICS / f"baselines/{'digits' if track == 'digits' else 'stock'}.json")
        | {name: read_json(METRICS / f"test/{name}.json") for name in names}
        for track, names in models.items()
    }
    board, comparison, verdicts = rank(results), dict[str, Any](), dict[str, str]()
    if "stock" in models:
        horizon = params.stock.window.horizon
        baselines = read_table(METRICS / "baselines/stock.csv")
        comparison["stock"] = compare_stock(tables("predictions", models["stock"]), baselines, horizon)
        backtests = tables("backtest", params.backtest.models)
        comparison["backtest"] = {name: summarise_backtest(table, horizon) for name, table in backtests.items()}
        verdicts["stock"] = verdict.stock(board, models["stock"], comparison["stock"])
    if "panel" in models:
        comparison["panel"] = compare_panel(results["panel"], models["panel"])
        backtests = tables("backtest", params.backtest.models)
        comparison["backtest"] = {name: summarise_panel_backtest(table) for name, table in backtests.items()}
        verdicts["panel"] = verdict.panel(board, models["panel"], comparison["panel"])
    if "digits" in models:
        comparison["digits"] = compare_digits(tables("predictions", models["digits"]))
        verdicts["digits"] = verdict.digits(board, models["digits"], results["digits"], comparison["digits"])
    write_figures(METRICS / "comparison.json", comparison | {"verdicts": verdicts})
    write_figures(METRICS / "leaderboard.json", headline(board))
    write_text(METRICS / "leaderboard.md", to_markdown(board, verdicts))
    rows = beside_the_tutorial(params)
    write_json(METRICS / "tutorial.json", rows)
    write_text(METRICS / "tutorial.md", tutorial.to_markdown(rows) if rows else "Made by `make tutorial`.\n")


def tables(kind: str, models: Iterable[str]) -> dict[str, Any]:
    return {name: read_table(METRICS / kind / f"{name}.csv") for name in models}


def beside_the_tutorial(params: Params) -> list[tutorial.Row]:
    """What a run of the tutorial's own data and protocol got; of others nothing."""
    rows = []
    names = [*tutorial.STOCK, "digits_bilstm"]
    results = {name: read_json(METRICS / f"test/{name}.json") for name in names if name in params.models}
    if tutorial.has_its_stock(params):
        about, windows = read_scaler("stock"), read_json(Path("data/windows/stock.json"))
        inputs, target = read_arrays(Path("data/scaled/stock"), "inputs", "target")
        scaled = {name: inputs[:, number] for number, name in enumerate(about["features"])} | {about["target"]: target}
        parts = {part: len(read_arrays(SPLIT / "stock" / part, "target")[0]) for part in ("train", "test")}
        histories = tables("history", tutorial.STOCK)
        rows += tutorial.data_rows(scaled, tutorial.shapes_of(windows, len(target), parts))
        rows += tutorial.stock_rows(results, histories, tables("predictions", tutorial.STOCK))
    if tutorial.has_its_digits(params):
        history = tables("history", ["digits_bilstm"])["digits_bilstm"]
        rows += tutorial.digits_rows(results["digits_bilstm"], history)
    return rows


if __name__ == "__main__":
    run(main)
