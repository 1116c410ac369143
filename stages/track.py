"""track: the files of all models -> the MLflow runs that are not there yet. To be run by hand after `dvc pull`."""

import os
from pathlib import Path

from rnnlab.core.files import write_json
from rnnlab.core.params_file import read_params
from rnnlab.core.stage import run
from rnnlab.tracking.ending import last_lines
from rnnlab.tracking.mirror import mirror
from rnnlab.tracking.report_page import attach
from rnnlab.tracking.result_files import read_result, read_rules
from rnnlab.tracking.run_info import EXPERIMENT, TRACKED, experiment, run_name, same_as_in_commit
from rnnlab.tracking.store import STORE_ERRORS, Store, explain


def main() -> None:
    params = read_params()
    tracks = [track for track in ("series", "digits") if params.models_of(track)]
    unchanged = same_as_in_commit([*params.models, *tracks]) if experiment() else set()
    results = {name: read_result(name, params, unchanged) for name in params.models}
    made_by = {name: result.tags.get(EXPERIMENT, "") for name, result in results.items()}
    write_json(TRACKED, {name: {"key": result.key, "experiment": made_by[name]} for name, result in results.items()})
    rules = [read_rules(track, params, unchanged) for track in tracks]
    # MLflow's page shows the newest runs first, and few of them: the rule that all are compared with comes last.
    others = [rule for found in rules for rule in reversed(found[1:])]
    in_order = [*others, *results.values(), *(rule for found in rules for rule in found[:1])]
    # DVC_ROOT is the main repository, also in a temporary copy: all its runs go to one store.
    root, uri = Path(os.environ.get("DVC_ROOT", ".")), os.environ.get("MLFLOW_TRACKING_URI")
    try:
        store = Store(root, uri, params.series.name)
        made = {}
        for result in in_order:
            name = run_name(result.model, result.tags.get(EXPERIMENT, ""))
            if done := mirror(store, result, name):
                print(f"{done} run: {name}")
                made[result.model] = result
        attach(store, {name: made[name] for name in results if name in made}, made_by)
        for track in store.experiments:
            store.tidy(track)
    except STORE_ERRORS as error:
        # The results are there all the same, and an experiment must not be lost for want of a server.
        print(f"note: {explain(error)}; `python -m stages.track` adds the runs when it can be reached")
    print(*last_lines(), sep="\n")


if __name__ == "__main__":
    run(main)
