"""The command `rnnlab` without its subcommands, and options and help texts that these share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Forecasts, searches and the model registry. Run it in the project's folder; `dvc repro` makes the models.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done; 1 it can't be done, and a message says why; 2 wrong arguments.",
)


def _say_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"rnnlab {version('rnnlab')}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", help="print the version", callback=_say_version, is_eager=True)
    ] = False,
) -> None:
    pass


class Track(StrEnum):
    series = "series"
    digits = "digits"


def model_names(incomplete: str) -> list[str]:
    """For the shell: the models that are there."""
    return sorted(path.stem for path in Path("models").glob(f"{incomplete}*.safetensors"))


Model = Annotated[
    str,
    typer.Option(
        help="a model's name or file, or models:/NAME@ALIAS, models:/NAME/VERSION of MLflow",
        show_default="the leaderboard's best network",
        autocompletion=model_names,
    ),
]
Symbol = Annotated[
    str, typer.Option(help="for a model of a panel: the symbol to forecast, as 005930; else leave it out")
]
Target = Annotated[
    str | None,
    typer.Option(
        help="the column to forecast",
        show_default="Close of prices, else the first column of numbers that does not count rows or years",
    ),
]
Changed = Annotated[
    list[str] | None,
    typer.Option(
        "-S",
        "--set-param",
        metavar="KEY=VALUE",
        help="""how this file is read, as "series.read.decimal=','"; may be given several times""",
        show_default="params.yaml of the current folder; without one, all is found in the file",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]
Horizon = Annotated[
    int | None,
    typer.Option(
        help="steps ahead: days, hours, rows ...; of 2 and more: for models that were trained for so many "
        "(series.window.horizon), each step up to these with output: horizon, or up to 20 with rollout: true",
        min=1,
        show_default="what the model was trained for",
    ),
]
READ = """How the file is written is found out and printed ("read as"). Fix a wrong guess with -S:

-S series.date=Day, or '\\[Date, Time]', or false (rows are counted);
-S series.read.date_format='%d.%m.%Y'; -S "series.read.decimal=','"; -S "series.read.separator=';'";
-S series.read.encoding=cp1252; -S 'series.read.missing=\\[closed, -999]' (marks of missing values)."""
LOOKS = f"""Say what would be read of a file, and the command that trains on it; nothing is written.

{READ}"""
TRIES = (
    "Train three small networks on a file, judge them beside simple rules, and forecast the next value.\n\n"
    "An RNN, an LSTM and a GRU (one layer, hidden size 16, 3 seeds, 40 epochs) train on the first 70 % of the file, "
    "and forecast the rest one step ahead, as the simple rules do: the last value, the value one season before, ridge "
    "regression, exponential smoothing, ARIMA and others. 900 rows of three columns take about ten seconds. "
    f"It writes a page.\n\n{READ}"
)
