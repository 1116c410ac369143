"""split TRACK: data/scaled as seen by data/windows -> data/split/TRACK/{train,validation,test}."""

from pathlib import Path

import numpy as np

from rnnlab.core.files import new_arrays, read_arrays, read_json, write_arrays, write_json
from rnnlab.core.params_file import read_params
from rnnlab.core.stage import run
from rnnlab.windows.artifacts import PARTS, SPLIT, read_panel, read_scaler
from rnnlab.windows.panel import Cuts
from rnnlab.windows.splitting import draw, in_time_order
from rnnlab.windows.windows import Windows

SCALED = Path("data/scaled")
WINDOWS = Path("data/windows")


def split_stock() -> None:
    window = {key: read_json(WINDOWS / "stock.json")[key] for key in ("length", "horizon")}
    if read_params().is_panel:
        split_panel(window)
    else:
        split_series(window)


def split_panel(window: dict[str, int]) -> None:
    """By days that all symbols share, with the rows that each symbol's windows span."""
    split, panel = read_params().stock.split, read_panel(SCALED / "stock", window)
    (calendar,) = read_arrays(SCALED / "stock", "days")
    cuts = Cuts.at(calendar, window["length"], window["horizon"], split.train, split.validation)
    bounds = [cuts.parts(windows.dates, window["length"], window["horizon"]) for _, windows in panel.all()]
    for name in PARTS:
        stops = np.cumsum([len(w.part(*b[name]).target) for (_, w), b in zip(panel.all(), bounds, strict=True)])
        starts, rows = [0, *stops[:-1].tolist()], int(stops[-1])
        shapes = {"inputs": ((rows, panel.inputs.shape[1]), np.float64), "target": ((rows,), np.float64)}
        with new_arrays(SPLIT / "stock" / name) as allocate:
            arrays = allocate(shapes | {"dates": ((rows,), panel.dates.dtype)})
            for (_, windows), bound, start, stop in zip(panel.all(), bounds, starts, stops, strict=True):
                part = windows.part(*bound[name])
                for key, array in arrays.items():
                    array[start:stop] = getattr(part, key)
        spans = list(zip(starts, stops.tolist(), strict=True))
        content = {"panel": read_params().stock.panel, "symbols": panel.symbols, "spans": spans}
        write_json(SPLIT / "stock" / name / "panel.json", content)
        write_json(SPLIT / "stock" / name / "window.json", window)
    counts = {name: sum(b[name][1] - b[name][0] for b in bounds) for name in PARTS}
    print("stock: " + ", ".join(f"{count:,} {name}" for name, count in counts.items()))


def split_series(window: dict[str, int]) -> None:
    split = read_params().stock.split
    inputs, target, dates = read_arrays(SCALED / "stock", "inputs", "target", "dates")
    windows = Windows(inputs, target, dates, **window)
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
