"""Task and assignment documents as the platform words them.

Field names are those that the SDK reads and sends (its entities `Task` and
`Assignment`); ids are 24 hexadecimal digits, derived from what is created, so
that a replay makes the same ids again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

# The platform adds a sort to a stored query; which one is not pinned, this is its listed default.
DEFAULT_SORT = {"type": "ascending", "createdAt": "descending"}


def derived_id(kind: str, *parts: str) -> str:
    """Return an id of 24 hexadecimal digits that depends on `parts` alone."""
    return hashlib.sha256("\n".join((kind, *parts)).encode()).hexdigest()[:24]


def iso(milliseconds: float) -> str:
    """Return a time as the platform writes it: UTC, milliseconds, Z."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def stored_query(query: Mapping[str, Any] | None, ids: Sequence[str]) -> str:
    """Return a task's query as it is stored: JSON text with a sort; a list of items is asked for by id."""
    asked = dict(query) if query is not None else {"filter": {"$and": [{"id": {"$in": list(ids)}}]}}
    asked = {"resource": "items", "page": 0, "pageSize": 1000, "sort": DEFAULT_SORT, **asked}
    return msgspec.json.encode(asked).decode()


def task_document(
    *,
    task_id: str,
    name: str,
    type: str,
    parent: str | None,
    query: str,
    due: float | None,
    priority: int,
    owner: str,
    creator: str,
    recipe: str | None,
    project: str,
    dataset: str,
    workload: Mapping[str, float] | None,
    actions: Sequence[Mapping[str, Any]],
    metadata: Mapping[str, Any],
    mark: Mapping[str, Any],
    assignment_ids: Sequence[str],
    now: float,
) -> dict[str, Any]:
    """Return a new task's document; `mark` goes to ``metadata.user.taskplan``."""
    spec: dict[str, Any] = {"type": type}
    if parent is not None:
        spec["parentTaskId"] = parent
    document: dict[str, Any] = {
        "id": task_id,
        "name": name,
        "status": "open",
        "spec": spec,
        "query": query,
        "projectId": project,
        "datasetId": dataset,
        "recipeId": recipe,
        "taskOwner": owner,
        "creator": creator,
        "dueDate": due,
        "priority": priority,
        "availableActions": list(actions) or default_actions(type),
        "assignmentIds": list(assignment_ids),
        "metadata": marked(metadata, mark),
        "createdAt": iso(now),
    }
    if workload is not None:
        document["workload"] = [{"assigneeId": who, "load": load} for who, load in workload.items()]
    return document


def marked(metadata: Mapping[str, Any], mark: Mapping[str, Any]) -> dict[str, Any]:
    """Return task metadata with taskplan's own mark under ``user.taskplan``, the rest untouched."""
    user = metadata.get("user")
    return {**metadata, "user": {**(user if isinstance(user, Mapping) else {}), "taskplan": dict(mark)}}


def default_actions(type: str) -> list[dict[str, Any]]:
    """Return the statuses that a task has where none are given: done or discarded, approved for QA."""
    done = {"annotation": ("completed", "Complete"), "qa": ("approved", "Approve")}[type]
    return [
        {"action": done[0], "displayName": done[1], "color": "#41a854"},
        {"action": "discard", "displayName": "Discard", "color": "#e05151"},
    ]


def assignment_document(
    *, assignment_id: str, name: str, annotator: str, project: str, dataset: str, task: str, now: float
) -> dict[str, Any]:
    """Return a new assignment's document; the SDK reads task and dataset from ``metadata.system``."""
    return {
        "id": assignment_id,
        "name": name,
        "annotator": annotator,
        "status": "todo",
        "projectId": project,
        "metadata": {"system": {"taskId": task, "datasetId": dataset}},
        "createdAt": iso(now),
    }
