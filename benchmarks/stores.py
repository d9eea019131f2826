"""Stores of the workload, made once: a store of ten million items takes minutes.

With ``--keep FOLDER`` they stay there for the next run, with the figures of making them.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.child import in_process
from benchmarks.timing import Clock
from benchmarks.workload import workload

KEEP = "TASKPLAN_BENCHMARKS_KEEP"
"""The environment variable that names the folder."""
DATASET = "bench"
COLUMNS = (
    "hidden",
    "type",
    "dir",
    "annotated",
    "metadata.user.score",
    "metadata.user.scene",
    "metadata.system.refs.type",
)
"""The paths that the query of the limits reads."""


@dataclass(frozen=True)
class Made:
    """A store of `count` items, and seconds and peak memory of importing and of the first opening."""

    path: Path
    count: int
    imported: dict[str, float]
    opened: dict[str, float]
    kept: bool


@contextmanager
def store_folder() -> Iterator[Path]:
    """Give the folder in which stores are made: that of ``--keep``, or one that is removed afterwards."""
    kept = os.environ.get(KEEP)
    if kept:
        folder = Path(kept)
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="taskplan-benchmarks-") as name:
        yield Path(name)


@contextmanager
def for_one_run(folder: Path | None = None) -> Iterator[None]:
    """Let all that ask for a `store_folder` in the block share one: `folder`, or one that is removed."""
    before = os.environ.get(KEEP)
    if folder is not None:
        os.environ[KEEP] = str(folder.resolve())
    try:
        with store_folder() as shared:
            os.environ[KEEP] = str(shared)
            yield
    finally:
        os.environ.pop(KEEP)
        if before is not None:
            os.environ[KEEP] = before


def made_store(folder: Path, count: int) -> Made:
    """Return the store of the workload's first items in `folder`, which is made where it is not there."""
    path = folder / f"workload-{_version()}-{count}.db"
    note = path.with_suffix(".json")
    kept = note.exists() and path.exists()
    if not kept:
        _remove(path)
        source = path.with_suffix(".ndjson")
        try:
            workload(count).write(source)
            imported = in_process("benchmarks.stores:load", source=source, store=path)
            # The source is read once and the store is written once.
            imported["bytes"] = source.stat().st_size + path.stat().st_size
        finally:
            source.unlink(missing_ok=True)
        opened = in_process("benchmarks.stores:read_columns", store=path)
        note.write_text(json.dumps({"imported": imported, "opened": opened}), encoding="utf-8")
    figures = json.loads(note.read_text(encoding="utf-8"))
    return Made(path, count, figures["imported"], figures["opened"], kept)


def load(source: str, store: str) -> dict[str, Any]:
    """Import a file into a new store; return what it took."""
    from taskplan_sqlite.store.store import SqliteStore

    clock = Clock()
    opened = SqliteStore(Path(store), create=True)
    opened.import_path(Path(source), DATASET)
    opened.close()
    return clock.read()


def read_columns(store: str) -> dict[str, Any]:
    """Open a store and read ids and columns; return what it took, the bytes of what was read, and items."""
    from taskplan_sqlite.store.store import SqliteStore

    clock = Clock()
    opened = SqliteStore(Path(store))
    table = opened.table(DATASET)
    size = 0 if table.ids.packed is None else table.ids.packed.nbytes
    table.prefetch(COLUMNS)
    for path in COLUMNS:
        column = table.column(path)
        # Arrays are mapped into memory: what is not touched has not been read.
        column.codes.max(initial=0)
        size += column.codes.nbytes + (0 if column.numbers is None else column.numbers.nbytes)
    opened.close()
    return {**clock.read(), "bytes": size, "items": len(table)}


def _version() -> str:
    """Tell workloads apart by what their first documents say."""
    return sha256("".join(islice(workload(100).lines(0, 100), 100)).encode()).hexdigest()[:8]


def _remove(path: Path) -> None:
    import shutil

    for old in path.parent.glob(f"{path.name}*"):
        if old.is_dir():
            shutil.rmtree(old)
        else:
            old.unlink()
