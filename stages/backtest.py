"""backtest MODEL: data/scaled/series -> metrics/backtest/MODEL.csv; walks forward over the series, fold by fold."""

from rnnlab.backtesting.run import backtest_panel, backtest_series
from rnnlab.core.params_file import read_params
from rnnlab.core.stage import run
from rnnlab.windows.artifacts import SCALED, read_panel


def main(name: str) -> None:
    params = read_params()
    panel = read_panel(SCALED, params.series.window.model_dump())
    (backtest_panel if panel.kind else backtest_series)(name, params, panel)


if __name__ == "__main__":
    run(main)
