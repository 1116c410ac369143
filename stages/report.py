"""report: metrics -> report/index.html and, for each model, its pictures."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rnnlab import plots
from rnnlab.leaderboard import rank
from rnnlab.page import render
from stages.entry import run
from stages.files import read_arrays, read_json, write_bytes, write_text

METRICS = Path("metrics")
REPORT = Path("report")


def main() -> None:
    names = {track: list(entries) for track, entries in read_json(METRICS / "leaderboard.json").items()}
    results = {track: read_json(METRICS / f"baselines/{track}/figures.json") for track in names}
    pictures = {}
    for track, entries in names.items():
        for name in entries:
            if name not in results[track]:
                results[track][name] = read_json(METRICS / f"test/{name}.json")
                pictures[name] = draw(name, results[track][name])
    for name, drawn in pictures.items():
        for picture, content in drawn.items():
            write_bytes(REPORT / name / f"{picture}.png", content)
    write_text(REPORT / "index.html", render(rank(results), {name: list(drawn) for name, drawn in pictures.items()}))


def draw(name: str, result: dict[str, Any]) -> dict[str, bytes]:
    """A model's pictures by file name."""
    pictures = {"loss": plots.loss(pd.read_csv(METRICS / f"history/{name}.csv"), name)}
    predictions = pd.read_csv(METRICS / f"predictions/{name}.csv")
    if result["track"] == "stock":
        predictions["date"] = pd.to_datetime(predictions["date"])
        return pictures | {
            "forecast": plots.forecast(predictions, name),
            "close_up": plots.close_up(predictions, name),
        }
    first = predictions[predictions["seed"] == predictions["seed"].min()]
    (images,) = read_arrays(Path("data/split/digits/test"), "images")
    return pictures | {
        "confusion": plots.confusion(np.array(result["confusion"]), name),
        "misread": plots.misread(images, first["y_true"].to_numpy(), first["y_pred"].to_numpy(), name),
    }


if __name__ == "__main__":
    run(main)
