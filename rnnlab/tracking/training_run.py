"""The run that a training opens, and that shows it while it goes on."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psutil
from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

from rnnlab.tracking.store import KEY, PREFIX, PROCESS, Row, Store, epoch_metrics

TRAINING = f"{PREFIX}training_key"  # a tag; what the training depends on
SYSTEM_SECONDS = 10.0  # between two readings of the machine


@dataclass(frozen=True)
class Training:
    """What is known of a training when it begins."""

    model: str
    track: str
    name: str  # of the run
    key: str  # of all that it depends on
    params: Mapping[str, object]
    tags: Mapping[str, str]
    process: str  # its ``processes.identity``
    began: float  # seconds since 1970


class Live:
    """A run while its training goes on."""

    def __init__(self, store: Store, run: str, next_epoch: int) -> None:
        self.store, self.run = store, run
        self._next = next_epoch  # earlier ones stand in the run already
        self._monitor: SystemMetricsMonitor | None = None

    def log(self, epochs: Sequence[Sequence[Row]]) -> None:
        """The figures of some epochs, each as rows of the seeds that were learning: their means."""
        now, metrics = int(time.time() * 1000), []
        for rows in epochs:
            if rows[0]["epoch"] >= self._next:
                mean = {name: sum(row[name] for row in rows) / len(rows) for name in rows[0] if name != "seed"}
                metrics += epoch_metrics(mean, now)
        self.store.log(self.run, metrics=metrics)

    def watch_machine(self) -> None:
        """Log the machine's load too, from now on."""
        psutil.cpu_percent()  # what the first reading is the load since
        self._monitor = SystemMetricsMonitor(self.run, sampling_interval=SYSTEM_SECONDS, tracking_uri=self.store.uri)
        self._monitor.start()

    def end(self, status: str, tags: Mapping[str, str]) -> None:
        if self._monitor:
            self._monitor.finish()
        self.store.log(self.run, tags=tags)
        self.store.client.set_terminated(self.run, status)


def begin(store: Store, training: Training) -> "Live":
    """Open a run, or the one again that a training of the same things and name opened before, and may have left."""
    store.tidy(training.track)
    experiment = store.experiments[training.track]
    tags = {**training.tags, "model": training.model, TRAINING: training.key, PROCESS: training.process}
    left = store.client.search_runs(
        [experiment],
        f"tags.`{TRAINING}` = '{training.key}' and tags.mlflow.runName = '{training.name}'"
        " and attributes.status != 'RUNNING'",
    )
    left = [run for run in left if KEY not in run.data.tags]  # a completed one stays as it is
    if left:
        run = left[0].info.run_id
        store.client.update_run(run, status="RUNNING")
        if "reason" in left[0].data.tags:
            store.client.delete_tag(run, "reason")
        store.client.set_tag(run, PROCESS, tags[PROCESS])
        history = store.client.get_metric_history(run, "train/loss")
        return Live(store, run, 1 + max((point.step for point in history), default=-1))
    run = store.start(training.track, training.name, tags, training.began)
    store.log(run, params=training.params)
    return Live(store, run, 0)
