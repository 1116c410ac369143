"""scale TRACK: data/raw -> data/scaled, and the scaler as JSON."""

from pathlib import Path

import numpy as np

from rnnlab.core.errors import UserError
from rnnlab.core.files import new_arrays, write_arrays, write_json
from rnnlab.core.formats import PANEL_SCALER, SCALER
from rnnlab.core.params_file import read_params
from rnnlab.core.stage import run
from rnnlab.data.images import check_labels, read_idx, to_unit_interval
from rnnlab.data.prices import read_prices, select
from rnnlab.data.series import read_raw_panel
from rnnlab.windows.panel import Cuts, why_left_out
from rnnlab.windows.scaling import MinMaxScaler
from rnnlab.windows.splitting import in_time_order
from rnnlab.windows.windows import count_windows, training_rows

RAW = Path("data/raw")
SCALED = Path("data/scaled")
IDX_FILES = {3: "images-idx3-ubyte.gz", 1: "labels-idx1-ubyte.gz"}  # by dimensions, as MNIST calls them


def scale_stock() -> None:
    if read_params().is_panel:
        scale_panel()
    else:
        scale_series()


def scale_panel() -> None:
    """Each symbol by its own past; symbols that can't take part are left out, and named."""
    stock = read_params().stock
    whole, about = read_raw_panel()
    window, columns, column = stock.window, tuple(about["columns"]), about["columns"].index
    series = whole.select(stock.start, stock.end, stock.rows)
    if not (series.spans[:, 0] < series.spans[:, 1]).any():
        first, last = (str(day)[:10] for day in whole.calendar()[[0, -1]])
        raise UserError(
            f"{stock.path}: no row from stock.start={stock.start} to stock.end={stock.end}: "
            f"the data go from {first} to {last}"
        )
    calendar = series.calendar()
    cuts = Cuts.at(calendar, window.length, window.horizon, stock.split.train, stock.split.validation)
    scalers, left_out, tested = dict[str, MinMaxScaler](), dict[str, str](), False
    for symbol, days, rows in series.all():
        seen = len(days) if stock.scale.fit_on == "all" else int(np.searchsorted(days, cuts.train, side="right"))
        parts = cuts.parts(days, window.length, window.horizon)
        try:
            if why := why_left_out(parts):
                raise UserError(why)
            scalers[symbol] = MinMaxScaler.fit({name: rows[:seen, column(name)] for name in columns})
        except UserError as error:
            left_out[symbol] = str(error)
            continue
        start, stop = parts["test"]
        tested |= stop > start
        if stop <= start:
            left_out[symbol] = "trained on, but not tested: it has no day in the test part"
    if not tested:
        raise UserError(f"{stock.path}: no symbol can be tested; {'; '.join(map(': '.join, left_out.items()))}"[:1000])
    stops = np.cumsum([len(days) for symbol, days, _ in series.all() if symbol in scalers])
    shapes = {"inputs": ((stops[-1], len(stock.features)), np.float64), "target": ((stops[-1],), np.float64)}
    with new_arrays(SCALED / "stock") as allocate:
        arrays, stop = allocate(shapes | {"dates": ((stops[-1],), calendar.dtype)}), 0
        allocate({"days": (calendar.shape, calendar.dtype)})["days"][:] = calendar
        for symbol, days, rows in series.all():
            if symbol in scalers:
                own, stop = slice(stop, stop + len(days)), stop + len(days)
                scaled = {name: scalers[symbol].transform(rows[:, column(name)], name) for name in columns}
                arrays["inputs"][own] = np.stack([scaled[name] for name in stock.features], 1)
                arrays["target"][own], arrays["dates"][own] = scaled[stock.target], days
    write_json(
        SCALED / "stock/scaler.json",
        {
            "format": PANEL_SCALER,
            "features": stock.features,
            "target": stock.target,
            "columns": columns,
            "symbols": list(scalers),
            "minimum": [scaler.minimum for scaler in scalers.values()],
            "maximum": [scaler.maximum for scaler in scalers.values()],
        },
    )
    spans = np.stack([stops - [len(d) for s, d, _ in series.all() if s in scalers], stops], 1)
    about_rows = {"panel": stock.panel, "symbols": list(scalers), "spans": spans.tolist()}
    write_json(SCALED / "stock/panel.json", about_rows)
    write_json(SCALED / "stock/about.json", {"summary": about["summary"], "left_out": left_out})
    symbols = f"{len(scalers)} symbol{'s' * (len(scalers) != 1)}"
    print(f"stock: {symbols}, {stops[-1]:,} rows scaled, each symbol by its own past")
    for symbol, why in left_out.items():
        print(f"  {'left out' if symbol not in scalers else 'note'}: {symbol}: {why}")


def scale_series() -> None:
    stock = read_params().stock
    columns = tuple(dict.fromkeys([*stock.features, stock.target]))
    frame = select(read_prices(RAW / "stock/prices.csv", columns).frame, stock.start, stock.end, stock.rows)

    # What training may see ends with the last training window's target.
    window, split = stock.window, stock.split
    try:
        count = count_windows(len(frame), window.length, window.horizon)
        _, n_train = in_time_order(count, split.train, split.validation, window.horizon)["train"]
        seen = training_rows(n_train, window.length, window.horizon) if stock.scale.fit_on == "train" else len(frame)
        scaler = MinMaxScaler.fit({column: frame[column].to_numpy()[:seen] for column in columns})
    except UserError as error:
        raise UserError(f"{stock.path if stock.source == 'csv' else f'source {stock.source}'}: {error}") from None

    inputs = np.empty((len(frame), len(stock.features)))
    for number, feature in enumerate(stock.features):  # one by one: the columns may be long
        inputs[:, number] = scaler.transform(frame[feature].to_numpy(), feature)
    target = scaler.transform(frame[stock.target].to_numpy(), stock.target)
    write_arrays(SCALED / "stock", {"inputs": inputs, "target": target, "dates": frame.index.to_numpy()})
    about = {"format": SCALER} | scaler.to_dict() | {"target": stock.target, "features": stock.features}
    write_json(SCALED / "stock/scaler.json", about)
    print(f"stock: {len(frame)} rows scaled, the scaler fitted on the first {seen}")


def scale_digits() -> None:
    digits = read_params().digits
    folder = RAW / "digits"
    own_parts = ("train", "t10k") if digits.source == "mnist" else ("sample",)
    parts = {
        part: [
            read_idx((folder / name).read_bytes(), dimensions, f"{folder}/{name}")
            for dimensions, ending in IDX_FILES.items()
            for name in [f"{part}-{ending}"]
        ]
        for part in own_parts
    }
    for part, (images, labels) in parts.items():
        check_labels(images, labels, f"{folder}/{part}-{IDX_FILES[1]}")
    if len({images.shape[1:] for images, _ in parts.values()}) > 1:
        shapes = ", ".join(f"{part} {images.shape[1:]}" for part, (images, _) in parts.items())
        raise UserError(f"{folder}: the images of {' and '.join(parts)} differ in size: {shapes}")
    images, labels = (np.concatenate([part[i] for part in parts.values()]) for i in (0, 1))
    maximum, own_test = (255, len(parts["t10k"][1])) if "t10k" in parts else (16, 0)
    write_arrays(SCALED / "digits", {"images": to_unit_interval(images, maximum), "labels": labels})
    about = {"format": SCALER, "minimum": 0, "maximum": maximum, "own_test": own_test}
    write_json(SCALED / "digits/scaler.json", about)
    print(f"digits: {len(images)} images scaled from 0..{maximum} to 0..1")


if __name__ == "__main__":
    run({"stock": scale_stock, "digits": scale_digits})
