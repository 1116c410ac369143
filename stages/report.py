"""report: metrics -> report/index.html, one page with all in it, and each model's pictures as files of their own."""

import os
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

from rnnlab.comparison import verdict
from rnnlab.comparison.leaderboard import check_headline
from rnnlab.core.files import read_arrays, read_json, write_bytes, write_text
from rnnlab.core.params_file import read_params
from rnnlab.core.stage import run
from rnnlab.core.tables import METRICS
from rnnlab.evaluation import panel_evaluation
from rnnlab.reporting import model_card, report
from rnnlab.reporting.inputs import ABOUT, IMAGES, describe_data, describe_steps, read_track
from rnnlab.reporting.page import Section, render
from rnnlab.reporting.picture_cache import PictureCache
from rnnlab.reporting.series_sections import series_sections
from rnnlab.windows.series_info import read_info

REPORT = Path("report")
PACKAGES = ("torch", "numpy", "pandas", "scikit-learn", "scipy", "matplotlib", "dvc", "mlflow")


def main() -> None:
    comparison, params, info = read_json(METRICS / "comparison.json"), read_params(), read_info()
    sections: list[Section] = []
    card: Callable[..., str]
    # in the main repository, also where the stage runs in a temporary copy
    cache = PictureCache(Path(os.environ.get("DVC_ROOT", "."), ".dvc/tmp/pictures"))
    about = model_card.About(info, describe_steps())
    for name in check_headline(read_json(METRICS / "leaderboard.json"), str(METRICS / "leaderboard.json")):
        track = read_track(name, params.models_of("digits" if name == "digits" else "series"))
        if name == "series":
            made, pictures = series_sections(track, comparison, cache.draw, info, params)
            card = partial(model_card.series, comparison=comparison, params=params, about=about)
        elif name == "panel":
            made, pictures = report.panel(track, comparison, read_json(ABOUT), cache.draw, info)
            card = partial(model_card.panel, comparison=comparison, params=params, about=about)
            for model, result in track.models.items():
                write_text(REPORT / "cards" / f"{model}-symbols.csv", panel_evaluation.to_table(result))
        else:
            (images,) = read_arrays(Path("data/split/digits/test"), "images")
            made, pictures = report.digits(track, comparison, images, cache.draw)
            card = partial(model_card.digits, params=params, images=read_json(IMAGES))
        sections += made
        for model, result in track.models.items():
            write_text(REPORT / "cards" / f"{model}.md", card(model, result, track.baselines))
        for model, by_kind in pictures.items():  # also as files: a run carries them
            for kind, png in by_kind.items():
                write_bytes(REPORT / "pictures" / model / f"{kind}.png", png)
    memory = read_json(METRICS / "memory.json")
    sections.append(report.memory(memory, cache.draw))
    sections.append(report.parity(read_json(METRICS / "tutorial.json")))
    sections.append(
        report.about(
            {name: version(name).split("+")[0] for name in PACKAGES}, describe_data(), params.model_dump(mode="json")
        )
    )
    write_text(
        REPORT / "index.html",
        render(
            f"What the networks learned of {info.name}",
            [*comparison["verdicts"].values(), verdict.memory(memory)],
            sections,
        ),
    )
    cache.forget_the_oldest()


if __name__ == "__main__":
    run(main)
