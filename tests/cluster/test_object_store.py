"""Snapshots in an object store: a real S3 server on loopback, read by this process and by workers."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from taskplan.errors import NotFoundError
from taskplan.model.memory import MemoryTable
from taskplan.model.snapshots import open_snapshot, write_snapshot
from taskplan.planning.codec import dump
from taskplan.planning.partitioned import plan_in_parts
from taskplan.planning.planner import make_plan
from taskplan.planning.spec import spec_from
from tests.cli.support import TASKPLAN

SPEC = {
    "tasks": [
        {
            "name": "label",
            "filter": {"hidden": False},
            "split_above": 30,
            "assignees": ["ann@example.com", "ben@example.com"],
        }
    ]
}
ACCESS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """What the processes that read the store have in their environment; the server runs meanwhile."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 30
        while True:
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert time.monotonic() < until
            time.sleep(0.1)
        yield {**ACCESS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
    finally:
        server.kill()
        server.wait()


@pytest.fixture(scope="module")
def bucket(environment: dict[str, str]) -> Iterator[str]:
    """A bucket; clients of this process find it by the environment, like those of workers started later."""
    import s3fs

    before = dict(os.environ)
    os.environ.update(environment)
    try:
        s3fs.S3FileSystem().mkdir("data")
        yield "s3://data"
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="module")
def table() -> MemoryTable:
    documents = (
        {
            "id": f"{row:024x}",
            "filename": f"/{row}.jpg",
            "hidden": row % 7 == 0,
            "annotations": [{"label": "car"}],
        }
        for row in range(200)
    )
    return MemoryTable.from_documents(documents, dataset="d", project="p")


def test_written_there_and_read_back(bucket: str, table: MemoryTable) -> None:
    location = f"{bucket}/datasets/first"
    with pytest.raises(NotFoundError, match="no such folder"):
        open_snapshot(location)
    write_snapshot(table, location, rows=60)
    found = open_snapshot(location)
    assert list(found.documents()) == list(table.documents())
    paths = ("filename", "annotations:label")
    assert found.fingerprint(paths) == table.fingerprint(paths)
    write_snapshot(table, location, rows=150, overwrite=True)
    assert len(open_snapshot(location).partitions) == 2


def test_planned_from_there_by_workers(
    bucket: str, table: MemoryTable, environment: dict[str, str], tmp_path: Path
) -> None:
    location = f"{bucket}/second"
    write_snapshot(table, location, rows=25)
    expected = dump(make_plan(spec_from(SPEC), table))
    plan_in_parts(spec_from(SPEC), open_snapshot(location), target=tmp_path / "here.json")
    assert (tmp_path / "here.json").read_bytes() == expected
    (tmp_path / "spec.yaml").write_text(str(SPEC))
    done = subprocess.run(
        [TASKPLAN, "plan", "spec.yaml", "--from", location, "--engine", "dask", "-o", "there.json"],
        cwd=tmp_path,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "there.json").read_bytes() == expected
