"""A model's result, read from the files that the pipeline made of it."""

from collections.abc import Set
from pathlib import Path

from rnnlab.core.files import digest, read_json
from rnnlab.core.params import Params
from rnnlab.core.tables import METRICS, read_baselines, read_table
from rnnlab.networks.weights_header import read_config
from rnnlab.tracking.mirror import Result
from rnnlab.tracking.run_info import experiment, read_tracked, repeat_command, run_params, run_tags

FILES = {"test": "json", "history": "csv", "predictions": "csv"}
BASELINE = {"series": "persistence", "digits": "majority_class"}


def maker(model: str, key: str, unchanged: Set[str]) -> str:
    """The experiment that made a result: what runs, or, by hand and later, what was written down when it ran.

    Empty for a model that the experiment left as its commit has it.
    """
    if experiment():
        return "" if model in unchanged else experiment()
    before = read_tracked().get(model)
    return before["experiment"] if before and before["key"] == key else ""


def read_result(name: str, params: Params, unchanged: Set[str] = frozenset()) -> Result:
    """Read a model's files."""
    files = [Path(f"models/{name}.safetensors"), *(METRICS / kind / f"{name}.{end}" for kind, end in FILES.items())]
    config, figures = read_config(str(files[0])), read_json(METRICS / f"test/{name}.json")
    track = config["track"]
    data = Path("data/raw") / track
    rival = read_baselines(track)[0][BASELINE[track]]
    baseline = {f"baseline/{key}": value["mean"] for key, value in rival["metrics"].items()}
    means = {f"test/{key}": value["mean"] for key, value in figures["metrics"].items()}
    stds = {f"test/{key}_std": value["std"] for key, value in figures["metrics"].items()}
    why = "; ".join(f"{key}: {reason}" for key, reason in figures["undefined"].items())
    undefined = {"undefined": why} if why else {}
    judged, verdict = _judged(name) if track == "series" and not params.is_panel else ({}, {})
    card, symbols = Path(f"report/cards/{name}.md"), Path(f"report/cards/{name}-symbols.csv")
    quartiles = {
        f"test/{key}_{which}": value
        for key, values in figures.get("over_symbols", {}).items()
        for which, value in zip(("lower_quartile", "median", "upper_quartile"), values, strict=True)
    }
    key = digest(files)
    return Result(
        model=name,
        track=track,
        key=key,
        weights_key=digest(files[:1]),
        params=run_params(params, name),
        parameters=config["parameters"],
        figures=means | stds | quartiles | baseline | judged,
        figures_by_seed={
            int(seed): {f"test/{key}": value for key, value in by_seed.items()}
            for seed, by_seed in figures["by_seed"].items()
        },
        history=read_table(METRICS / f"history/{name}.csv"),
        artifacts=dict.fromkeys(sorted(Path("report/pictures", name).glob("*.png")), "pictures")
        | {files[0]: "weights", files[1]: "metrics", files[2]: "metrics", files[3]: "metrics", card: ""}
        | ({symbols: ""} if params.is_panel and track == "series" else {}),
        data_path=data,
        data_name=params.series.name if track == "series" else f"digits-{params.digits.source}",
        data_digest=digest(sorted(data.iterdir()) if data.is_dir() else [data]),
        tags={word: str(value) for word, value in config["made_with"].items()}
        | undefined
        | verdict
        | run_tags(name, maker(name, key, unchanged)),
        note=f"{card.read_text(encoding='utf-8')}\n## The same again\n\n    {repeat_command()}\n",
    )


def _judged(name: str) -> tuple[dict[str, float], dict[str, str]]:
    """Figures of walking forward, and a tag that says what the tests say."""
    path = METRICS / "comparison.json"
    if not path.is_file():  # of a training alone
        return {}, {}
    comparison = read_json(path)
    judged = comparison["backtest"]["judged"]
    figures = {
        "backtest/rmse": judged["rmse"].get(name),
        "backtest/p_every_rule": judged["networks"].get(name, {}).get("p_holm"),
    }
    return {key: value for key, value in figures.items() if value is not None}, {"verdict": comparison["models"][name]}
