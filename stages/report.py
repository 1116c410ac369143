"""report: metrics -> report/index.html, one page with all in it; each model's pictures and card; `dvc plots`' page."""

import os
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

from rnnlab.comparison import tutorial
from rnnlab.comparison.leaderboard import check_headline
from rnnlab.core.files import read_arrays, read_json, write_bytes, write_text
from rnnlab.core.params_file import read_params
from rnnlab.core.stage import run
from rnnlab.core.tables import METRICS
from rnnlab.evaluation import panel_evaluation
from rnnlab.reporting import learned_sections, model_card, report
from rnnlab.reporting.inputs import ABOUT, IMAGES, describe_data, describe_steps, read_track
from rnnlab.reporting.page import Block, Section, render, render_plots
from rnnlab.reporting.panel_sections import panel_pages
from rnnlab.reporting.picture_cache import PictureCache
from rnnlab.reporting.series_sections import series_pages
from rnnlab.windows.series_info import read_info

REPORT = Path("report")
PACKAGES = ("torch", "numpy", "pandas", "scikit-learn", "scipy", "altair", "dvc", "mlflow")


def main() -> None:
    comparison, params, info = read_json(METRICS / "comparison.json"), read_params(), read_info()
    opening: list[Block] = []
    sections: list[Section] = []
    card: Callable[..., str]
    # in the main repository, also where the stage runs in a temporary copy
    cache = PictureCache(Path(os.environ.get("DVC_ROOT", "."), ".dvc/tmp/pictures"))
    about = model_card.About(info, describe_steps())
    for name in check_headline(read_json(METRICS / "leaderboard.json"), str(METRICS / "leaderboard.json")):
        track = read_track(name, params.models_of("digits" if name == "digits" else "series"))
        if name == "series":
            pages = series_pages(track, comparison, info, params)
            card = partial(model_card.series, comparison=comparison, params=params, about=about)
        elif name == "panel":
            pages = panel_pages(track, comparison, read_json(ABOUT), info)
            card = partial(model_card.panel, comparison=comparison, params=params, about=about)
            for model, result in track.models.items():
                write_text(REPORT / "cards" / f"{model}-symbols.csv", panel_evaluation.to_table(result))
        else:
            (images,) = read_arrays(Path("data/split/digits/test"), "images")
            pages = report.digits_pages(track, comparison, images)
            card = partial(model_card.digits, params=params, images=read_json(IMAGES))
        opening += pages.opening
        sections += pages.sections
        for model, result in track.models.items():
            write_text(REPORT / "cards" / f"{model}.md", card(model, result, track.baselines))
        for model, by_kind in pages.pictures.items():  # as files: a run carries them
            for kind, spec in by_kind.items():
                write_bytes(REPORT / "pictures" / model / f"{kind}.png", cache.png(spec))
    sections.append(learned_sections.memory(read_json(METRICS / "memory.json")))
    sections.append(report.tutorial(read_json(METRICS / "tutorial.json"), tutorial.has_its_series(params)))
    versions = {name: version(name).split("+")[0] for name in PACKAGES}
    sections.append(report.about(versions, describe_data(), params.model_dump(mode="json")))
    scripts = cache.scripts()
    write_text(REPORT / "index.html", render(f"What the networks learned of {info.name}", opening, sections, scripts))
    write_text(REPORT / "plots.html", render_plots(scripts))
    cache.forget_the_oldest()


if __name__ == "__main__":
    run(main)
