"""What a plan warns of: items in two tasks, people who are no members, tasks that exist by that name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from taskplan.errors import InputError, NotFoundError
from taskplan.planning.posing import assignee_of
from taskplan.planning.spec import Spec
from taskplan.planning.spec_shape import RESERVED
from taskplan.planning.work import Part, Work


def overlaps(work: Work) -> None:
    """Warn where one item would be annotated in two tasks of the spec; a review is no overlap."""
    annotating = [
        index
        for index, task in enumerate(work.spec.tasks)
        if task.type != "qa" and task.redistribute is None and work.parts[index]
    ]
    if len(annotating) < 2:
        return
    taken = np.full(len(work.table), -1, dtype=np.int64)
    for index in annotating:
        for part in work.parts[index]:
            before = taken[part.rows] + 1
            shared = np.bincount(before, minlength=len(work.spec.tasks) + 1)
            work.warnings += overlap_warnings(work.spec, index, shared[1:].tolist())
            taken[part.rows] = index


def overlap_warnings(spec: Spec, index: int, shared: Sequence[int]) -> list[str]:
    """Say how many items of a part of the task at `index` are in earlier tasks, by their index."""
    title = spec.tasks[index].title
    return [
        f"{title}: {_items(count)} in {spec.tasks[other].title} as well"
        for other, count in enumerate(shared)
        if count and other != index
    ]


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
