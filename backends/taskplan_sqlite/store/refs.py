"""The refs of an item: what the platform said, plus what was done here since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class OverlayRow(NamedTuple):
    """One row of the table ``refs``: the item's place in one task."""

    task: str
    assignment: str | None
    status: str | None
    creator: str | None
    timestamp: str | None


OVERLAY_COLUMNS = "task, assignment, status, creator, timestamp"


def effective_refs(document_refs: Any, overlay: Iterable[OverlayRow]) -> list[Any]:
    """Return the document's refs and, for each overlay row, its task ref and assignment ref.

    A ref is ``{"id", "type": "task" | "assignment", "metadata": {creator, timestamp, status}}``
    with only the keys that are set, as the platform writes them.
    """
    refs = list(document_refs) if isinstance(document_refs, list) else []
    for row in overlay:
        said = {"creator": row.creator, "timestamp": row.timestamp, "status": row.status}
        metadata = {name: value for name, value in said.items() if value is not None}
        refs.append({"id": row.task, "type": "task", "metadata": metadata})
        if row.assignment is not None:
            refs.append({"id": row.assignment, "type": "assignment", "metadata": dict(metadata)})
    return refs


def with_overlay(document: dict[str, Any], overlay: Iterable[OverlayRow]) -> dict[str, Any]:
    """Return a document with its effective refs; what stands in their way is replaced."""
    metadata = document.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    system = metadata.get("system")
    system = system if isinstance(system, Mapping) else {}
    refs = effective_refs(system.get("refs"), overlay)
    return {**document, "metadata": {**metadata, "system": {**system, "refs": refs}}}
