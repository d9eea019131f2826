"""Opening a snapshot: what lies at a location, and which partitions it has."""

from __future__ import annotations

import re
from pathlib import Path

from taskplan.errors import DataError, InputError, NotFoundError
from taskplan.model.snapshots.manifest import MANIFEST, UNFINISHED, manifest_text, read_manifest
from taskplan.model.snapshots.partition import Partition
from taskplan.model.snapshots.partitioned import PartitionedTable
from taskplan.model.snapshots.places import Place, is_url, need_arrow
from taskplan.model.snapshots.reading import PartFile
from taskplan.spread import HERE, Spread

_SUFFIXES = (".parquet", ".pq", ".parq")
_KEYED = re.compile(r"[^=.]+=")
"""Begins folders that are named by a column and its value, as in Hive (``year=2024``)."""


def is_snapshot(location: str) -> bool:
    """Tell if a location is for `open_snapshot`: a URL, or a folder with a manifest or Parquet files.

    So is an empty folder, as a dataset of no items is hardly what is meant by it, and one of folders such as
    ``year=2024``. Nothing is opened; whether it can be read is for `open_snapshot` to say.
    """
    if is_url(location):
        return True
    folder = Path(location)
    if not folder.is_dir():
        return False
    names = [entry.name for entry in folder.iterdir()]
    wanted = (MANIFEST, UNFINISHED)
    return not names or any(_is_part(name) or name in wanted or _KEYED.match(name) for name in names)


def open_snapshot(location: str, *, spread: Spread = HERE, dataset: str | None = None) -> PartitionedTable:
    """Open a snapshot, or a folder of Parquet files that others wrote, as a table in partitions.

    The columns of partitions are made where `spread` says. Of a snapshot only the manifest is read now;
    of other files, which go by name (``part-10`` after ``part-9``), the number of rows. Their dataset is
    named `dataset`, else like the folder, in the project ``local``. A file that is another one when it is
    read is a DataError then.

    NotFoundError or InputError where there is nothing of the kind, or a snapshot of another dataset than
    `dataset`; DataError for one that was never finished, is of another version or damaged;
    MissingExtraError without pyarrow.
    """
    need_arrow("reading a snapshot")
    place = Place(location)
    names = place.names()
    if MANIFEST in names:
        table = _snapshot(place, location, names, spread)
        if dataset not in (None, table.dataset):
            raise NotFoundError(f'is of the dataset "{table.dataset}", not of "{dataset}"', source=location)
        return table
    if UNFINISHED in names:
        raise DataError(
            "is a snapshot that was never finished", source=location, hint="write it again with --overwrite"
        )
    files = sorted(filter(_is_part, names), key=_natural)
    if not files:
        what = "has no Parquet files" if names else "is an empty folder, expected a snapshot or Parquet files"
        keyed = [name for name in names if _KEYED.match(name)]
        if keyed:
            raise InputError(
                f"has no Parquet files itself, and folders below it, such as {keyed[0]}, are not read",
                source=location,
                hint="give one of these, or write the files without partition columns",
            )
        raise InputError(what, source=location)
    found = spread.map(count_rows, [(location, file) for file in files])
    partitions: list[Partition] = []
    first = 0
    name = dataset or place.name
    for number, (file, (rows, digest)) in enumerate(zip(files, found, strict=True)):
        partitions.append(Partition(location, file, number, first, rows, digest, None, "local", name, name))
        first += rows
    return PartitionedTable(
        tuple(partitions),
        project="local",
        dataset=name,
        dataset_id=name,
        known_paths=None,
        known_annotation_paths=None,
        checked=False,
        spread=spread,
    )


def count_rows(piece: tuple[str, str]) -> tuple[int, str]:
    """Return the rows and the digest of a file, by location and name; what a spread does."""
    return PartFile(*piece).count()


def _snapshot(place: Place, location: str, names: list[str], spread: Spread) -> PartitionedTable:
    manifest = read_manifest(manifest_text(place), place.source(MANIFEST))
    missing = {part.file for part in manifest.parts}.difference(names)
    # It may have been written over after the names were read.
    missing = missing and missing.difference(place.names())
    if missing:
        raise DataError("is missing", source=place.source(min(missing)), hint=f"{MANIFEST} names it")
    partitions: list[Partition] = []
    first = 0
    told = manifest.project, manifest.dataset, manifest.dataset_id
    for number, part in enumerate(manifest.parts):
        held = part.rows, part.digest, part.annotations
        partitions.append(Partition(location, part.file, number, first, *held, *told))
        first += part.rows
    return PartitionedTable(
        tuple(partitions),
        project=manifest.project,
        dataset=manifest.dataset,
        dataset_id=manifest.dataset_id,
        known_paths=manifest.known_paths,
        known_annotation_paths=manifest.known_annotation_paths,
        checked=True,
        spread=spread,
    )


def _is_part(name: str) -> bool:
    return name.endswith(_SUFFIXES) and not name.startswith(("_", "."))


def _natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """Return a key that counts where names count."""
    pieces = re.split(r"(\d+)", name)
    return [(int(piece) if piece.isdigit() else -1, piece) for piece in pieces], name
