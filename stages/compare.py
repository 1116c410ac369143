"""compare: metrics of all models and baselines -> the leaderboard, tests of their differences, a verdict a track."""

from typing import Any

from rnnlab.comparison import tutorial, verdict
from rnnlab.comparison.comparison import compare_digits, compare_series, summarise_backtest
from rnnlab.comparison.leaderboard import headline, rank, to_markdown
from rnnlab.comparison.panel_comparison import compare_panel, summarise_panel_backtest
from rnnlab.core.files import read_json, write_figures, write_json, write_text
from rnnlab.core.params_file import read_params
from rnnlab.core.stage import run
from rnnlab.core.tables import METRICS, read_table, read_tables


def main() -> None:
    params = read_params()
    # Only the models that params.yaml has now: files of removed ones may still lie there.
    models = {track: params.models_of(track) for track in ("series", "digits")}
    models = {params.board_of(track): names for track, names in models.items() if names}
    results = {
        track: read_json(METRICS / f"baselines/{'digits' if track == 'digits' else 'series'}.json")
        | {name: read_json(METRICS / f"test/{name}.json") for name in names}
        for track, names in models.items()
    }
    board, comparison, verdicts = rank(results), dict[str, Any](), dict[str, str]()
    if "series" in models:
        horizon = params.series.window.horizon
        baselines = read_table(METRICS / "baselines/series.csv")
        comparison["series"] = compare_series(read_tables("predictions", models["series"]), baselines, horizon)
        backtests = read_tables("backtest", params.backtest.models)
        comparison["backtest"] = {name: summarise_backtest(table, horizon) for name, table in backtests.items()}
        verdicts["series"] = verdict.series(board, models["series"], comparison["series"])
    if "panel" in models:
        comparison["panel"] = compare_panel(results["panel"], models["panel"])
        backtests = read_tables("backtest", params.backtest.models)
        comparison["backtest"] = {name: summarise_panel_backtest(table) for name, table in backtests.items()}
        verdicts["panel"] = verdict.panel(board, models["panel"], comparison["panel"])
    if "digits" in models:
        comparison["digits"] = compare_digits(read_tables("predictions", models["digits"]))
        verdicts["digits"] = verdict.digits(board, models["digits"], results["digits"], comparison["digits"])
    write_figures(METRICS / "comparison.json", comparison | {"verdicts": verdicts})
    write_figures(METRICS / "leaderboard.json", headline(board))
    write_text(METRICS / "leaderboard.md", to_markdown(board, verdicts))
    rows = tutorial.read_rows(params)
    write_json(METRICS / "tutorial.json", rows)
    write_text(METRICS / "tutorial.md", tutorial.to_markdown(rows) if rows else "Made by `make tutorial`.\n")


if __name__ == "__main__":
    run(main)
