"""The items of a snapshot as records to import: the way back into a store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from taskplan.model.formats import Record
from taskplan.model.snapshots.opening import is_snapshot, open_snapshot
from taskplan.model.snapshots.partition import Partition

_encode = msgspec.json.Encoder().encode


def is_importable(folder: Path) -> bool:
    """Tell if a folder is a snapshot and nothing else, so that its files are not meant as items."""
    if not folder.is_dir() or not is_snapshot(str(folder)):
        return False
    entries = list(folder.iterdir())
    files = (entry for entry in entries if not entry.name.startswith(("_", ".")))
    # An empty folder of files has no items, which is said as of any other source.
    suffixes = (".parquet", ".pq", ".parq", ".json")
    return bool(entries) and all(entry.suffix in suffixes or entry.is_dir() for entry in files)


def snapshot_records(folder: Path, dataset: str) -> Iterator[Record]:
    """Yield the items of a snapshot with their annotations; errors are those of `open_snapshot`.

    `dataset` takes part in the ids of items that have none, in files that others wrote.
    """
    table = open_snapshot(str(folder))
    if any(partition.annotations is None for partition in table.partitions):
        table = open_snapshot(str(folder), dataset=dataset)
    return (record for partition in table.partitions for record in _records(partition))


def _records(partition: Partition) -> Iterator[Record]:
    table = partition.table()
    annotations = table.annotations()
    counts = np.bincount(annotations.item_rows, minlength=len(table)).tolist()
    held = annotations.documents()
    for row, (document, count) in enumerate(zip(table.documents(), counts, strict=True), start=1):
        if count:
            document["annotations"] = [next(held) for _ in range(count)]
        yield Record(_encode(document), partition.source, row)
