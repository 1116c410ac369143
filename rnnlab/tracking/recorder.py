"""recorder: lines of JSON from a training -> an MLflow run while it goes on. Started by `live_run`, not by hand.

The first line says what the training is; then come its epochs; at last its end. Without that it was killed.
"""

import json
import os
import queue
import signal
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnlab.core.errors import redact_credentials
from rnnlab.core.params import Params
from rnnlab.core.processes import is_gone
from rnnlab.tracking.run_info import experiment, run_name, run_params, run_tags

if TYPE_CHECKING:
    from rnnlab.tracking.training_run import Training

LONG = 45.0  # seconds of training after which the machine is watched too: a minute's training then has a first reading


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):  # the training's end is what counts
        signal.signal(number, signal.SIG_IGN)
    messages = read_messages()
    about = next(messages)
    try:
        record(about, messages)
    except Exception as error:  # whatever it is, it must not hold the training up
        reason = textwrap.shorten(redact_credentials(str(error)), 600, placeholder=" ...")
        print(f"{about['model']}: not seen live, `track` adds the run when it is over: {reason}", file=sys.stderr)


def record(about: dict[str, Any], messages: Iterator[dict[str, Any]]) -> None:
    # not before messages are read: it takes seconds, and pipes fill up
    from rnnlab.tracking.store import PREFIX, STORE_ERRORS, Store
    from rnnlab.tracking.training_run import begin

    series = Params.model_validate_json(about["params"]).series.name
    store = Store(Path(os.environ.get("DVC_ROOT", ".")), os.environ.get("MLFLOW_TRACKING_URI"), series)
    if is_gone(about["process"]):  # killed before there was a run: it needs none, unless it said how it ended
        said = list(messages)
        if not any("status" in message for message in said):
            return
        messages = iter(said)
    run, watch_from, end = begin(store, describe(about)), about["began"] + LONG, None
    waiting: list[Any] = []
    for message in messages:
        waiting += message.get("epochs", [])
        with suppress(*STORE_ERRORS):  # a server that comes back gets them with the next ones
            run.log(waiting)
            waiting = []
        if time.time() > watch_from:
            run.watch_machine()
            watch_from = float("inf")
        if "status" in message:
            end = message
    run.log(waiting)
    end = end or {"status": "KILLED", "tags": {}}
    run.end(end["status"], {name if name == "reason" else PREFIX + name: value for name, value in end["tags"].items()})


def describe(about: dict[str, Any]) -> "Training":
    """What the store opens a run with."""
    from rnnlab.tracking.training_run import Training

    model, params = about["model"], Params.model_validate_json(about["params"])
    return Training(
        model=model,
        track=params.model(model).track,
        name=run_name(model, experiment()),
        key=about["key"],
        params=run_params(params, model),
        tags=run_tags(f"train@{model}", experiment()),
        process=about["process"],
        began=about["began"],
    )


def read_messages() -> Iterator[dict[str, Any]]:
    """As they come, until the training's side of the pipe is closed."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def fill() -> None:
        for line in sys.stdin:
            lines.put(line)
        lines.put("")

    threading.Thread(target=fill, daemon=True).start()
    while line := lines.get():
        yield json.loads(line)


if __name__ == "__main__":
    main()
