"""scale TRACK: data/raw -> data/scaled, and the scaler as JSON."""

from pathlib import Path

import numpy as np

from rnnlab.errors import UserError
from rnnlab.formats import SCALER
from rnnlab.images import check_labels, read_idx, to_unit_interval
from rnnlab.prices import read_prices, select
from rnnlab.scaling import MinMaxScaler
from rnnlab.splitting import in_time_order
from rnnlab.windows import count_windows, training_rows
from stages.entry import run
from stages.files import write_arrays, write_json
from stages.params import read_params

RAW = Path("data/raw")
SCALED = Path("data/scaled")
IDX_FILES = {3: "images-idx3-ubyte.gz", 1: "labels-idx1-ubyte.gz"}  # by dimensions, as MNIST calls them


def scale_stock() -> None:
    stock = read_params().stock
    columns = tuple(dict.fromkeys([*stock.features, stock.target]))
    frame = select(read_prices(RAW / "stock.csv", columns).frame, stock.start, stock.end, stock.rows)

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
