"""The items of one part of a snapshot that taskplan wrote, read column by column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from taskplan.errors import DataError
from taskplan.model.ids import ItemIds
from taskplan.model.paths import paths_of
from taskplan.model.snapshots.decoding import (
    bool_column,
    item_ids,
    json_column,
    number_column,
    numpy_of,
    text_column,
)
from taskplan.model.snapshots.manifest import KEY
from taskplan.model.snapshots.part_writing import ANNOTATIONS, DOCUMENT
from taskplan.model.snapshots.partition import Partition
from taskplan.model.snapshots.reading import PartFile
from taskplan.model.snapshots.texts import column_of_texts
from taskplan.model.table import AnnotationTable, Column, ItemTable

_decode = msgspec.json.decode
_FEW = 10_000
"""Documents at once, where some are asked for."""


class PartTable(ItemTable):
    """One part as a table; a path that is no column of the file is read from the documents."""

    def __init__(self, partition: Partition) -> None:
        self.project, self.dataset = partition.project, partition.dataset
        self.dataset_id = partition.dataset_id
        self._partition = partition
        self._file = PartFile.of(partition)
        self._columns: dict[str, Column] = {}

    def __len__(self) -> int:
        return self._partition.rows

    @property
    def ids(self) -> ItemIds:
        return self._ids

    @cached_property
    def _ids(self) -> ItemIds:
        self._known("id")
        array = self._file.column("id")
        if array.null_count:
            raise DataError("has items without id", source=self._file.source)
        return item_ids(array)

    def column(self, path: str) -> Column:
        found = self._columns.get(path)
        if found is None:
            found = self._columns[path] = self._read(path)
        return found

    def documents(self, rows: Iterable[int] | None = None) -> Iterator[dict[str, Any]]:
        self._known(DOCUMENT)
        if rows is None:
            for texts in self._file.texts(DOCUMENT):
                yield from map(_decode, texts)
            return
        wanted = list(rows)
        for start in range(0, len(wanted), _FEW):
            chunk = wanted[start : start + _FEW]
            found = self._file.texts_at(DOCUMENT, chunk)
            yield from (_decode(found[row]) for row in chunk)

    def known_paths(self) -> tuple[str, ...]:
        return tuple(sorted({path for document in self.documents() for path in paths_of(document)}))

    def annotations(self) -> PartAnnotations:
        return self._annotations

    @cached_property
    def _annotations(self) -> PartAnnotations:
        return PartAnnotations(self._file, self._partition.annotations or 0)

    def _read(self, path: str) -> Column:
        with self._file.speaking():
            return self._read_column(path)

    def _read_column(self, path: str) -> Column:
        import pyarrow as pa

        if path not in _columns_of(self._file):
            self._known(DOCUMENT)
            return column_of_texts(path, self._file.texts(DOCUMENT))
        field = self._file.schema.field(path)
        kind = field.type
        if pa.types.is_string(kind):
            array = self._file.column(path, dictionary=True)
            return json_column(array) if KEY in (field.metadata or {}) else text_column(array)
        array = self._file.column(path)
        return bool_column(array) if pa.types.is_boolean(kind) else number_column(array)

    def _known(self, name: str) -> None:
        if name not in self._file.schema.names:
            raise DataError(f'is no part of a snapshot: it has no column "{name}"', source=self._file.source)


class PartAnnotations(AnnotationTable):
    """The annotations of the items of one part, as texts; `count` as the manifest has it."""

    def __init__(self, file: PartFile, count: int) -> None:
        self._file = file
        self._count = count
        self._columns: dict[str, Column] = {}

    def __len__(self) -> int:
        return self._count

    @property
    def item_rows(self) -> NDArray[np.int64]:
        return self._item_rows

    @cached_property
    def _item_rows(self) -> NDArray[np.int64]:
        lengths: list[NDArray[np.int64]] = [np.zeros(0, dtype=np.int64)]
        for held in self._batches():
            lengths.append(np.diff(numpy_of(held.offsets)[0]).astype(np.int64))
        counts = np.concatenate(lengths)
        if int(counts.sum()) != self._count:
            raise DataError(
                f"has {int(counts.sum()):,} annotations, the snapshot says {self._count:,}",
                source=self._file.source,
            )
        return np.repeat(np.arange(len(counts), dtype=np.int64), counts)

    def column(self, path: str) -> Column:
        found = self._columns.get(path)
        if found is None:
            found = self._columns[path] = column_of_texts(path, self._texts())
        return found

    def documents(self, rows: Iterable[int] | None = None) -> Iterator[dict[str, Any]]:
        if rows is None:
            for texts in self._texts():
                yield from map(_decode, texts)
            return
        wanted = list(rows)
        for start in range(0, len(wanted), _FEW):
            chunk = np.array(wanted[start : start + _FEW], dtype=np.int64)
            items = self._item_rows[chunk]
            ordinal = chunk - np.searchsorted(self._item_rows, items)
            found = self._file.texts_at(ANNOTATIONS, items.tolist())
            yield from (
                _decode(found[item][place])
                for item, place in zip(items.tolist(), ordinal.tolist(), strict=True)
            )

    def known_paths(self) -> tuple[str, ...]:
        return tuple(sorted({path for document in self.documents() for path in paths_of(document)}))

    def _texts(self) -> Iterator[list[bytes]]:
        import pyarrow as pa

        for held in self._batches():
            yield held.flatten().cast(pa.binary()).to_pylist()

    def _batches(self) -> Iterator[Any]:
        if self._count:
            if ANNOTATIONS not in self._file.schema.names:
                raise DataError("has no annotations, the snapshot says it has", source=self._file.source)
            yield from (batch.column(0) for batch in self._file.batches([ANNOTATIONS]))


def _columns_of(file: PartFile) -> frozenset[str]:
    """Return the paths that a file has as columns of their own."""
    return frozenset(file.schema.names) - {DOCUMENT, ANNOTATIONS}
