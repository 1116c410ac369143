"""report: metrics -> report/index.html, one page with all in it, and each model's pictures as files of their own."""

import os
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rnnlab.comparison import verdict
from rnnlab.comparison.leaderboard import check_headline, rank
from rnnlab.core.files import read_arrays, read_json, write_bytes, write_text
from rnnlab.core.params import Params
from rnnlab.core.params_file import read_params
from rnnlab.core.stage import run
from rnnlab.core.tables import read_table
from rnnlab.evaluation import panel_evaluation
from rnnlab.reporting import model_card, report
from rnnlab.reporting.page import Section, render
from rnnlab.reporting.picture_cache import PictureCache

METRICS = Path("metrics")
REPORT = Path("report")
ABOUT = Path("data/scaled/stock/about.json")  # of a panel
IMAGES = Path("data/windows/digits.json")
PACKAGES = ("torch", "numpy", "pandas", "scikit-learn", "scipy", "matplotlib", "dvc", "mlflow")


def main() -> None:
    comparison, params = read_json(METRICS / "comparison.json"), read_params()
    sections: list[Section] = []
    # in the main repository, also where the stage runs in a temporary copy
    cache = PictureCache(Path(os.environ.get("DVC_ROOT", "."), ".dvc/tmp/pictures"))
    for name in check_headline(read_json(METRICS / "leaderboard.json"), str(METRICS / "leaderboard.json")):
        track = read_track(name, params.models_of("digits" if name == "digits" else "stock"))
        if name == "stock":
            made, pictures = report.stock(track, comparison, cache.draw)
        elif name == "panel":
            made, pictures = report.panel(
                track, comparison["panel"], comparison["backtest"], read_json(ABOUT), cache.draw
            )
            for model, result in track.models.items():
                write_text(REPORT / "cards" / f"{model}-symbols.csv", panel_evaluation.to_table(result))
        else:
            (images,) = read_arrays(Path("data/split/digits/test"), "images")
            made, pictures = report.digits(track, comparison, images, cache.draw)
        sections += made
        for model, text in cards(name, track, comparison, params).items():
            write_text(REPORT / "cards" / f"{model}.md", text)
        for model, by_kind in pictures.items():  # also as files: a run carries them
            for kind, png in by_kind.items():
                write_bytes(REPORT / "pictures" / model / f"{kind}.png", png)
    memory = read_json(METRICS / "memory.json")
    sections.append(report.memory(memory, cache.draw))
    sections.append(report.parity(read_json(METRICS / "tutorial.json")))
    sections.append(
        report.about({name: version(name).split("+")[0] for name in PACKAGES}, data(), params.model_dump(mode="json"))
    )
    write_text(
        REPORT / "index.html",
        render("What the networks learned", [*comparison["verdicts"].values(), verdict.memory(memory)], sections),
    )
    cache.forget_the_oldest()


def read_track(name: str, models: list[str]) -> report.Track:
    baselines = read_json(METRICS / f"baselines/{'digits' if name == 'digits' else 'stock'}.json")
    results: Mapping[str, Any] = {model: read_json(METRICS / f"test/{model}.json") for model in models}
    board = rank({name: baselines | results})
    order = [entry for entry in board[name] if entry in results]
    dates = [] if name == "digits" else ["date"]
    return report.Track(
        board,
        baselines,
        {model: results[model] for model in order},
        {model: read_table(METRICS / f"history/{model}.csv") for model in order},
        {model: read_table(METRICS / f"predictions/{model}.csv", parse_dates=dates) for model in order},
    )


def cards(name: str, track: report.Track, comparison: Mapping[str, Any], params: Params) -> dict[str, str]:
    if name == "stock":
        return {
            model: model_card.stock(model, result, track.baselines, comparison["stock"], params, days())
            for model, result in track.models.items()
        }
    if name == "panel":
        return {
            model: model_card.panel(model, result, track.baselines, comparison["panel"], params)
            for model, result in track.models.items()
        }
    images = read_json(IMAGES)
    return {
        name: model_card.digits(name, result, track.baselines, params, images) for name, result in track.models.items()
    }


def days() -> str:
    if ABOUT.exists():
        return f"{read_json(ABOUT)['summary'][0]}."
    prices = read_table(METRICS / "baselines/stock.csv", usecols=["date", "part"])
    parts = (
        f"{part} {len(dates)}, {dates.iloc[0]} to {dates.iloc[-1]}"
        for part, dates in prices.groupby("part", sort=False)["date"]
    )
    return f"Days that are forecast: {'; '.join(parts)}."


def data() -> str:
    images = read_json(IMAGES)
    return f"Prices: {days()} Digits: {images['count']:,} images of {images['length']} x {images['features']} pixels."


if __name__ == "__main__":
    run(main)
