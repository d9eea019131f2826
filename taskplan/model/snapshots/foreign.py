"""Items in a Parquet file that another program wrote, by the rules of the import.

Plain columns are read as columns. All else (times, nested values, fields that an
item derives from others) goes through the reader of ``taskplan import``, row
by row, with only the columns that it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

import msgspec
import numpy as np

from taskplan.model.columns import build_column
from taskplan.model.documents import complete, generated_id
from taskplan.model.ids import ItemIds
from taskplan.model.memory import MemoryAnnotations
from taskplan.model.paths import ABOVE_REFS, REFS, reach
from taskplan.model.snapshots.decoding import assemble, item_ids
from taskplan.model.snapshots.foreign_file import ForeignFile
from taskplan.model.snapshots.partition import Partition
from taskplan.model.table import Column, ItemTable, Reached

_decode = msgspec.json.decode
_FEW = 10_000
_DEFAULTS: dict[str, Reached] = {"type": ("file",), "hidden": (False,)}
_COUNTED = ("annotated", "annotationsCount")
_DERIVED = ("filename", "name", "dir", *_DEFAULTS, *_COUNTED)


class ForeignTable(ItemTable):
    """One file as a table; DataError with file and row for what is no item, where the ids are asked for."""

    def __init__(self, partition: Partition) -> None:
        self.project, self.dataset = partition.project, partition.dataset
        self.dataset_id = partition.dataset_id
        self._rows = partition.rows
        self._file = ForeignFile(partition)
        self._columns: dict[str, Column] = {}

    def __len__(self) -> int:
        return self._rows

    @property
    def ids(self) -> ItemIds:
        return self._ids

    @cached_property
    def _ids(self) -> ItemIds:
        if not self._file.is_plain:
            return ItemIds.of(item.id for item in self._file.items())
        with self._file.speaking():
            if ("id",) in self._file.places:
                array = self._file.plain(("id",))
                if not array.null_count:
                    ids = item_ids(array)
                    if ids.packed is None and any(not item or "\0" in item for item in ids):
                        # The reader of the import says which.
                        return ItemIds.of(item.id for item in self._file.items())
                    return ids
                given = array.to_pylist()
            else:
                given = [None] * len(self)
            names = self.column("filename")
            return ItemIds.of(
                item if item is not None else generated_id(self.dataset, names.reached(row)[0])
                for row, item in enumerate(given)
            )

    def column(self, path: str) -> Column:
        found = self._columns.get(path)
        if found is None:
            with self._file.speaking():
                found = self._columns[path] = self._read(path)
        return found

    def documents(self, rows: Iterable[int] | None = None) -> Iterator[dict[str, Any]]:
        if rows is None:
            yield from self._documents(list(self._file.places))
            return
        wanted = list(rows)
        for start in range(0, len(wanted), _FEW):
            chunk = wanted[start : start + _FEW]
            found = self._file.items_at(chunk)
            for row in chunk:
                item = found[row]
                yield complete(_decode(item.document), len(item.annotations or ()))

    def known_paths(self) -> tuple[str, ...]:
        return self._file.known_paths()

    def annotations(self) -> MemoryAnnotations:
        return self._annotations

    @cached_property
    def _annotations(self) -> MemoryAnnotations:
        documents: list[dict[str, Any]] = []
        rows: list[int] = []
        if ("annotations",) in self._file.places:
            for row, item in enumerate(self._file.items([("annotations",)])):
                held = [_decode(raw) for raw in item.annotations or ()]
                documents += held
                rows += [row] * len(held)
        return MemoryAnnotations(documents, np.array(rows, dtype=np.int64))

    def _read(self, path: str) -> Column:
        place = tuple(path.split("."))
        if path == "id":
            return _of_texts(self.ids)
        related = self._file.related(place)
        if path in _DERIVED:
            found = self._derived(path, has_column=bool(related))
            if found is not None:
                return found
        elif path == REFS and not related:
            return self._constant(([],))
        elif path not in ABOVE_REFS:
            if not related:
                return self._constant(())
            if related == [place] and self._file.has_plain(place):
                return self._file.column(place)
        needed = [*related]
        if path in _COUNTED:
            needed += [(field,) for field in (*_COUNTED, "annotations")]
        return build_column(reach(document, path) for document in self._documents(needed))

    def _derived(self, path: str, *, has_column: bool) -> Column | None:
        """Return the column of a field that an item has even where its row has none.

        None where that takes more than one column, or the fields are not what they must be.
        """
        if not self._file.has_plain_fields:
            return None
        if path == "filename":
            return _mapped(self._file.column((path,)), _absolute)
        if path in _DEFAULTS:
            default = _DEFAULTS[path]
            if not has_column:
                return self._constant(default)
            return _mapped(self._file.column((path,)), lambda reached: reached or default)
        if path in ("name", "dir"):
            if has_column:
                return None
            return _mapped(self.column("filename"), _name if path == "name" else _folder)
        if any(self._file.related((field,)) for field in (*_COUNTED, "annotations")):
            return None
        return self._constant((False,) if path == "annotated" else (0,))

    def _documents(self, places: Sequence[tuple[str, ...]]) -> Iterator[dict[str, Any]]:
        for item in self._file.items(places):
            yield complete(_decode(item.document), len(item.annotations or ()))

    def _constant(self, reached: Reached) -> Column:
        return assemble(np.zeros(len(self), dtype=np.uint8), [reached])


def _of_texts(ids: ItemIds) -> Column:
    index: dict[str, int] = {}
    codes = [index.setdefault(item, len(index)) for item in ids]
    return assemble(np.array(codes, dtype=np.int64), [(item,) for item in index])


def _mapped(column: Column, change: Callable[[Reached], Reached]) -> Column:
    """Return a column without numbers with every value changed."""
    return assemble(column.codes, [change(reached) for reached in column.values])


def _absolute(reached: Reached) -> Reached:
    return reached if reached[0].startswith("/") else (f"/{reached[0]}",)


def _name(reached: Reached) -> Reached:
    return (reached[0].rpartition("/")[2],)


def _folder(reached: Reached) -> Reached:
    return (reached[0].rpartition("/")[0] or "/",)
