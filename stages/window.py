"""window TRACK: data/scaled -> data/windows, how the scaled arrays are seen as sequences, without copies."""

from dataclasses import asdict
from pathlib import Path

from rnnlab.core.files import read_arrays, read_json, write_json
from rnnlab.core.params_file import read_params
from rnnlab.core.stage import run
from rnnlab.windows.artifacts import SCALED, read_panel, read_scaler
from rnnlab.windows.series_info import describe

WINDOWS = Path("data/windows")


def window_series() -> None:
    params = read_params().series
    window = params.window
    panel = read_panel(SCALED, {"length": window.length, "horizon": window.horizon})
    info = describe(params, read_json(SCALED / "panel.json")["rhythm"], read_scaler("series"))
    counts, features = [len(windows) for _, windows in panel.all()], panel.inputs.shape[1]
    content = {"count": sum(counts), "length": window.length, "features": features, "horizon": window.horizon}
    write_json(WINDOWS / "series.json", content | {"symbols": len(panel), "series": asdict(info)})
    of_symbols = f", of {len(panel)} symbols, {min(counts):,} to {max(counts):,} each" if panel.kind else ""
    print(f"series: {sum(counts):,} windows of {window.length} rows x {features} features{of_symbols}")


def window_digits() -> None:
    (images,) = read_arrays(SCALED.parent / "digits", "images")
    count, length, features = images.shape  # a row is a time step, its pixels are the features
    write_json(WINDOWS / "digits.json", {"count": count, "length": length, "features": features})
    print(f"digits: {count} sequences of {length} rows x {features} pixels")


if __name__ == "__main__":
    run({"series": window_series, "digits": window_digits})
