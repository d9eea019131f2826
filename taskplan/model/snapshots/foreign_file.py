"""A Parquet file of another program: where its columns go in an item, and its rows as items."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any

import numpy as np

from taskplan.errors import DataError
from taskplan.model.columns import build_column
from taskplan.model.formats.columns import paths_of_columns, record_of_row
from taskplan.model.formats.parquet import present, values_of
from taskplan.model.formats.record import Item, read_item
from taskplan.model.paths import ABOVE_REFS, REF_PATHS
from taskplan.model.snapshots.decoding import bool_column, number_column, text_column
from taskplan.model.snapshots.flatten import FIELDS
from taskplan.model.snapshots.manifest import KEY, MANIFEST
from taskplan.model.snapshots.partition import Partition
from taskplan.model.snapshots.reading import PartFile
from taskplan.model.table import Column

Place = tuple[str, ...]
"""The segments of a path."""
_TEXT = ("id", "filename", "name", "dir", "type")
_BOOL = ("hidden", "annotated")
_NESTED: tuple[Place, ...] = (("metadata",), ("metadata", "system"), ("annotations",))
_NEEDED: tuple[Place, ...] = (("id",), ("filename",))
_MAX_COUNT = 2**53


class ForeignFile:
    """A file whose columns go where the import puts them."""

    def __init__(self, partition: Partition) -> None:
        self._file = PartFile.of(partition)
        self._dataset = partition.dataset

    def speaking(self) -> AbstractContextManager[None]:
        """Say in one line what is wrong with the file."""
        return self._file.speaking()

    @cached_property
    def places(self) -> dict[Place, str]:
        """The column of each place in an item; DataError where columns clash, or there is no filename."""
        schema = self._file.schema
        if KEY in (schema.metadata or {}):
            raise DataError(
                f"is part of a snapshot, but there is no {MANIFEST}: the snapshot was never finished",
                source=self._file.source,
                hint="write it again",
            )
        names = list(schema.names)
        return dict(zip(paths_of_columns(names, self._file.source), names, strict=True))

    def related(self, place: Place) -> list[Place]:
        """Return the places of columns at, above and below a place."""
        return [
            other
            for other in self.places
            if other[: min(len(other), len(place))] == place[: min(len(other), len(place))]
        ]

    @cached_property
    def is_plain(self) -> bool:
        """Tell if every row is an item as far as the types of columns and a glance at the values can say.

        Where not, the reader of the import looks at each row, and says what is wrong with it.
        """
        return self.has_plain_fields and not any(place in self.places for place in _NESTED)

    @cached_property
    def has_plain_fields(self) -> bool:
        """Tell if the top-level fields are what they must be, whatever is nested beside them."""
        import pyarrow as pa
        import pyarrow.compute as pc

        found = {place: self._type(place) for place in self.places}
        if not all(_is_text(found[(field,)]) for field in _TEXT if (field,) in found):
            return False
        if not all(pa.types.is_boolean(found[(field,)]) for field in _BOOL if (field,) in found):
            return False
        with self.speaking():
            if self.plain(("filename",)).null_count:
                return False
            counts = found.get(("annotationsCount",))
            if counts is not None:
                if not pa.types.is_integer(counts):
                    return False
                bounds = pc.min_max(self.plain(("annotationsCount",))).as_py()
                return bounds["min"] is None or 0 <= bounds["min"] <= bounds["max"] <= _MAX_COUNT
        return True

    def has_plain(self, place: Place) -> bool:
        """Tell if a column holds texts, bools or numbers."""
        import pyarrow as pa

        kind = self._type(place)
        numbers = pa.types.is_integer(kind) or pa.types.is_floating(kind)
        return bool(_is_text(kind) or pa.types.is_boolean(kind) or pa.types.is_null(kind) or numbers)

    def plain(self, place: Place) -> Any:
        """Return a plain column as a chunked Arrow array: strings, bools, int64, uint64 or float64."""
        import pyarrow as pa

        kind, name = self._type(place), self.places[place]
        if pa.types.is_string(kind) and place != ("id",):
            return self._file.column(name, dictionary=True)
        array = self._file.column(name)
        if pa.types.is_null(kind):
            return array.cast(pa.string())
        if _is_text(kind):
            return array.cast(pa.large_string())
        if pa.types.is_floating(kind):
            return array.cast(pa.float64())
        if pa.types.is_integer(kind) and kind != pa.uint64():
            return array.cast(pa.int64())
        return array

    def column(self, place: Place) -> Column:
        """Return a plain column; null and numbers that JSON has not are absent."""
        import pyarrow as pa
        import pyarrow.compute as pc

        array = self.plain(place)
        if pa.types.is_boolean(array.type):
            return bool_column(array)
        if pa.types.is_uint64(array.type):
            return build_column(() if value is None else (value,) for value in array.to_pylist())
        if pa.types.is_integer(array.type):
            return number_column(array)
        if pa.types.is_floating(array.type):
            return number_column(pc.if_else(pc.is_finite(array), array, None))
        return text_column(array)

    def items(self, places: Sequence[Place] | None = None) -> Iterator[Item]:
        """Yield the items of all rows, with what lies in the columns at `places` alone, or all; DataError."""
        chosen = self._chosen(places)
        number = 0
        for batch in self._file.batches([self.places[place] for place in chosen]):
            with self.speaking():
                columns = [values_of(batch.column(self.places[place])) for place in chosen]
            for values in zip(*columns, strict=True):
                number += 1
                yield self._item(chosen, values, number)

    def items_at(self, rows: Iterable[int]) -> dict[int, Item]:
        """Return the items at some rows."""
        chosen = self._chosen(None)
        found: dict[int, Item] = {}
        for numbers, table in self._file.rows_at(np.unique(np.fromiter(rows, dtype=np.int64))):
            with self.speaking():
                columns = [values_of(table.column(self.places[place])) for place in chosen]
            for row, values in zip(numbers.tolist(), zip(*columns, strict=True), strict=True):
                found[row] = self._item(chosen, values, row + 1)
        return found

    def known_paths(self) -> tuple[str, ...]:
        """Return the paths of the columns, of what is nested in them, and those that every item has."""
        found = {*FIELDS, *REF_PATHS, *ABOVE_REFS} - {"creator", "createdAt", "updatedAt"}
        for place, name in self.places.items():
            found |= {".".join(place[: end + 1]) for end in range(len(place))}
            found |= set(_nested(".".join(place), self._file.schema.field(name).type))
        return tuple(sorted(path for path in found if path.partition(".")[0] != "annotations"))

    def _chosen(self, places: Sequence[Place] | None) -> list[Place]:
        if places is None:
            return list(self.places)
        wanted = {*places, *_NEEDED}
        return [place for place in self.places if place in wanted]

    def _item(self, places: Sequence[Place], values: Sequence[Any], number: int) -> Item:
        found = [present(value) for value in values]
        return read_item(record_of_row(places, found, self._dataset, self._file.source, number))

    def _type(self, place: Place) -> Any:
        return self._file.schema.field(self.places[place]).type


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _nested(path: str, kind: Any) -> Iterator[str]:
    import pyarrow as pa

    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        yield from _nested(path, kind.value_type)
    elif pa.types.is_struct(kind):
        for field in kind:
            yield f"{path}.{field.name}"
            yield from _nested(f"{path}.{field.name}", field.type)
