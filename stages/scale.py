"""scale TRACK: data/raw -> data/scaled, and the scaler as JSON."""

from dataclasses import asdict
from pathlib import Path

import numpy as np

from rnnlab.core.errors import UserError
from rnnlab.core.files import new_arrays, write_arrays, write_json
from rnnlab.core.formats import SCALER
from rnnlab.core.params_file import read_params
from rnnlab.core.stage import run
from rnnlab.data.images import read_digits, to_unit_interval
from rnnlab.data.raw import read_raw, read_summary
from rnnlab.data.rhythm import find_rhythm
from rnnlab.windows.calendar import calendar_columns
from rnnlab.windows.panel import LEAST, SplitDates
from rnnlab.windows.panel_scaling import fit_scalers

RAW = Path("data/raw")
SCALED = Path("data/scaled")


def scale_series() -> None:
    """Each symbol by its own past; symbols of a panel that can't take part are left out, and named."""
    params = read_params().series
    window, split = params.window, params.split
    try:
        series, columns = read_raw(params)
        calendar = series.calendar()
        dates = SplitDates.at(calendar, window.length, window.horizon, split.train, split.validation)
        least, known = LEAST if params.kind else 1, calendar_columns(params.calendar)
        scalers = fit_scalers(series.all, (*columns, *known), dates, params.scale.fit_on, least)
    except UserError as error:
        raise UserError(f"{params.place}: {error}") from None
    spans = scalers.spans(series.all)
    rows = int(spans[-1, 1])
    features = [*params.features, *known]
    shapes = {"inputs": ((rows, len(features)), np.float64), "target": ((rows,), np.float64)}
    with new_arrays(SCALED / "series") as allocate:
        arrays = allocate(shapes | {"dates": ((rows,), calendar.dtype), "days": (calendar.shape, calendar.dtype)})
        scalers.scale_into(arrays, series.all, features, params.target)
        arrays["days"][:] = calendar
    scaler = {"format": SCALER, "features": features, "target": params.target}
    write_json(SCALED / "series/scaler.json", scaler | scalers.to_dict())
    symbols = list(scalers.by_symbol)
    panel = {"panel": params.kind, "symbols": symbols, "spans": spans.tolist()}
    write_json(SCALED / "series/panel.json", panel | {"rhythm": asdict(find_rhythm(calendar))})
    about = {"panel": params.kind, "summary": read_summary(), "left_out": scalers.left_out}
    write_json(SCALED / "series/about.json", about)
    if params.kind:
        counted = f"{len(symbols)} symbol{'s' * (len(symbols) != 1)}"
        print(f"series: {counted}, {rows:,} rows scaled, each symbol by its own past")
    else:
        print(f"series: {rows} rows scaled, the scaler fitted on the first {scalers.seen[symbols[0]]}")
    for symbol, why in scalers.left_out.items():
        print(f"  {'note' if symbol in scalers.by_symbol else 'left out'}: {symbol}: {why}")


def scale_digits() -> None:
    """The pixels, and the source's own test images at the end, if it has some."""
    images, labels, maximum, own_test = read_digits(RAW / "digits", read_params().digits.source)
    write_arrays(SCALED / "digits", {"images": to_unit_interval(images, maximum), "labels": labels})
    about = {"format": SCALER, "minimum": 0, "maximum": maximum, "own_test": own_test}
    write_json(SCALED / "digits/scaler.json", about)
    print(f"digits: {len(images)} images scaled from 0..{maximum} to 0..1")


if __name__ == "__main__":
    run({"series": scale_series, "digits": scale_digits})
