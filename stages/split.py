"""split TRACK: data/scaled as seen by data/windows -> data/split/TRACK/{train,validation,test}."""

from pathlib import Path

from rnnlab.splitting import draw, in_time_order
from rnnlab.windows import Windows
from stages.entry import run
from stages.files import read_arrays, read_json, write_arrays, write_json
from stages.params import read_params
from stages.parts import SPLIT, read_scaler

SCALED = Path("data/scaled")
WINDOWS = Path("data/windows")


def split_stock() -> None:
    split = read_params().stock.split
    window = {key: read_json(WINDOWS / "stock.json")[key] for key in ("length", "horizon")}
    windows = Windows(*read_arrays(SCALED / "stock", "inputs", "target", "dates"), **window)
    bounds = in_time_order(len(windows), split.train, split.validation, window["horizon"])
    for name, (start, stop) in bounds.items():
        part = windows.part(start, stop)
        write_arrays(SPLIT / "stock" / name, {"inputs": part.inputs, "target": part.target, "dates": part.dates})
        write_json(SPLIT / "stock" / name / "window.json", window)
    print("stock: " + ", ".join(f"{stop - start} {name}" for name, (start, stop) in bounds.items()))


def split_digits() -> None:
    split = read_params().digits.split
    images, labels = read_arrays(SCALED / "digits", "images", "labels")
    parts = draw(labels, read_scaler("digits")["own_test"], split.validation)
    for name, indices in parts.items():
        write_arrays(SPLIT / "digits" / name, {"images": images[indices], "labels": labels[indices]})
    print("digits: " + ", ".join(f"{len(indices)} {name}" for name, indices in parts.items()))


if __name__ == "__main__":
    run({"stock": split_stock, "digits": split_digits})
