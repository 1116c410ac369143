"""split TRACK: data/scaled as seen by data/windows -> data/split/TRACK/{train,validation,test}."""

from pathlib import Path

from rnnlab.core.files import new_arrays, read_arrays, read_json, write_arrays, write_json
from rnnlab.core.params_file import read_params
from rnnlab.core.stage import run
from rnnlab.windows.artifacts import PARTS, SCALED, SPLIT, read_panel, read_scaler
from rnnlab.windows.panel import PanelPart, SplitDates
from rnnlab.windows.splitting import draw


def split_series() -> None:
    """By days that all symbols share, with the rows that each symbol's windows span."""
    window = {key: read_json(Path("data/windows/series.json"))[key] for key in ("length", "horizon")}
    split, panel = read_params().series.split, read_panel(SCALED, window)
    (calendar,) = read_arrays(SCALED, "days")
    dates = SplitDates.at(calendar, window["length"], window["horizon"], split.train, split.validation)
    counts = {}
    for name in PARTS:
        part = PanelPart.of(panel, dates, name)
        with new_arrays(SPLIT / "series" / name) as allocate:
            part.copy_to(allocate(part.shapes))
        content = {"panel": panel.kind, "symbols": panel.symbols, "spans": part.spans.tolist()}
        write_json(SPLIT / "series" / name / "panel.json", content)
        write_json(SPLIT / "series" / name / "window.json", window)
        counts[name] = part.count
    print("series: " + ", ".join(f"{count:,} {name}" for name, count in counts.items()))


def split_digits() -> None:
    split = read_params().digits.split
    images, labels = read_arrays(SCALED.parent / "digits", "images", "labels")
    parts = draw(labels, read_scaler("digits")["own_test"], split.validation)
    for name, indices in parts.items():
        write_arrays(SPLIT / "digits" / name, {"images": images[indices], "labels": labels[indices]})
    print("digits: " + ", ".join(f"{len(indices)} {name}" for name, indices in parts.items()))


if __name__ == "__main__":
    run({"series": split_series, "digits": split_digits})
