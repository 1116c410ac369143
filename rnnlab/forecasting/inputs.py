"""What a forecast is made from: the networks that a user names, and the rows."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rnnlab.comparison.leaderboard import best_network
from rnnlab.core.errors import UserError
from rnnlab.core.files import read_json
from rnnlab.core.overrides import apply
from rnnlab.core.params import ReadingParams
from rnnlab.core.params_file import FILE, read_content
from rnnlab.core.params_parsing import parse
from rnnlab.core.series_params import Read, SeriesParams
from rnnlab.data.csv_reader import read_rows
from rnnlab.data.long_table import is_long_table, read_symbol, to_frame
from rnnlab.data.panel_summary import ended
from rnnlab.data.raw import RAW, read_raw_panel
from rnnlab.data.rows import Options, Rows
from rnnlab.networks.predictions import Networks
from rnnlab.networks.weights import unpack
from rnnlab.networks.weights_header import read_config

LEFT_OUT = Path("data/scaled/series/about.json")  # why symbols were not trained on


def load_networks(model: str, *tracks: str, symbol: str = "") -> tuple[Networks, dict[str, Any]]:
    """The networks of a model by seed, and the config of its weights file.

    Args:
        model: a name, a file, or an address of MLflow's registry; empty: the best of the first track's leaderboard.
        tracks: of which the model may be.
        symbol: of a model of a panel, whose networks and scaling are taken.

    Raises:
        UserError: if there is no such model or symbol, or it is of another track.
    """
    path = find_weights(model, tracks[0])
    config = read_config(str(path))
    if symbol and not config.get("panel"):
        raise UserError(f"--symbol {symbol}: {path} is no model of a panel, and has no symbols")
    if symbol and symbol not in config["symbols"] and LEFT_OUT.is_file():
        left_out = read_json(LEFT_OUT)["left_out"]
        if symbol in left_out:
            raise UserError(f"--symbol {symbol}: was left out of the panel: {left_out[symbol]}")
    networks, config = unpack(str(path), symbol)
    if config.get("track") not in tracks:
        raise UserError(
            f"{config.get('model', path)} is a model of track {config.get('track')}; "
            f"this command needs one of track {' or '.join(tracks)}"
        )
    return networks, config


def find_weights(model: str, track: str) -> Path:
    """The weights file of a model, downloaded if it is MLflow's; as ``load_networks``."""
    if model.startswith("models:/"):
        from rnnlab.tracking.registry import download_weights
        from rnnlab.tracking.store import open_store  # MLflow takes seconds to import

        return download_weights(model, open_store().uri)
    path = Path(model if model.endswith(".safetensors") else f"models/{model or best_network(track)}.safetensors")
    if not path.is_file():
        made = ", ".join(sorted(found.stem for found in Path("models").glob("*.safetensors"))) or "none"
        raise UserError(f"{path}: is not there (`dvc repro` makes models, `dvc pull` fetches them); there are: {made}")
    return path


def load_rows(data: Path | None, columns: list[str], symbol: str) -> tuple[Path, Rows]:
    """The columns that a model reads, and the path that they are from.

    Args:
        data: a table's file, or a panel's; None: what was fetched last.
        symbol: of a panel's table, whose rows are taken.
    """
    if data is None:
        if not (RAW / "panel.json").is_file():
            raise UserError(f"{RAW}: is not there; `dvc repro` makes it, or name a file with --data")
        series, held = read_raw_panel()
        symbol = symbol or series.symbols[0]
        if symbol not in series.symbols or set(columns) - set(held):
            raise UserError(f"{RAW}: holds no symbol {symbol} with {', '.join(columns)}; say --data")
        number = series.symbols.index(symbol)
        notices = ended(series.dates[series.spans[number, 1] - 1], series.dates.max())
        return RAW, Rows(to_frame(series, number, held), tuple(notices))
    if symbol and is_long_table(data):
        return data, read_symbol(data, symbol, columns, reading_options())
    return data, read_rows(data, columns, options=reading_options())


def reading_options(words: Sequence[str] = ()) -> Options:
    """How a user's own file is read: as params.yaml says, where there is one, and all its rows.

    Args:
        words: parameters that are changed for this file, as `-S` takes them: KEY=VALUE.

    Raises:
        UserError: if one is wrong, or says nothing of how a file is read.
    """
    keys = ["series.read", "series.date", "series.check_prices"]
    keys += ["series.start", "series.end", "series.rows"] if FILE.is_file() else []
    for word in words:
        if not word.startswith(tuple(f"{key}{mark}" for key in keys for mark in ".=")):
            raise UserError(
                f"-S {word}: look and try take only how a file is read ({', '.join(keys)}); other parameters belong to "
                "the command that they print"
            )
    if FILE.is_file():
        params: SeriesParams = parse(apply(read_content(), words), str(FILE)).series
        kept = {key for key in ("start", "end", "rows") if any(word.startswith(f"series.{key}=") for word in words)}
        options = Options.of(params.model_copy(update=dict.fromkeys({"start", "end", "rows"} - kept)))
    else:
        nothing: dict[str, Any] = {**dict.fromkeys(Read.model_fields), "missing": []}
        content = apply({"series": {"date": None, "read": nothing, "check_prices": True}}, words)
        options = Options.of(parse(content, "-S", ReadingParams).series)
    return replace(options, words=tuple(words))
