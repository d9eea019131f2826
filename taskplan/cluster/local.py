"""A cluster of processes on this machine, for the time being; needs dask."""

# mypy: allow-untyped-calls, allow-any-generics

from __future__ import annotations

import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any

import dask
from dask.system import CPU_COUNT
from distributed import Nanny, Scheduler, SpecCluster
from distributed.system import MEMORY_LIMIT

from taskplan.errors import BackendError

PLACE: dict[str, Any] = {
    "host": "127.0.0.1",
    "protocol": "tcp://",
    # Every process has a web page: at a free port, that nobody else can reach, and without a dashboard.
    "dashboard_address": "127.0.0.1:0",
    "dashboard": False,
}

SPAWNED = "distributed.nanny.pre-spawn-environ"


@contextmanager
def local_cluster(workers: int | None) -> Iterator[SpecCluster]:
    """Start so many workers, or one for each processor, and end them; BackendError where none can start."""
    count = workers or CPU_COUNT
    options = {"nthreads": 1, "memory_limit": MEMORY_LIMIT // count, "preload": ["taskplan.cluster.quiet"]}
    worker = {"cls": Nanny, "options": {**PLACE, **options}}
    environment = {**dask.config.get(SPAWNED), "DASK_LOGGING__DISTRIBUTED": "critical"}
    with (
        tempfile.TemporaryDirectory(prefix="taskplan-", ignore_cleanup_errors=True) as folder,
        dask.config.set({"temporary-directory": folder, SPAWNED: environment}),
    ):
        with _undisturbed() as heard:
            try:
                cluster = SpecCluster(
                    scheduler={"cls": Scheduler, "options": {**PLACE, "port": 0}},
                    workers=dict.fromkeys(range(count), worker),
                    silence_logs=False,
                )
            except (OSError, RuntimeError, TimeoutError) as error:
                why = (str(error).splitlines() or [type(error).__name__])[0]
                raise BackendError(f"no workers can be started on this machine: {why}") from error
        with cluster:
            if heard:
                signal.raise_signal(signal.SIGINT)
            yield cluster


@contextmanager
def _undisturbed() -> Iterator[list[int]]:
    """Put Ctrl-C off, and note it: a cluster that has half started cannot be ended.

    The threads that are started here, and the processes that these start, never hear of it, as a terminal
    sends it to all processes: the one that started the cluster ends the others.
    """
    heard: list[int] = []
    # Whatever thread starts this process of Python's own hears of Ctrl-C from then on.
    resource_tracker.ensure_running()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    main = threading.current_thread() is threading.main_thread()
    handler = signal.signal(signal.SIGINT, lambda number, _: heard.append(number)) if main else None
    try:
        yield heard
    finally:
        # What came to nobody meanwhile comes now, and is noted.
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if handler is not None:
            signal.signal(signal.SIGINT, handler)
