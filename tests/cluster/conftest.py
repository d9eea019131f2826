"""Clusters of processes on loopback: one for all tests, and others that may come to harm."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from taskplan.cluster import open_cluster
from taskplan.spread import Spread

DASK = str(Path(sys.executable).with_name("dask"))
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def spread() -> Iterator[Spread]:
    """Two workers on this machine, for all tests."""
    with open_cluster(None, workers=2) as opened:
        yield opened


def children() -> set[int]:
    """Processes that this one has started, theirs too, without the one that Python keeps for itself."""
    found = set()
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if "resource_tracker" not in " ".join(child.cmdline()):
                found.add(child.pid)
    return found


def gone(pids: set[int], seconds: float = 20) -> bool:
    """Wait until these processes have ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not any(psutil.pid_exists(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


@contextmanager
def _started(folder: Path, *args: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder)}
    process = subprocess.Popen(
        [DASK, *args, "--no-dashboard"],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


class Scheduler:
    """`dask scheduler` as people start it."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.folder, self.process = folder, process
        file = folder / "scheduler.json"
        until = time.monotonic() + 20
        while not file.is_file() or not file.read_text("utf-8").endswith("}"):
            assert time.monotonic() < until
            time.sleep(0.05)
        self.address: str = json.loads(file.read_text("utf-8"))["address"]

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        """`dask worker` of one thread."""
        place = ("--host", "127.0.0.1", "--no-nanny")
        with _started(self.folder, "worker", self.address, "--nthreads", "1", *place) as process:
            yield process


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[Scheduler]:
    """A scheduler without workers."""
    file = tmp_path / "scheduler.json"
    place = ("--host", "127.0.0.1", "--port", "0", "--no-show", "--no-jupyter")
    with _started(tmp_path, "scheduler", *place, "--scheduler-file", str(file)) as process:
        yield Scheduler(tmp_path, process)
