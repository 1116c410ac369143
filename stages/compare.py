"""compare: metrics of all models and baselines -> the leaderboard, tests of their differences, a verdict a track."""

from pathlib import Path
from typing import Any

from rnnlab.comparison import verdict
from rnnlab.comparison.comparison import compare_digits, compare_stock
from rnnlab.comparison.leaderboard import headline, rank, to_markdown
from rnnlab.comparison.panel_comparison import compare_panel, summarise_backtest
from rnnlab.core.files import read_json, write_json, write_text
from rnnlab.core.params_file import read_params
from rnnlab.core.stage import run
from rnnlab.core.tables import read_table
from rnnlab.evaluation.evaluation import evaluate_backtest

METRICS = Path("metrics")


def main() -> None:
    params = read_params()
    # Only the models that params.yaml has now: files of removed ones may still lie there.
    models = {track: params.models_of(track) for track in ("stock", "digits")}
    models = {params.board_of(track): names for track, names in models.items() if names}
    results = {
        track: read_json(METRICS / f"baselines/{'digits' if track == 'digits' else 'stock'}/figures.json")
        | {name: read_json(METRICS / f"test/{name}.json") for name in names}
        for track, names in models.items()
    }
    predictions = {
        track: {name: read_table(METRICS / f"predictions/{name}.csv") for name in names}
        for track, names in models.items()
    }
    board, comparison, verdicts = rank(results), dict[str, Any](), dict[str, str]()
    if "stock" in models:
        horizon = params.stock.window.horizon
        baselines = read_table(METRICS / "baselines/stock/forecasts.csv")
        comparison["stock"] = compare_stock(predictions["stock"], baselines, horizon)
        comparison["backtest"] = {
            name: evaluate_backtest(read_table(METRICS / f"backtest/{name}.csv"), horizon)
            for name in params.backtest.models
        }
        verdicts["stock"] = verdict.stock(board, models["stock"], comparison["stock"])
    if "panel" in models:
        comparison["panel"] = compare_panel(results["panel"], models["panel"])
        comparison["backtest"] = {
            name: summarise_backtest(read_table(METRICS / f"backtest/{name}.csv")) for name in params.backtest.models
        }
        verdicts["panel"] = verdict.panel(board, models["panel"], comparison["panel"])
    if "digits" in models:
        comparison["digits"] = compare_digits(predictions["digits"])
        verdicts["digits"] = verdict.digits(board, models["digits"], results["digits"], comparison["digits"])
    write_json(METRICS / "comparison.json", comparison | {"verdicts": verdicts})
    write_json(METRICS / "leaderboard.json", headline(board))
    write_text(METRICS / "leaderboard.md", to_markdown(board, verdicts))


if __name__ == "__main__":
    run(main)
