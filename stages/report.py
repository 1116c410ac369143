"""report: metrics -> report/index.html, one page with all in it, and each model's pictures as files of their own."""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from rnnlab import report, verdict
from rnnlab.leaderboard import rank
from rnnlab.page import Section, render
from stages.entry import run
from stages.files import read_arrays, read_json, write_bytes, write_text
from stages.params import read_params

METRICS = Path("metrics")
REPORT = Path("report")
PACKAGES = ("torch", "numpy", "pandas", "scikit-learn", "scipy", "statsmodels", "matplotlib", "dvc", "mlflow")


def main() -> None:
    comparison, params = read_json(METRICS / "comparison.json"), read_params()
    sections: list[Section] = []
    for name in read_json(METRICS / "leaderboard.json"):
        track = read_track(name, params.models_of(name))
        if name == "stock":
            made, pictures = report.stock(track, comparison)
        else:
            made, pictures = report.digits(track, comparison, *read_arrays(Path("data/split/digits/test"), "images"))
        sections += made
        for model, by_kind in pictures.items():  # also as files: a run carries them
            for kind, png in by_kind.items():
                write_bytes(REPORT / "pictures" / model / f"{kind}.png", png)
    memory = read_json(METRICS / "memory.json")
    sections.append(report.memory(memory))
    sections.append(report.parity(read_json(METRICS / "parity.json")))
    sections.append(report.about({name: version(name) for name in PACKAGES}, data(), params.model_dump(mode="json")))
    write_text(
        REPORT / "index.html",
        render("What the networks learned", [*comparison["verdicts"].values(), verdict.memory(memory)], sections),
    )


def read_track(name: str, models: list[str]) -> report.Track:
    baselines = read_json(METRICS / f"baselines/{name}/figures.json")
    results: Mapping[str, Any] = {model: read_json(METRICS / f"test/{model}.json") for model in models}
    board = rank({name: baselines | results})
    order = [entry for entry in board[name] if entry in results]
    dates = ["date"] if name == "stock" else []
    return report.Track(
        board,
        baselines,
        {model: results[model] for model in order},
        {model: pd.read_csv(METRICS / f"history/{model}.csv") for model in order},
        {model: pd.read_csv(METRICS / f"predictions/{model}.csv", parse_dates=dates) for model in order},
    )


def data() -> str:
    prices = pd.read_csv(METRICS / "baselines/stock/forecasts.csv", usecols=["date", "part"])
    counts = ", ".join(f"{count} {part}" for part, count in prices["part"].value_counts(sort=False).items())
    images = read_json(Path("data/windows/digits.json"))
    return (
        f"Prices: forecasts for {prices['date'].iloc[0]} to {prices['date'].iloc[-1]} ({counts}). "
        f"Digits: {images['count']:,} images of {images['length']} x {images['features']} pixels."
    )


if __name__ == "__main__":
    run(main)
