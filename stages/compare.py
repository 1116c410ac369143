"""compare: metrics of all models and simple rules -> the leaderboard, tests of their differences, a verdict a track."""

from typing import Any

from rnnlab.comparison import tutorial, verdict
from rnnlab.comparison.comparison import compare_backtest, compare_digits, compare_series
from rnnlab.comparison.leaderboard import headline, rank, ranking, to_markdown
from rnnlab.comparison.panel_comparison import compare_panel, summarise_panel_backtest
from rnnlab.core.files import read_json, write_figures, write_json, write_text
from rnnlab.core.params_file import read_params
from rnnlab.core.stage import run
from rnnlab.core.tables import METRICS, read_baselines, read_table, read_tables
from rnnlab.windows.series_info import read_info


def main() -> None:
    params, info = read_params(), read_info()
    # Only the models that params.yaml has now: files of removed ones may still lie there.
    models = {track: params.models_of(track) for track in ("series", "digits")}
    models = {params.board_of(track): names for track, names in models.items() if names}
    results = {
        track: read_baselines(track)[0] | {name: read_json(METRICS / f"test/{name}.json") for name in names}
        for track, names in models.items()
    }
    board, comparison = rank(results), dict[str, Any]()
    verdicts, plain = dict[str, str](), dict[str, str]()
    if "series" in models:
        rules, left_out = read_table(METRICS / "baselines/series.csv"), read_baselines("series")[1]
        predictions = read_tables("predictions", models["series"])
        comparison["series"] = compare_series(predictions, rules, left_out, info.horizon)
        walked = read_tables("backtest", params.backtest.models)
        comparison["backtest"] = compare_backtest(walked, rules, left_out, info.horizon)
        judged = comparison["backtest"]["judged"]
        verdicts["series"] = verdict.series(judged, info, verdict.WALKED)
        verdicts["series"] += verdict.not_walked(models["series"], params.backtest.models)
        plain["series"] = verdict.plain_series(judged, info, f"Walking forward over {info.count(judged['steps'])}")
        comparison["models"] = verdict.of_models(comparison, info)
    if "panel" in models:
        comparison["panel"] = compare_panel(results["panel"], models["panel"])
        backtests = read_tables("backtest", params.backtest.models)
        comparison["backtest"] = {name: summarise_panel_backtest(table) for name, table in backtests.items()}
        plain["panel"] = verdict.plain_panel(board, models["panel"], comparison["panel"])
        verdicts["panel"] = verdict.panel(board, models["panel"], comparison["panel"])
    if "digits" in models:
        comparison["digits"] = compare_digits(read_tables("predictions", models["digits"]))
        plain["digits"] = verdict.plain_digits(board, models["digits"], results["digits"])
        verdicts["digits"] = verdict.digits(board, models["digits"], results["digits"], comparison["digits"])
    write_figures(METRICS / "comparison.json", comparison | {"verdicts": verdicts, "plain": plain})
    write_figures(METRICS / "leaderboard.json", headline(board))
    write_figures(METRICS / "ranking.json", ranking(board, list(params.models)))
    write_text(
        METRICS / "leaderboard.md", to_markdown(board, verdicts, {"series": info.name, "panel": info.name}, info.unit)
    )
    rows = tutorial.read_rows(params, info.words)
    write_json(METRICS / "tutorial.json", rows)
    write_text(METRICS / "tutorial.md", tutorial.to_markdown(rows) if rows else "Made by `make tutorial`.\n")


if __name__ == "__main__":
    run(main)
