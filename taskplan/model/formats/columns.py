"""Where the columns of a table (CSV, Parquet) go in an item document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from taskplan.errors import DataError, did_you_mean
from taskplan.model.documents import generated_id
from taskplan.model.formats.record import Record

TEXT_FIELDS = frozenset({"id", "filename", "name", "dir", "type", "creator", "createdAt", "updatedAt"})
"""Top-level fields that are always text."""
FIELDS = TEXT_FIELDS | {"hidden", "annotated", "annotationsCount", "metadata", "annotations"}
"""Top-level fields of an item that a table may name."""


def paths_of_columns(names: Sequence[str], source: str) -> list[tuple[str, ...]]:
    """Return for each column the path that it fills.

    A field's own name is that field, a dotted name is a path, any other name
    lies below ``metadata.user``. DataError where two columns clash or the filename is missing.
    """
    paths: list[tuple[str, ...]] = []
    for name in names:
        if name in FIELDS:
            path: tuple[str, ...] = (name,)
        elif "." in name:
            path = tuple(name.split("."))
        else:
            path = ("metadata", "user", name)
        if not all(path):
            raise DataError(f'the column "{name}" has no usable name', source=source)
        for other, taken in zip(names, paths, strict=False):
            shared = min(len(path), len(taken))
            if path[:shared] == taken[:shared]:
                raise DataError(f'the columns "{other}" and "{name}" fill the same field', source=source)
        paths.append(path)
    if ("filename",) not in paths:
        found = ", ".join(f'"{name}"' for name in names)
        raise DataError(
            f'has no column "filename" (found {found})', source=source, hint=did_you_mean("filename", names)
        )
    return paths


def record_of_row(
    paths: Sequence[tuple[str, ...]],
    values: Sequence[Any],
    dataset: str,
    source: str,
    line: int | None,
) -> Record:
    """Return the record of one row; None is an absent value, a filename is made absolute, an id made up."""
    document: dict[str, Any] = {}
    for path, value in zip(paths, values, strict=True):
        if value is None:
            continue
        inner = document
        for segment in path[:-1]:
            inner = inner.setdefault(segment, {})
        inner[path[-1]] = value
    filename = document.get("filename")
    if isinstance(filename, str):
        if not filename.startswith("/"):
            filename = document["filename"] = f"/{filename}"
        if "id" not in document:
            document = {"id": generated_id(dataset, filename), **document}
    try:
        text = msgspec.json.encode(document, enc_hook=_written)
    except (TypeError, ValueError, OverflowError) as error:
        return Record(b"", source, line, DataError(f"has no JSON form ({error})", source=source, line=line))
    return Record(text, source, line)


def _written(value: Any) -> Any:
    """Return a time, or span of time, of a library as text."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not JSON")


def row_as_json(row: Mapping[Any, Any] | Sequence[Any]) -> bytes:
    """Return the text of a row that could not be read, for the file of skipped records."""
    return msgspec.json.encode(row)
