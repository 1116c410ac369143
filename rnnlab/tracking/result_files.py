"""The results of networks and of simple rules, read from the files that the pipeline made of them."""

import json
from collections.abc import Set
from pathlib import Path
from typing import Any

import pandas as pd

from rnnlab.core.files import digest, read_json
from rnnlab.core.params import Params
from rnnlab.core.tables import METRICS, read_baselines, read_table
from rnnlab.networks.weights_header import read_config
from rnnlab.tracking.mirror import Data, Result
from rnnlab.tracking.run_info import experiment, read_tracked, repeat_command, run_params, run_tags
from rnnlab.tracking.store import PREFIX, Figures
from rnnlab.tracking.views import metric_name

FILES = {"test": "json", "history": "csv", "predictions": "csv"}
TABLE, TENSORS = "mlflow_colspec", "mlflow_tensorspec"  # MLflow's names of schemas
MOST_LETTERS = 8000  # of a tag that MLflow takes
SHORT = 8  # letters of a dataset's digest, as MLflow's own have


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
    means = {metric_name(key): value["mean"] for key, value in figures["metrics"].items()}
    stds = {metric_name(f"{key}_std"): value["std"] for key, value in figures["metrics"].items()}
    why = "; ".join(f"{key}: {reason}" for key, reason in figures["undefined"].items())
    undefined = {f"{PREFIX}undefined": why} if why else {}
    judged, verdict = _judged(name) if track == "series" and not params.is_panel else ({}, {})
    card, symbols = Path(f"report/cards/{name}.md"), Path(f"report/cards/{name}-symbols.csv")
    quartiles = {
        metric_name(f"{key}_{which}"): value
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
        figures=six_digits(means | stds | quartiles | judged),
        figures_by_seed={
            int(seed): six_digits({metric_name(key): value for key, value in by_seed.items()})
            for seed, by_seed in figures["by_seed"].items()
        },
        history=read_table(METRICS / f"history/{name}.csv"),
        artifacts=dict.fromkeys(sorted(Path("report/pictures", name).glob("*.png")), "pictures")
        | {files[0]: "weights", files[1]: "metrics", files[2]: "metrics", files[3]: "metrics", card: ""}
        | ({symbols: ""} if params.is_panel and track == "series" else {}),
        data=describe_data(track, params),
        tags={PREFIX + word: str(value) for word, value in config["made_with"].items()}
        | undefined
        | verdict
        | run_tags(f"train@{name}", maker(name, key, unchanged)),
        note=describe(repeat_command(), card.read_text(encoding="utf-8")),
    )


def describe(command: str, card: str) -> str:
    """A run's description: of a long card, as of many columns, the end is left out, and not the command."""
    return f"Repeat it:\n\n    {command}\n\n{card}"[:MOST_LETTERS]


def read_rules(track: str, params: Params, unchanged: Set[str] = frozenset()) -> list[Result]:
    """The simple rules of a track, which have a run each, beside the networks'."""
    data, results = describe_data(track, params), []
    for name, found in read_baselines(track)[0].items():
        figures = {metric_name(key): value["mean"] for key, value in found["metrics"].items()}
        judged = _judged(name)[0] if track == "series" and not params.is_panel else {}
        figures = six_digits(figures | judged)
        key = digest([json.dumps([track, name, figures, data.digest]).encode()])
        results.append(
            Result(
                model=name,
                track=track,
                key=key,
                weights_key=f"rule {key}",
                params={},
                parameters=None,
                figures=figures,
                figures_by_seed={},
                history=pd.DataFrame({"epoch": [], "seed": []}),
                artifacts={METRICS / f"baselines/{track}.json": "metrics"},
                data=data,
                tags={"kind": "simple rule"}
                | run_tags(f"baselines@{track}", "" if track in unchanged else experiment()),
                note=f"A simple rule, measured on the same steps or images as the networks (docs/metrics.md): {name}.",
            )
        )
    return results


def six_digits(figures: Figures) -> dict[str, float | None]:
    """Figures of six significant digits, as metrics/ has them: MLflow's table cuts off what is longer."""
    return {name: None if value is None else float(f"{value:.6g}") for name, value in figures.items()}


def describe_data(track: str, params: Params) -> Data:
    path = Path("data/raw") / track
    found = read_json(Path(f"data/windows/{track}.json"))
    if track == "digits":
        name, shape = f"digits-{params.digits.source}", [-1, found["length"], found["features"]]
        tensor = {"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": shape}}
        schema: dict[str, Any] = {TENSORS: {"features": json.dumps([tensor]), "targets": None}}
        profile = {"num_rows": found["count"], "num_elements": found["count"] * found["length"] * found["features"]}
    else:
        name, columns = params.series.name, dict.fromkeys([*params.series.features, params.series.target])
        schema = {TABLE: [{"type": "double", "name": column, "required": True} for column in columns]}
        rows = found["count"] + found["symbols"] * (found["length"] + found["horizon"] - 1)
        profile = {"num_rows": rows, "num_elements": rows * len(columns)}
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return Data(name, path, digest(files)[:SHORT], schema, profile)


def _judged(name: str) -> tuple[dict[str, float], dict[str, str]]:
    """Figures of walking forward, and a tag that says what the tests say."""
    path = METRICS / "comparison.json"
    if not path.is_file():  # of a training alone
        return {}, {}
    comparison = read_json(path)
    judged = comparison["backtest"]["judged"]
    figures = {
        "backtest/rmse": judged["rmse"].get(name),
        "backtest/rmse_p_value": judged["networks"].get(name, {}).get("p_holm"),
    }
    said = {"verdict": comparison["models"][name]} if name in comparison["models"] else {}
    return {key: value for key, value in figures.items() if value is not None}, said
