"""Documents taken apart into the values at their paths, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from taskplan.model.paths import reach
from taskplan.model.table import Reached

FIELDS = (
    "id",
    "filename",
    "name",
    "dir",
    "type",
    "hidden",
    "annotated",
    "annotationsCount",
    "creator",
    "createdAt",
    "updatedAt",
)
"""The top-level fields of an item that are columns, beside what lies below ``metadata``."""
_encode = msgspec.json.Encoder().encode


class _Node:
    """A field of the documents: where it holds something other than an object, and what lies below it."""

    __slots__ = ("below", "is_object", "rows", "values")

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.values: list[Any] = []
        self.below: dict[str, _Node] = {}
        self.is_object = False


class Flattened:
    """The leaves of a batch of documents: what is no object, with the row it stands in, by path.

    `objects` are the paths at which some row has an object; `lists` those at which some row has a list,
    so that other paths may run through it.
    """

    def __init__(self, documents: Sequence[dict[str, Any]]) -> None:
        self._documents = documents
        root = {name: _Node() for name in (*FIELDS, "metadata")}
        for row, document in enumerate(documents):
            _collect(root, document, row, known_only=True)
        self.leaves: dict[str, tuple[list[int], list[Any]]] = {}
        self.objects: set[str] = set()
        self.lists: set[str] = set()
        for path, node in _walk(root, ""):
            if node.is_object:
                self.objects.add(path)
            if node.rows:
                self.leaves[path] = node.rows, node.values
                if list in map(type, node.values):
                    self.lists.add(path)

    def is_plain(self, path: str) -> bool:
        """Tell if the leaves at a path are all that it reaches."""
        return path not in self.objects and not self._is_below_list(path)

    def reached(self, path: str) -> Iterator[tuple[int, bytes]]:
        """Yield the row and the JSON text of the tuple reached, where `path` reaches anything."""
        above = [found for found in self.lists if path.startswith(f"{found}.")]
        if len(above) == 1 and path not in self.objects and path not in self.leaves:
            yield from self._through(above[0], path)
            return
        for row, document in enumerate(self._documents):
            reached = reach(document, path)
            if reached:
                yield row, _encode(reached)

    def _through(self, above: str, path: str) -> Iterator[tuple[int, bytes]]:
        """Go through the one list on the way; equal lists, such as empty ones, are gone through once."""
        below = path[len(above) + 1 :]
        seen: dict[bytes, Reached] = {}
        texts: dict[bytes, bytes] = {}
        for row, value in zip(*self.leaves[above], strict=True):
            key = _encode(value)
            if key not in seen:
                seen[key] = reach(value, below)
                texts[key] = _encode(seen[key])
            if seen[key]:
                yield row, texts[key]

    def _is_below_list(self, path: str) -> bool:
        return any(path.startswith(f"{found}.") for found in self.lists)


def _collect(nodes: dict[str, _Node], document: dict[str, Any], row: int, *, known_only: bool) -> None:
    for name, value in document.items():
        node = nodes.get(name)
        if node is None:
            # No path reaches a name with a dot in it.
            if known_only or "." in name:
                continue
            node = nodes[name] = _Node()
        if type(value) is dict:
            node.is_object = True
            _collect(node.below, value, row, known_only=False)
        else:
            node.rows.append(row)
            node.values.append(value)


def _walk(nodes: dict[str, _Node], prefix: str) -> Iterator[tuple[str, _Node]]:
    for name, node in nodes.items():
        path = f"{prefix}{name}"
        yield path, node
        yield from _walk(node.below, f"{path}.")
