"""window TRACK: data/scaled -> data/windows, how the scaled arrays are seen as sequences, without copies."""

from pathlib import Path

from rnnlab.core.files import read_arrays, write_json
from rnnlab.core.params_file import read_params
from rnnlab.core.stage import run
from rnnlab.windows.artifacts import read_panel
from rnnlab.windows.windows import Windows

SCALED = Path("data/scaled")
WINDOWS = Path("data/windows")


def window_stock() -> None:
    window = read_params().stock.window
    if read_params().is_panel:
        panel = read_panel(SCALED / "stock", {"length": window.length, "horizon": window.horizon})
        counts = [len(windows) for _, windows in panel.all()]
        content = {"count": sum(counts), "length": window.length, "features": panel.inputs.shape[1]}
        write_json(WINDOWS / "stock.json", content | {"horizon": window.horizon, "symbols": len(panel)})
        symbols = f"{len(panel)} symbol{'s' * (len(panel) != 1)}"
        print(f"stock: {sum(counts):,} windows of {symbols}, {min(counts):,} to {max(counts):,} each")
        return
    inputs, target, dates = read_arrays(SCALED / "stock", "inputs", "target", "dates")
    windows = Windows(inputs, target, dates, window.length, window.horizon)
    count, length, features = windows.x.shape
    content = {"count": count, "length": length, "features": features, "horizon": window.horizon}
    write_json(WINDOWS / "stock.json", content)
    print(f"stock: {count} windows of {length} days x {features} features, targets {windows.y.shape}")


def window_digits() -> None:
    (images,) = read_arrays(SCALED / "digits", "images")
    count, length, features = images.shape  # a row is a time step, its pixels are the features
    write_json(WINDOWS / "digits.json", {"count": count, "length": length, "features": features})
    print(f"digits: {count} sequences of {length} rows x {features} pixels")


if __name__ == "__main__":
    run({"stock": window_stock, "digits": window_digits})
