"""The sections of a panel."""

from collections.abc import Mapping
from typing import Any

from rnnlab.reporting import panel_tables, series_charts, tables
from rnnlab.reporting.chart_style import most_rows
from rnnlab.reporting.page import Chart, Fold, Section, Text
from rnnlab.reporting.panel_charts import over_symbols
from rnnlab.reporting.track import Pages, Track
from rnnlab.windows.series_info import SeriesInfo


def panel_pages(track: Track, comparison: Mapping[str, Any], about: Mapping[str, Any], info: SeriesInfo) -> Pages:
    """Args:
    comparison: what ``compare`` made, with ``plain``, ``verdicts``, ``panel`` and ``backtest``.
    about: ``summary``, sentences on the data, and ``left_out``, symbol -> why.
    """
    simple, ratios = list(track.baselines), dict[str, list[float]]()
    for name in track.board["panel"]:
        figures = [each["relative_rmse"] for each in track.results[name]["by_symbol"].values()]
        ratios[name] = [figure for figure in figures if figure is not None]
    best, compared = next(iter(track.models)), comparison["panel"]
    middle = {name: table.tail(most_rows(len(track.models))) for name, table in track.predictions.items()}
    symbols = ", ".join(f"{name} {table['symbol'].iloc[0]}" for name, table in middle.items())
    pairs = [panel_tables.signed_ranks(compared)] if compared["between"] else []
    left_out = [Fold("Symbols left out", [panel_tables.left_out(about["left_out"])])] if about["left_out"] else []
    boxes = "RMSE ÷ persistence's of each symbol: median, quartiles, 5 to 95 %, and symbols outside them"
    sections = [
        Section(
            "Over symbols",
            [
                tables.leaderboard("panel", track.board, simple),
                panel_tables.over_symbols(track.results, list(track.board["panel"]), simple),
                Fold(
                    f"Symbols with the smallest and largest errors of {best}",
                    [panel_tables.best_and_worst(track.models[best], best)],
                ),
                Chart(
                    series_charts.model_values(middle, info.target, info.words),
                    f"The symbol whose error is the median, of the network that the menu names: {symbols}",
                ),
            ],
        ),
        Section("Walking forward over the panel", [panel_tables.panel_backtest(comparison["backtest"])]),
        Section("The symbols", [*map(Text, about["summary"]), *left_out]),
        Section(
            "Training", [Chart(series_charts.losses(track.histories), "Training loss by epoch, mean over symbols")]
        ),
        Section(
            "Statistics",
            [Text(comparison["verdicts"]["panel"]), panel_tables.against_persistence(compared, simple), *pairs],
        ),
    ]
    alone = series_charts.each_model(middle, info.target, info.words)
    pictures = {name: {"forecast": spec} for name, spec in alone.items()}
    return Pages([Text(comparison["plain"]["panel"]), Chart(over_symbols(ratios), boxes)], sections, pictures)
