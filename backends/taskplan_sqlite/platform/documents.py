"""Tasks and assignments in the platform's own words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from taskplan.model.documents import generated_id

DEFAULT_SORT = {"type": "ascending", "createdAt": "descending"}
"""The sort that the platform adds to a task's query: the default of its item browser."""
PAGE_SIZE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """A task to be made.

    `seed` is any text that is unique to it: the id is derived from it, so that
    the same task made again has the same id. `due` and `now` are milliseconds
    since 1970; `priority` is 1 to 3; `parent` is the task that a QA task
    reviews; `workload` maps assignee to percent; `metadata` is kept as sent.
    """

    seed: str
    name: str
    type: str
    dataset_id: str
    project_id: str
    owner: str
    creator: str
    now: float
    query: Mapping[str, Any]
    due: float | None = None
    priority: int = 2
    recipe: str | None = None
    parent: str | None = None
    workload: Mapping[str, float] = field(default_factory=dict)
    actions: Sequence[Mapping[str, Any]] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.id_of(self.seed)

    @staticmethod
    def id_of(seed: str) -> str:
        """Return the id of the task that is made with this seed."""
        return generated_id("task", seed)


def iso(milliseconds: float) -> str:
    """Return a moment as the platform writes it: UTC, milliseconds, ``Z``."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def stored_query(query: Mapping[str, Any]) -> str:
    """Return the query as a task keeps it: JSON text, everything as sent and a sort."""
    envelope: dict[str, Any] = {"page": 0, "pageSize": PAGE_SIZE, "resource": "items", **query}
    envelope.setdefault("sort", DEFAULT_SORT)
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":"))


def task_document(task: NewTask) -> dict[str, Any]:
    """Return the task as the platform words it, without what follows from its items."""
    spec: dict[str, Any] = {"type": task.type}
    if task.parent is not None:
        spec["parentTaskId"] = task.parent
    return {
        "id": task.id,
        "name": task.name,
        "creator": task.creator,
        "taskOwner": task.owner.lower(),
        "projectId": task.project_id,
        "datasetId": task.dataset_id,
        "recipeId": task.recipe,
        "spec": spec,
        "query": stored_query(task.query),
        "dueDate": task.due,
        "priority": task.priority,
        "workload": [{"assigneeId": who.lower(), "load": load} for who, load in task.workload.items()],
        "availableActions": [dict(action) for action in task.actions],
        "metadata": {"system": {}, **task.metadata},
        "createdAt": iso(task.now),
        "updatedAt": iso(task.now),
    }


def assignment_id(task: str, annotator: str, seed: str) -> str:
    """Return a stable id; `seed` tells apart assignments that one person has had in one task."""
    return generated_id(f"assignment {task}", f"{annotator}\n{seed}")


def assignment_document(
    *, id: str, task: str, task_name: str, annotator: str, dataset_id: str, project_id: str, now: float
) -> dict[str, Any]:
    """Return the assignment as the platform words it, without what follows from its items."""
    return {
        "id": id,
        "name": f"{task_name} ({annotator})",
        "annotator": annotator,
        "projectId": project_id,
        "metadata": {"system": {"taskId": task, "datasetId": dataset_id}},
        "createdAt": iso(now),
        "updatedAt": iso(now),
    }
