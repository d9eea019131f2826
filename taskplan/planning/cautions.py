"""What a plan warns of: items in two tasks, people who are no members, tasks that exist by that name."""

from __future__ import annotations

import numpy as np

from taskplan.errors import InputError, NotFoundError
from taskplan.planning.posing import assignee_of
from taskplan.planning.spec_shape import RESERVED
from taskplan.planning.work import Part, Work


def overlaps(work: Work) -> None:
    """Warn where one item would be annotated in two tasks of the spec; a review is no overlap."""
    taken = np.full(len(work.table), -1, dtype=np.int64)
    for index, task in enumerate(work.spec.tasks):
        if task.type == "qa" or task.redistribute is not None:
            continue
        for part in work.parts[index]:
            before = taken[part.rows]
            others, counts = np.unique(before[(before >= 0) & (before != index)], return_counts=True)
            for other, shared in zip(others.tolist(), counts.tolist(), strict=True):
                name = work.spec.tasks[other].title
                work.warnings.append(f"{task.title}: {_items(shared)} in {name} as well")
            taken[part.rows] = index


def strangers(work: Work) -> None:
    members = work.resolver.members(work.table.dataset) if work.resolver is not None else None
    if members is None:
        return
    for task in work.spec.tasks:
        for person in task.assignees:
            email = assignee_of(person).email
            if email not in members:
                work.warnings.append(f"{task.title}: {email} is no member of {work.table.project}")
        if task.owner is not None and task.owner.lower() not in members:
            work.warnings.append(
                f"{task.title}: the owner {task.owner.lower()} is no member of {work.table.project}"
            )


def namesakes(work: Work, parts: list[Part]) -> None:
    """Warn where a task of the name exists already, made by anything but this very operation."""
    if work.resolver is None:
        return
    for part in parts:
        title = part.operation.title
        try:
            existing = work.resolver.task(work.table.dataset, title)
        except NotFoundError:
            continue
        except InputError:
            work.warnings.append(f"{title}: several tasks of this name exist already")
            continue
        mark = existing.document.get("metadata", {}).get("user", {}).get(RESERVED)
        if isinstance(mark, dict) and mark.get("key") == part.operation.key:
            continue
        ids = work.table.ids.take(part.rows)
        shared = sum(int((a.items.rows_of(ids) >= 0).sum()) for a in existing.assignments)
        holding = f", with {shared:,} of these items" if shared else ""
        work.warnings.append(f"{title}: a task of this name exists already ({existing.id}){holding}")


def _items(count: int) -> str:
    return "1 item is" if count == 1 else f"{count:,} items are"
