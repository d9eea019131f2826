"""Writing a snapshot: part by part, in bounded memory, the manifest last."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from taskplan.errors import InputError, NotFoundError
from taskplan.model.snapshots.manifest import (
    FORMAT,
    MANIFEST,
    UNFINISHED,
    Manifest,
    Part,
    ranges,
)
from taskplan.model.snapshots.part_writing import PartWriter
from taskplan.model.snapshots.partitioned import PartitionedTable
from taskplan.model.snapshots.places import Place, need_arrow
from taskplan.model.store import Progress
from taskplan.model.table import ItemTable

ROWS = 500_000
_BATCH = 8_192
_OURS = re.compile(r"part-\d{5,}\.parquet")


def write_snapshot(
    table: ItemTable,
    location: str,
    *,
    rows: int = ROWS,
    overwrite: bool = False,
    progress: Progress | None = None,
    batch: int = _BATCH,
) -> Manifest:
    """Write a table as a folder of Parquet files of `rows` items each, and say what was written.

    `location` is a local folder or a URL that fsspec knows. Nothing is written over but an empty folder, or,
    with `overwrite`, a snapshot, which is taken away first. Whatever ends the writing early
    takes away what was written; a folder without manifest is never read as a snapshot. `batch` documents
    are taken apart at once.

    InputError where something else is in the way or the location cannot be reached; MissingExtraError
    without pyarrow.
    """
    need_arrow("writing a snapshot")
    if rows < 1:
        raise InputError(f"expected a part of 1 item or more, got {rows:,}", source="rows")
    place = Place(location)
    if isinstance(table, PartitionedTable) and any(place.is_same_as(p.location) for p in table.partitions):
        raise InputError("is what would be read", source=location, hint="write to another place")
    known = _prepare(place, overwrite=overwrite)
    written: list[str] = []
    try:
        place.write(UNFINISHED, b"")
        manifest = _write_parts(table, place, rows, min(batch, rows), progress, written)
        place.write(MANIFEST, manifest.encode())
    except BaseException:
        for file in (*written, UNFINISHED):
            place.remove(file)
        if not known:
            place.remove_if_empty()
        raise
    place.remove(UNFINISHED)
    return manifest


def _prepare(place: Place, *, overwrite: bool) -> bool:
    """Make the folder, or take the snapshot in it away; tell if it was there before."""
    try:
        names = place.names()
    except NotFoundError:
        place.make()
        return False
    if not names:
        return True
    if MANIFEST not in names and UNFINISHED not in names:
        raise InputError(
            "is neither empty nor a snapshot, so it is left as it is",
            source=place.location,
            hint="choose another place",
        )
    if not overwrite:
        what = "holds a snapshot" if MANIFEST in names else "holds a snapshot that was never finished"
        raise InputError(what, source=place.location, hint="--overwrite writes over it")
    # The marker first and the manifest next: at no moment do parts of two snapshots look like one.
    place.write(UNFINISHED, b"")
    place.remove(MANIFEST)
    for name in filter(_OURS.fullmatch, names):
        place.remove(name)
    return True


def _write_parts(
    table: ItemTable, place: Place, rows: int, batch: int, progress: Progress | None, written: list[str]
) -> Manifest:
    total = len(table)
    annotations = table.annotations()
    has_annotations = len(annotations) > 0
    documents = table.documents()
    held = _Held(annotations) if has_annotations else None
    parts: list[Part] = []
    columns: dict[str, str] = {}
    native: dict[str, list[int]] = {}
    done = 0
    taken = list(islice(documents, batch))
    while taken:
        writer = PartWriter(columns, annotated=has_annotations)
        while taken:
            texts = [held.of(done + offset) for offset in range(len(taken))] if held else []
            writer.add(taken, texts)
            done += len(taken)
            if progress is not None:
                progress(done, total)
            taken = list(islice(documents, min(batch, rows - writer.rows)))
        name = f"part-{len(parts):05}.parquet"
        written.append(name)
        with place.created(name) as file:
            kinds = writer.write(file)
        for path, kind in kinds.items():
            native.setdefault(path, []).append(len(parts))
            columns[path] = kind
        parts.append(Part(name, writer.rows, writer.annotations))
        taken = list(islice(documents, batch))
    return Manifest(
        FORMAT,
        table.project,
        table.dataset,
        table.dataset_id,
        done,
        sum(part.annotations for part in parts),
        tuple(parts),
        table.known_paths(),
        annotations.known_paths() if has_annotations else (),
        {path: ranges(numbers) for path, numbers in sorted(native.items())},
    )


class _Held:
    """The annotations of each item in turn, as JSON texts."""

    def __init__(self, annotations: Any) -> None:
        import msgspec

        encode = msgspec.json.Encoder().encode
        self._texts: Iterator[bytes] = (encode(document) for document in annotations.documents())
        self._rows = annotations.item_rows
        self._next = 0

    def of(self, row: int) -> list[bytes]:
        start = self._next
        while self._next < len(self._rows) and self._rows[self._next] == row:
            self._next += 1
        return list(islice(self._texts, self._next - start))
