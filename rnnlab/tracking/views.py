"""The view of an experiment that MLflow's page offers under "Views": the charts that tell most first, and few columns.

MLflow 3.17 keeps a view as a tag of the experiment, in the form in which the page keeps its own state; it has no
function that makes one. A page that does not know the form does not offer the view.
"""

import json
import time
from collections.abc import Mapping
from typing import Any

from rnnlab.core.stage import run

TAG = "mlflow.sharedViewState.errors-and-curves"
NAME = "Errors and curves"
KIND = "mlflow.experimentKind", "custom_model_development"  # else the UI guesses, and shows pages for chats
SERVER = "http://127.0.0.1:5000"
BARS = {
    "series": ["test/relative_rmse", "test/rmse", "test/mae"],
    "digits": ["test/test_accuracy", "test/macro_f1", "test/ece"],
}
LINES = {
    "series": {"train/loss": "log", "validation/loss": "log"},
    "digits": {"train/loss": "log", "train/accuracy": "linear", "validation/loss": "log"},
}
FIRST = {metric for metrics in BARS.values() for metric in metrics} | {"test/beaten"}  # the last of a panel
COLUMNS: dict[str, list[str]] = {"series": ["metrics.`backtest/rmse`"], "digits": []}
PARAMS = ["params.`model.cell`", "params.`model.hidden_size`"]


def view(track: str) -> dict[str, str]:
    """The tag that an experiment of the track has from its start."""
    bars = [_chart("BAR", "test", metric) for metric in BARS[track]]
    curve = {"xAxisKey": "step", "lineSmoothness": 0}
    lines = [_chart("LINE", "train", metric, scaleType=scale, **curve) for metric, scale in LINES[track].items()]
    state = {
        "selectedColumns": [f"metrics.`{metric}`" for metric in BARS[track]] + COLUMNS[track] + PARAMS,
        "runsHiddenMode": "FIRST_20_RUNS",
        "compareRunCharts": bars + lines,
        "compareRunSections": [_section("test", "Test"), _section("train", "Training")],
        "isAccordionReordered": True,
        "hideEmptyCharts": True,
    }
    now = int(1000 * time.time())
    return {TAG: json.dumps({"name": NAME, "createdAt": now, "updatedAt": now, "state": json.dumps(state)})}


def metric_name(key: str) -> str:
    """What a figure of the test part is called in a run.

    MLflow's page orders its charts by name: ``backtest/``, ``test/`` and ``train/`` come before ``unranked/``.
    """
    return f"test/{key}" if f"test/{key}" in FIRST else f"unranked/{key}"


def addresses(experiments: Mapping[str, str]) -> dict[str, str]:
    """Of each experiment, by its id, the charts and the table in the view, on the server of `make ui`.

    Without the view MLflow's table has no figures.
    """
    words = f"workflowType=machine_learning&viewStateShareKey={TAG.rsplit('.', 1)[1]}"
    return {
        f"{page} of {name}": f"{SERVER}/#/experiments/{number}/runs?{words}{mode}"
        for number, name in experiments.items()
        for page, mode in {"charts": "&compareRunsMode=CHART", "table": ""}.items()
    }


def main() -> None:
    from rnnlab.tracking.store import open_store  # which imports this module

    found = open_store().client.search_experiments(filter_string="tags.`{}` = '{}'".format(*KIND))
    for page, address in addresses({each.experiment_id: each.name for each in found}).items():
        print(f"{page}: {address}")


def _chart(kind: str, section: str, metric: str, **more: Any) -> dict[str, Any]:
    about = {"uuid": metric, "type": kind, "metricSectionId": section, "metricKey": metric}
    return about | {"runsCountToCompare": 20, "isGenerated": False} | more


def _section(key: str, name: str) -> dict[str, Any]:
    return {"uuid": key, "name": name, "display": True, "isGenerated": False}


if __name__ == "__main__":
    run(main)
