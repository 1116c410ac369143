"""What is said of a model's MLflow run, alike while it is trained and from its files."""

import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from rnnlab.core.overrides import command, overrides
from rnnlab.core.params import Params
from rnnlab.core.params_file import FILE, read_content
from rnnlab.core.params_parsing import flatten

LOCK = Path("dvc.lock")
STAGE, EXPERIMENT = "rnnlab.stage", "rnnlab.experiment"  # tags
TRACKED = Path("data/tracked.json")  # of each model the key of its result, and the experiment that made it


def experiment() -> str:
    """That DVC runs just now; empty for `dvc repro`."""
    return os.environ.get("DVC_EXP_NAME", "")


def same_as_in_commit(names: Iterable[str]) -> set[str]:
    """The models, and tracks with their simple rules, that the running experiment made from the same inputs as its
    commit did.
    """
    before, now = (YAML(typ="safe").load(text) for text in (show_file(commit(), LOCK), LOCK.read_text()))
    return {name for name in names if before and _inputs(before, name) == _inputs(now, name)}


def _inputs(lock: Mapping[str, Any], name: str) -> list[Any]:
    """As dvc.lock has them; the weights are what the training made of the others."""
    stages = [lock["stages"].get(f"{stage}@{name}", {}) for stage in ("train", "evaluate", "baselines")]
    read = [[found for found in stage.get("deps", []) if not found["path"].startswith("models/")] for stage in stages]
    return [stage.get("params") for stage in stages] + read


def read_tracked() -> dict[str, dict[str, str]]:
    """What `track` last wrote; nothing where it is missing, or an older version's."""
    try:
        found = json.loads(TRACKED.read_text(encoding="utf-8"))
        return {model: {"key": about["key"], "experiment": about["experiment"]} for model, about in found.items()}
    except (FileNotFoundError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def run_name(model: str, experiment: str) -> str:
    """The model first: MLflow's charts and tables cut long names."""
    return f"{model} / {experiment}" if experiment else model


def run_params(params: Params, name: str) -> dict[str, Any]:
    """Flat, as in params.yaml; ``model`` and ``training`` are what holds for this one, so that runs can be compared."""
    model, training = params.model(name).model_dump(mode="json"), params.training_of(name).model_dump(mode="json")
    track = model.pop("track")
    own = {key: value for key, value in model.items() if key not in training}
    return flatten({track: getattr(params, track).model_dump(mode="json"), "model": own, "training": training})


def run_tags(stage: str, experiment: str) -> dict[str, str]:
    tags = {STAGE: stage, EXPERIMENT: experiment, "mlflow.source.git.commit": commit()}
    return {key: value for key, value in tags.items() if value}


def show_file(revision: str, path: Path) -> str:
    """A file of a commit; empty where there is none."""
    return _git("show", f"{revision}:{path.as_posix()}")


def commit() -> str:
    """That the run stands on; empty where git or a commit is missing."""
    return os.environ.get("DVC_EXP_BASELINE_REV") or _git("rev-parse", "HEAD").strip()


def repeat_command() -> str:
    """What a person types to have the same results again: on which commit, and with which parameters changed."""
    revision = commit()
    base = YAML(typ="safe").load(show_file(revision, Path(FILE))) if revision else None
    if not isinstance(base, Mapping):
        return "dvc repro"
    words = overrides(base, read_content())
    return f"git checkout {revision[:12]} && {command(words) if words else 'dvc repro'}"


def _git(*args: str) -> str:
    done = subprocess.run(["git", *args], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""
