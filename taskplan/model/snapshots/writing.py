"""Writing a snapshot: part by part, in bounded memory, the manifest last."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from taskplan.errors import InputError
from taskplan.model.snapshots.claiming import Claim
from taskplan.model.snapshots.manifest import FORMAT, Manifest, Part, ranges
from taskplan.model.snapshots.part_writing import PartWriter
from taskplan.model.snapshots.partitioned import PartitionedTable
from taskplan.model.snapshots.places import Place, need_arrow
from taskplan.model.store import Progress
from taskplan.model.table import ItemTable

ROWS = 500_000
_BATCH = 8_192


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
    with `overwrite`, a snapshot, which is there until the new one is whole: the new parts have other names.
    Whatever ends the writing early takes away what was written; a folder without manifest is never read as
    a snapshot. Of several writers the one who began last stays. `batch` documents are taken apart at once.

    InputError where something else is in the way, somebody else begins to write there, or the location
    cannot be reached; MissingExtraError without pyarrow.
    """
    need_arrow("writing a snapshot")
    if rows < 1:
        raise InputError(f"expected a part of 1 item or more, got {rows:,}", source="rows")
    place = Place(location)
    if isinstance(table, PartitionedTable) and any(place.is_same_as(p.location) for p in table.partitions):
        raise InputError("is what would be read", source=location, hint="write to another place")
    claim = Claim(place, overwrite=overwrite)
    try:
        claim.begin()
        manifest = _write_parts(table, claim, rows, min(batch, rows), progress)
        claim.finish(manifest.encode())
    except BaseException:
        claim.give_up()
        raise
    return manifest


def _write_parts(
    table: ItemTable, claim: Claim, rows: int, batch: int, progress: Progress | None
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
        writer = PartWriter(len(parts), columns, annotated=has_annotations)
        while taken:
            texts = [held.of(done + offset) for offset in range(len(taken))] if held else []
            writer.add(taken, texts)
            done += len(taken)
            if progress is not None:
                progress(done, total)
            taken = list(islice(documents, min(batch, rows - writer.rows)))
        with claim.part(len(parts)) as (name, file):
            kinds = writer.write(file)
        for path, kind in kinds.items():
            native.setdefault(path, []).append(len(parts))
            columns[path] = kind
        parts.append(Part(name, writer.rows, claim.digest(name), writer.annotations))
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
