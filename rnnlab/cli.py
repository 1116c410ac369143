"""The command `rnnlab`: what one does with trained models. The only part of the library that prints.

Heavy imports stand inside the commands: `rnnlab --help` must not wait for PyTorch.
"""

import json
import os
import sys
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rnnlab.core.errors import UserError
from rnnlab.core.kernels import share_kernels

if TYPE_CHECKING:
    from rnnlab.data.prices import Prices
    from rnnlab.tracking.store import Store

BOARD = Path("metrics/leaderboard.json")


class Track(StrEnum):
    stock = "stock"
    digits = "digits"


app = typer.Typer(
    help="Forecasts, searches and the model registry. Run it in the project's folder; `dvc repro` makes the models.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done; 1 it can't be done, and a message says why; 2 wrong words on the command line.",
)


def main() -> None:
    share_kernels()  # forecasts and searches compute as the stages do
    try:
        app()
    except UserError as error:
        sys.exit(f"error: {error}")
    except FileNotFoundError as error:
        sys.exit(f"error: {error.filename}: is not there; `dvc repro` makes it, in the project's folder")


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
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]


@app.command(epilog="rnnlab forecast --data prices.csv --model stock_gru --plot next.png")
def forecast(
    data: Annotated[
        Path | None,
        typer.Option(
            help="a CSV file of prices, oldest or newest first; or a panel's table", show_default="what was fetched"
        ),
    ] = None,
    model: Model = "",
    symbol: Annotated[str, typer.Option(help="of a panel's model, whose networks or scaling are taken")] = "",
    horizon: Annotated[
        int | None, typer.Option(help="days ahead", min=1, show_default="what the model was trained for")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="draw it into this PNG file")] = None,
    as_json: AsJson = False,
    request: Annotated[
        bool, typer.Option("--request", help="print the last days as `make serve` takes them, and forecast nothing")
    ] = False,
) -> None:
    """Forecast the next close, with 80 and 95 % intervals, beside "tomorrow = today"."""
    from rnnlab.forecasting.dates import date_format
    from rnnlab.forecasting.next_days import forecast_next_days, required_columns

    if plot and plot.suffix.lower() != ".png":
        raise UserError(f"--plot {plot}: is drawn as PNG; a name that ends in .png is wanted")
    if plot and not plot.absolute().parent.is_dir():
        raise UserError(f"--plot {plot}: there is no folder {plot.parent}")
    networks, config = _load(model, "stock", symbol=symbol)
    data, prices = _prices(data, required_columns(config), symbol)
    if request:
        from rnnlab.serving.exported import request_of

        print(json.dumps(request_of(config, prices.frame)))
        return
    made = forecast_next_days(networks, config, prices.frame, horizon)
    notes = [*prices.notices, *made.notes]
    if plot:
        from rnnlab.core.files import write_bytes
        from rnnlab.forecasting.forecast_plot import plot_forecast

        write_bytes(plot, plot_forecast(prices.frame[made.target], made))
    if as_json:
        print(json.dumps(made.to_dict() | {"data": str(data), "notes": notes}, indent=2, ensure_ascii=False))
        return
    last = prices.frame[made.target].iloc[-1]
    form = date_format(prices.frame.index)
    print(f"{made.model}, {made.target} after {_price(last)} on {made.last_date:{form}} ({data})")
    _print_notes(notes)
    print()
    rows = [["date", "forecast", "80 % interval", "95 % interval", "tomorrow = today"]]
    for day in made.days:
        bounds = ("–" if found is None else " to ".join(map(_price, found)) for found in day.intervals.values())
        rows.append([f"{day.date:{form}}", _price(day.forecast), *bounds, _price(day.persistence)])
    _print_table(rows)
    if (day := made.days[-1]).mae is not None:
        print(
            f"\nMean absolute error on the last {day.known} {made.unit}s that it was not trained on: "
            f"{_price(day.mae)}; of tomorrow = today: {_price(day.persistence_mae or 0.0)}"
        )


@app.command(epilog="rnnlab classify seven.png")
def classify(
    file: Annotated[
        Path, typer.Argument(help="a picture of one digit, dark on light or light on dark", metavar="FILE.png")
    ],
    model: Model = "",
    as_json: AsJson = False,
) -> None:
    """Read a handwritten digit."""
    import torch

    from rnnlab.forecasting.digit_image import read_picture
    from rnnlab.networks.network import predict

    networks, config = _load(model, "digits")
    shape = config["network"]["length"], config["network"]["input_size"]
    pixels = torch.from_numpy(read_picture(file, *shape))[None]
    by_seed = torch.stack([predict(network, pixels).softmax(1)[0] for network in networks.values()])
    probabilities = by_seed.mean(0).tolist()
    order = sorted(range(len(probabilities)), key=lambda digit: -probabilities[digit])
    if as_json:
        print(
            json.dumps({"model": config["model"], "file": str(file), "digit": order[0], "probabilities": probabilities})
        )
        return
    print(f"{config['model']} reads {file} as {order[0]}\n")
    _print_table([["digit", "probability"], *([str(digit), f"{probabilities[digit]:.3f}"] for digit in order[:3])])


@app.command(epilog="rnnlab tune stock_gru --trials 30 --space hidden_size=4..64 --space learning_rate=0.0003..0.03")
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
    study: Annotated[str, typer.Option(help="its name; the same one is gone on with", show_default="the model's")] = "",
    storage: Annotated[str, typer.Option(help="a database's address", envvar="RNNLAB_STUDIES")] = "sqlite:///optuna.db",
) -> None:
    """Search for better parameters, judged on a validation part; the test part is never seen. Needs Optuna."""
    try:
        from rnnlab.tuning.study import tune as search
    except ModuleNotFoundError as error:
        if error.name != "optuna":
            raise
        raise UserError("tune needs Optuna: pip install -e '.[tune]'") from None
    from rnnlab.tuning.search import DEFAULT_SPACE

    search(model, trials, space or DEFAULT_SPACE, seeds, study, storage)


@app.command(epilog="rnnlab promote --track digits")
def promote(
    track: Annotated[Track, typer.Option(help="whose best model")] = Track.stock,
    force: Annotated[bool, typer.Option("--force", help="also where it does not beat the baseline")] = False,
) -> None:
    """Register the leaderboard's best network as the champion of its track; the old champion becomes `previous`."""
    from rnnlab.comparison.leaderboard import RANKED_BY, SMALLER_IS_BETTER, check_headline
    from rnnlab.core.files import read_json
    from rnnlab.tracking.registry import promote as register
    from rnnlab.tracking.run_info import read_tracked

    name, baseline = _best(track.value), {"stock": "persistence", "digits": "majority_class"}[track.value]
    metric = RANKED_BY[track.value]
    board = check_headline(read_json(BOARD), str(BOARD)).get(track.value)
    if board is None:
        raise UserError(
            f"{BOARD}: a panel's networks are many, and no model of MLflow's: none can be promoted; "
            "`rnnlab serve --model NAME --symbol SYMBOL` serves one symbol's"
        )
    if missing := [entry for entry in (name, baseline) if metric not in board.get(entry, {})]:
        raise UserError(f"{BOARD}: has no {metric} of {missing[0]}; make it anew (`dvc repro compare`)")
    ours, theirs = board[name][metric], board[baseline][metric]
    gain = theirs - ours if SMALLER_IS_BETTER[track.value] else ours - theirs
    compared = f"{name} has {metric} {ours:.4g}, {baseline} {theirs:.4g}"
    if gain <= 0 and not force:
        raise UserError(f"{compared}: it does not beat the baseline, and is not registered (--force does it anyway)")
    store, tracked = _store(), read_tracked()
    run = store.find_key(track.value, tracked[name]["key"]) if name in tracked else None
    if run is None:
        raise UserError(f"{name}: its run is not in {store.shown}; `python -m stages.track` adds it")
    card = Path(f"report/cards/{name}.md").read_text(encoding="utf-8")
    tags = {"model": name, metric: str(ours), f"baseline/{metric}": str(theirs)}
    version, before = register(store.client, track.value, run, card, tags)
    print(f"{compared}")
    again = before and str(before.version) == version
    print(f"models:/{track.value}@champion is version {version}, {name}" + (", as before" if again else ""))
    if before and not again:
        about = ", ".join(f"{key} {before.tags[key]}" for key in ("model", metric) if key in before.tags)
        print(f"models:/{track.value}@previous is version {before.version} ({about}), the champion before")


@app.command(epilog="rnnlab serve --model models:/digits@champion --port 5002")
def serve(
    model: Annotated[
        str,
        typer.Option(
            help="models:/NAME@ALIAS, models:/NAME/VERSION of MLflow, or a model's name", autocompletion=model_names
        ),
    ] = "models:/stock@champion",
    host: Annotated[str, typer.Option(help="the address to listen on; there is no login")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0: any that is free", min=0, max=65535)] = 5001,
    timeout: Annotated[int, typer.Option(help="seconds in which a request has to arrive", min=1)] = 10,
    symbol: Annotated[str, typer.Option(help="of a panel's model, whose networks or scaling are taken")] = "",
) -> None:
    """Serve a model over HTTP as MLflow does, checked: raw prices or pixels in, points or probabilities out."""
    from rnnlab.serving.server import make_app
    from rnnlab.serving.server import serve as run

    networks, config = _load(model, *Track, symbol=symbol)

    def say(address: str) -> None:
        print(f"{config['model']} on {address} (POST /invocations, GET /ping; Ctrl-C ends it)", flush=True)

    with suppress(KeyboardInterrupt):
        run(make_app(networks, config, timeout), host, port, timeout, say)


@app.command(epilog="rnnlab tidy --older-than 24")
def tidy(
    older_than: Annotated[
        float | None, typer.Option(help="hours: close also what began so long ago on any machine", min=0)
    ] = None,
) -> None:
    """Clear up after what was killed: MLflow runs left open, temporary copies of experiments, half a dvc.lock."""
    from rnnlab.core.repair import repair
    from rnnlab.tracking.leftovers import clear_copies

    for path in repair(Path()):
        print(f"{path}: was cut short when DVC was killed; repaired")
    store = _store()
    for copy in clear_copies(Path()):
        print(f"removed: {copy}")
    closed = [name for track in store.experiments for name in store.tidy(track, older_than)]
    for name in closed:
        print(f"closed: {name}")
    print(f"{len(closed)} run{'s' * (len(closed) != 1)} closed")


def _store() -> "Store":
    from rnnlab.tracking.store import Store

    if not Path("dvc.yaml").is_file():
        raise UserError(f"{Path.cwd()} is no folder of the project: there is no dvc.yaml in it")
    return Store(Path(), os.environ.get("MLFLOW_TRACKING_URI"))


def _prices(data: Path | None, columns: list[str], symbol: str) -> "tuple[Path, Prices]":
    """What a model reads, and where it stands; of a panel's table the rows of one symbol."""
    from rnnlab.data.long_table import ended, is_long_table, read_symbol, to_frame
    from rnnlab.data.prices import Prices, read_prices

    if data is None and symbol:
        from rnnlab.data.series import read_raw_panel

        series, about = read_raw_panel()
        if symbol not in series.symbols or set(columns) - set(about["columns"]):
            raise UserError(f"data/raw/stock: holds no symbol {symbol} with {', '.join(columns)}; say --data")
        number = series.symbols.index(symbol)
        notices = ended(series.dates[series.spans[number, 1] - 1], series.dates.max())
        return Path("data/raw/stock"), Prices(to_frame(series, number, about["columns"]), tuple(notices))
    data = data or Path("data/raw/stock/prices.csv")
    if symbol and is_long_table(data):
        return data, read_symbol(data, symbol, columns)
    return data, read_prices(data, columns)


def _load(model: str, *tracks: str, symbol: str = "") -> tuple[Any, dict[str, Any]]:
    """The networks by seed and the config of a model of one of the tracks; of the first one's best by default."""
    from rnnlab.networks.panel_header import is_panel
    from rnnlab.networks.panel_weights import PanelWeights
    from rnnlab.networks.weights import unpack

    if model.startswith("models:/"):
        from rnnlab.tracking.registry import download_weights

        path = download_weights(model, _store().uri)
    else:
        file = model if model.endswith(".safetensors") else f"models/{model or _best(tracks[0])}.safetensors"
        path = Path(file)
        if not path.is_file():
            made = ", ".join(sorted(found.stem for found in path.parent.glob("*.safetensors"))) or "none"
            raise UserError(
                f"{path}: is not there (`dvc repro` makes models, `dvc pull` fetches them); there are: {made}"
            )
    if is_panel(str(path)):
        weights = PanelWeights(str(path))
        if symbol not in weights.config["symbols"] and symbol in (left_out := _left_out()):
            raise UserError(f"--symbol {symbol}: was left out of the panel: {left_out[symbol]}")
        networks, config = weights.single(symbol)
    elif symbol:
        raise UserError(f"--symbol {symbol}: {path} is no model of a panel, and has no symbols")
    else:
        networks, config = unpack(str(path))
    if config.get("track") not in tracks:
        raise UserError(
            f"{config.get('model', path)} is a model of track {config.get('track')}; "
            f"one of track {' or '.join(tracks)} is wanted"
        )
    return networks, config


def _left_out() -> dict[str, str]:
    """Why symbols of the panel were not trained on."""
    from rnnlab.core.files import read_json

    path = Path("data/scaled/stock/about.json")
    return dict(read_json(path)["left_out"]) if path.is_file() else {}


def _best(track: str) -> str:
    """The network that leads the track's leaderboard."""
    from rnnlab.comparison.leaderboard import check_headline
    from rnnlab.core.files import read_json

    board = check_headline(read_json(BOARD), str(BOARD)) if BOARD.is_file() else {}
    for name in board.get("panel" if track == "stock" and "panel" in board else track, {}):
        if Path(f"metrics/test/{name}.json").is_file():
            return str(name)
    raise UserError(
        f"{BOARD}: names no network of track {track}; run `dvc repro` in the project's folder, or say --model"
    )


def _price(value: float) -> str:
    return f"{value:,.2f}" if abs(value) >= 1 else f"{value:.4g}"


def _print_table(rows: list[list[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
        print("  ".join([first.ljust(widths[0]), *cells]))


def _print_notes(notes: list[str]) -> None:
    for note in notes:
        print(f"note: {note}")


if __name__ == "__main__":
    main()
