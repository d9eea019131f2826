"""Tasks, assignments and datasets as every backend describes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from taskplan.model.ids import ItemIds

TaskType = Literal["annotation", "qa"]


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """A dataset: `items` counts its items, `annotations` theirs."""

    id: str
    name: str
    project: str
    items: int
    annotations: int = 0


@dataclass(frozen=True, slots=True)
class AssignmentState:
    """One assignee's share of a task: `items` in store order, `statuses` counts items by status."""

    id: str
    assignee: str
    items: ItemIds
    status: str = "todo"
    statuses: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TaskState:
    """A task as a backend holds it now.

    `due` is in milliseconds since 1970 (UTC) or None; `priority` 1 (low) to 3
    (high); `document` is the task as the platform words it; `rehearsed` tells a
    local mock's task from the platform's own.
    """

    id: str
    name: str
    type: TaskType
    dataset: str
    status: str
    due: float | None
    priority: int
    owner: str
    assignments: tuple[AssignmentState, ...]
    document: dict[str, Any]
    rehearsed: bool = True

    @property
    def n_items(self) -> int:
        return sum(len(assignment.items) for assignment in self.assignments)
