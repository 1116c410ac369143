"""track: the files of all models -> the MLflow runs that are not there yet. To be run by hand after `dvc pull`."""

import os
from pathlib import Path

from rnnlab.core.files import write_json
from rnnlab.core.params_file import read_params
from rnnlab.core.stage import run
from rnnlab.tracking.mirror import mirror
from rnnlab.tracking.result_files import read_result, read_rules
from rnnlab.tracking.run_info import EXPERIMENT, TRACKED, experiment, models_of_the_commit, run_name
from rnnlab.tracking.store import STORE_ERRORS, Store, UnreachableError, explain


def main() -> None:
    params = read_params()
    unchanged = models_of_the_commit(params.models) if experiment() else set()
    results = [read_result(name, params, unchanged) for name in params.models]
    made_by = {result.model: result.tags.get(EXPERIMENT, "") for result in results}
    write_json(TRACKED, {result.model: {"key": result.key, "experiment": made_by[result.model]} for result in results})
    # DVC_ROOT is the main repository, also in a temporary copy: all its runs go to one store.
    root, uri = Path(os.environ.get("DVC_ROOT", ".")), os.environ.get("MLFLOW_TRACKING_URI")
    # The results are there all the same, and an experiment must not be lost for want of a server.
    later = "`python -m stages.track` adds the runs when it can be"
    try:
        store = Store(root, uri, params.series.name)
    except UnreachableError as error:
        print(f"note: {error}; {later}")
        return
    try:
        rules = [rule for track in store.experiments if params.models_of(track) for rule in read_rules(track, params)]
        for result in [*rules, *results]:
            name = run_name(result.model, made_by.get(result.model, ""))
            if done := mirror(store, result, name):
                print(f"{done} run: {name}")
        for track in store.experiments:
            store.tidy(track)
    except STORE_ERRORS as error:
        print(f"note: MLflow at {store.shown} can't be reached any more: {explain(error)}; {later}")


if __name__ == "__main__":
    run(main)
