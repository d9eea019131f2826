"""Dotted paths into documents, running through arrays as MongoDB's do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from taskplan.model.table import Reached

REFS = "metadata.system.refs"
ABOVE_REFS = ("metadata", "metadata.system")
REF_PATHS = (
    REFS,
    *(f"{REFS}.{field}" for field in ("id", "type", "metadata")),
    *(f"{REFS}.metadata.{field}" for field in ("creator", "status", "timestamp")),
)
"""What every item has as soon as it is in a task, and which is thus known where no item is in one yet."""


def reach(document: Any, path: str) -> Reached:
    """Return the values that `path` reaches in a document, in document order.

    A segment taken on an array is taken on each of its objects; a numeric
    segment also takes that element. The array at the end of a path is one value
    (a list), not expanded. Nothing reached gives an empty tuple.
    """
    found: list[Any] = [document]
    for segment in path.split("."):
        below: list[Any] = []
        for value in found:
            if isinstance(value, dict):
                if segment in value:
                    below.append(value[segment])
            elif isinstance(value, list):
                if segment.isascii() and segment.isdigit() and int(segment) < len(value):
                    below.append(value[int(segment)])
                below.extend(
                    entry[segment] for entry in value if isinstance(entry, dict) and segment in entry
                )
        if not below:
            return ()
        found = below
    return tuple(found)


def paths_of(document: Any, prefix: str = "") -> Iterator[str]:
    """Yield every dotted path of a document, through arrays; a path may come twice."""
    if isinstance(document, dict):
        for name, value in document.items():
            path = f"{prefix}.{name}" if prefix else name
            yield path
            yield from paths_of(value, path)
    elif isinstance(document, list):
        for entry in document:
            yield from paths_of(entry, prefix)
