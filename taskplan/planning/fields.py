"""What the platform records of a task, worded from the spec."""

from __future__ import annotations

from typing import Any

from taskplan.model.times import EXAMPLE, read_moment
from taskplan.planning.document import TaskFields
from taskplan.planning.spec import Spec
from taskplan.planning.spec_shape import Person, Status, TaskSpec

PRIORITIES = {"low": 1, "medium": 2, "high": 3, 1: 1, 2: 2, 3: 3}
DEFAULT_COLOR = "#3452ff"


def task_fields(spec: Spec, task: TaskSpec, path: str, suffix: str, parent: str | None) -> TaskFields:
    """Return the fields of a task named with `suffix`, reviewing `parent`; SpecError for a due date."""
    percentages = {
        person.email.lower(): person.percent
        for person in task.assignees
        if isinstance(person, Person) and person.percent is not None
    }
    return TaskFields(
        name=f"{task.name}{suffix}",
        type=task.type,
        due=_due(spec, task, path),
        priority=PRIORITIES[task.priority],
        owner=task.owner.lower() if task.owner else None,
        recipe=task.recipe,
        parent=parent,
        workload=percentages or None,
        actions=tuple(_action(status) for status in task.statuses),
        metadata=task.metadata,
    )


def _due(spec: Spec, task: TaskSpec, path: str) -> float | None:
    """Return milliseconds since 1970; a date, and a time without an offset, are taken as UTC."""
    if task.due is None:
        return None
    try:
        return read_moment(task.due)
    except ValueError:
        raise spec.error(f'expected {EXAMPLE}, got "{task.due}"', f"{path}.due") from None


def _action(status: str | Status) -> dict[str, Any]:
    if isinstance(status, str):
        return {"action": status, "displayName": status, "color": DEFAULT_COLOR}
    return {
        "action": status.action,
        "displayName": status.label or status.action,
        "color": status.color or DEFAULT_COLOR,
    }
