"""The command `rnnlab`: what one does with trained models. The only part of the library that prints.

Heavy imports stand inside the commands: `rnnlab --help` must not wait for PyTorch.
"""

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from rnnlab.cli_options import LOOKS, TRIES, AsJson, Changed, Horizon, Model, Symbol, Target, Track, app, model_names
from rnnlab.core.errors import UserError, say, told
from rnnlab.core.kernels import share_kernels


def main() -> None:
    share_kernels()  # forecasts and searches compute as the stages do
    with told():
        app()


@app.command(epilog="rnnlab forecast --data sales.csv --model gru --plot next.png")
def forecast(
    data: Annotated[
        Path | None,
        typer.Option(
            help="a table's file, oldest or newest row first; or a panel's table", show_default="what was fetched"
        ),
    ] = None,
    model: Model = "",
    symbol: Symbol = "",
    horizon: Horizon = None,
    plot: Annotated[Path | None, typer.Option(help="draw it into this PNG file")] = None,
    as_json: AsJson = False,
    request: Annotated[
        bool, typer.Option("--request", help="print the last rows as `make serve` takes them, and forecast nothing")
    ] = False,
) -> None:
    """Forecast the next value, with 80 and 95 % intervals, beside the last one.

    A model must be trained first, in this folder: by `dvc repro`, or the command of `rnnlab look FILE`.

    Without one, `rnnlab try FILE` trains small networks and forecasts.
    """
    from rnnlab.comparison.leaderboard import describe_better_rule
    from rnnlab.core.files import write_bytes
    from rnnlab.data.rows import describe_reading
    from rnnlab.forecasting.forecast_text import to_text
    from rnnlab.forecasting.inputs import load_networks, load_rows
    from rnnlab.forecasting.next_steps import forecast_next_steps, required_columns

    if plot and plot.suffix.lower() != ".png":
        raise UserError(f"--plot {plot}: is drawn as PNG: its name must end in .png")
    if plot and not plot.absolute().parent.is_dir():
        raise UserError(f"--plot {plot}: there is no folder {plot.parent}")
    networks, config = load_networks(model, "series", symbol=symbol)
    data, rows = load_rows(data, required_columns(config), symbol)
    if request:
        from rnnlab.serving.exported import request_of

        print(json.dumps(request_of(config, rows.frame)))
        return
    made = forecast_next_steps(networks, config, rows.frame, horizon)
    ours = model in ("", made.model, f"models/{made.model}.safetensors")  # the leaderboard is of these
    better = describe_better_rule(made.model) if ours else []
    notes = [*describe_reading(rows), *made.notes, *better]
    if plot:
        from rnnlab.forecasting.forecast_plot import plot_forecast

        write_bytes(plot, plot_forecast(rows.frame[made.target], made))
    if as_json:
        print(json.dumps(made.to_dict() | {"data": str(data), "notes": notes}, indent=2, ensure_ascii=False))
        return
    say(*to_text(made, rows.frame[made.target], str(data), notes))


@app.command(
    epilog="rnnlab look sales.csv --target sales",
    help=LOOKS,
)
def look(
    file: Annotated[Path, typer.Argument(help="a table: CSV in any dialect, .gz, .parquet; or a folder of a panel")],
    target: Target = None,
    changed: Changed = None,
    as_json: AsJson = False,
) -> None:
    from dataclasses import asdict

    from rnnlab.data.look import look as look_at
    from rnnlab.forecasting.inputs import reading_options

    found = look_at(file, target, reading_options(changed or []))
    if as_json:
        print(json.dumps(asdict(found), indent=2, ensure_ascii=False))
        return
    say(*found.lines())


@app.command(
    name="try",
    epilog="rnnlab try sales.csv --target sales",
    help=TRIES,
)
def first_try(
    file: Annotated[Path, typer.Argument(help="a table of one series: CSV in any dialect, .gz or .parquet")],
    target: Target = None,
    changed: Changed = None,
    folder: Annotated[
        Path | None, typer.Option(help="where the page goes", show_default="try/ and the file's name")
    ] = None,
    browser: Annotated[bool, typer.Option("--open/--no-open", help="open the page in a browser")] = True,
) -> None:
    from rnnlab.forecasting.first_try import first_try as try_file
    from rnnlab.forecasting.inputs import reading_options

    tried = try_file(file, target, reading_options(changed or []), folder or Path("try") / file.name.split(".")[0])
    say(*tried.lines, "", f"file://{tried.page.absolute()}")
    if browser and sys.stdout.isatty():
        typer.launch(f"file://{tried.page.absolute()}")


@app.command(epilog="rnnlab classify seven.png")
def classify(
    file: Annotated[
        Path, typer.Argument(help="a picture of one digit, dark on light or light on dark", metavar="FILE.png")
    ],
    model: Model = "",
    as_json: AsJson = False,
) -> None:
    """Read a handwritten digit."""
    from rnnlab.forecasting.digit_image import read_picture
    from rnnlab.forecasting.forecast_text import align
    from rnnlab.forecasting.inputs import load_networks
    from rnnlab.networks.predictions import mean_probabilities

    networks, config = load_networks(model, "digits")
    pixels = read_picture(file, config["network"]["length"], config["network"]["input_size"])
    probabilities = mean_probabilities(networks, pixels[None])[0].tolist()
    order = sorted(range(len(probabilities)), key=lambda digit: -probabilities[digit])
    if as_json:
        about = {"model": config["model"], "file": str(file), "digit": order[0]}
        print(json.dumps(about | {"probabilities": probabilities}))
        return
    rows = [["digit", "probability"], *([str(digit), f"{probabilities[digit]:.3f}"] for digit in order[:3])]
    say(f"{config['model']} reads {file} as {order[0]}", "", *align(rows))


@app.command(epilog="rnnlab tune gru --trials 30 --space hidden_size=4..64 --space learning_rate=0.0003..0.03")
def tune(
    model: Annotated[str, typer.Argument(help="a model of params.yaml", metavar="MODEL", autocompletion=model_names)],
    trials: Annotated[int, typer.Option(help="how many in all, those of earlier calls counted", min=1)] = 30,
    space: Annotated[
        list[str] | None,
        typer.Option(
            help="KEY=LOW..HIGH or KEY=A,B,C; may be given several times", show_default="size, layers, rate, batch"
        ),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help="networks a trial, trained at once", min=1, show_default="the model's")
    ] = None,
    study: Annotated[str, typer.Option(help="its name; an existing one is continued", show_default="the model's")] = "",
    storage: Annotated[str, typer.Option(help="a database's address", envvar="RNNLAB_STUDIES")] = "sqlite:///optuna.db",
) -> None:
    """Search for better parameters, judged on a validation part; the test part is never seen. Needs Optuna."""
    try:
        from rnnlab.tuning.study import tune as search
    except ModuleNotFoundError as error:
        if error.name != "optuna":
            raise
        raise UserError("tune needs Optuna: pip install -c constraints.txt -e '.[tune]'") from None
    search(model, trials, space or (), seeds, study, storage)


@app.command(epilog="rnnlab promote --track digits")
def promote(
    track: Annotated[Track, typer.Option(help="whose best model")] = Track.series,
    force: Annotated[bool, typer.Option("--force", help="also if it does not beat every simple rule")] = False,
) -> None:
    """Register the leaderboard's best network as the champion of its track; the old champion becomes `previous`."""
    from rnnlab.tracking.promotion import promote_best
    from rnnlab.tracking.store import STORE_ERRORS, explain

    try:
        for sentence in promote_best(track.value, force):
            print(sentence)
    except STORE_ERRORS as error:
        raise UserError(explain(error)) from None


@app.command(epilog="rnnlab serve --model models:/digits@champion --port 5002")
def serve(
    model: Annotated[
        str,
        typer.Option(
            help="models:/NAME@ALIAS, models:/NAME/VERSION of MLflow, or a model's name",
            show_default="the champion of the series",
            autocompletion=model_names,
        ),
    ] = "",
    host: Annotated[str, typer.Option(help="the address to listen on; there is no login")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0: any that is free", min=0, max=65535)] = 5001,
    timeout: Annotated[int, typer.Option(help="seconds in which a request has to arrive", min=1)] = 10,
    symbol: Symbol = "",
) -> None:
    """Serve a model over HTTP as MLflow does, checked: raw values or pixels in, values or probabilities out."""
    from rnnlab.core.params_file import read_params
    from rnnlab.forecasting.inputs import load_networks
    from rnnlab.serving.server import make_app
    from rnnlab.serving.server import serve as run

    model = model or f"models:/{read_params().series.name}@champion"
    networks, config = load_networks(model, *Track, symbol=symbol)

    def say(address: str) -> None:
        print(f"{config['model']} on {address} (POST /invocations, GET /ping; Ctrl-C ends it)", flush=True)

    with suppress(KeyboardInterrupt):
        run(make_app(networks, config, timeout), host, port, timeout, say)


@app.command(epilog="rnnlab tidy --older-than 24")
def tidy(
    older_than: Annotated[
        float | None, typer.Option(help="hours: also close runs that began so long ago, on any machine", min=0)
    ] = None,
) -> None:
    """Clear up after what was killed: MLflow's open runs, copies of experiments, half a dvc.lock, edits put aside."""
    from rnnlab.recovery.recover import recover
    from rnnlab.tracking.store import open_store

    for sentence in recover(Path()):
        print(sentence)
    store = open_store()
    closed = store.tidy_all(older_than)
    for name in closed:
        print(f"closed: {name}")
    if not closed:
        print("no run was left open")


if __name__ == "__main__":
    main()
