"""Which columns of the items a task of a spec reads: known before any item is looked at."""

from __future__ import annotations

from taskplan.errors import InputError
from taskplan.planning.effort import effort_paths
from taskplan.planning.modes import ground_truth_query
from taskplan.planning.needs import need_query
from taskplan.planning.posing import ordering_of
from taskplan.planning.selection import finished_query, query_paths, task_query
from taskplan.planning.spec import Spec
from taskplan.planning.spec_shape import TaskSpec


def paths_read(spec: Spec, index: int, *, planned: bool) -> frozenset[str]:
    """Return the columns that the task at `index` reads, those of annotations marked as such.

    `planned` tells that it reviews a task of the same spec. SpecError for a query that is none.
    """
    task, path = spec.tasks[index], f"tasks[{index}]"
    return paths_dealt(spec, index) | _selecting(spec, task, path, planned)


def paths_dealt(spec: Spec, index: int) -> frozenset[str]:
    """Return the columns of its items by which the task at `index` decides who gets what."""
    task, path = spec.tasks[index], f"tasks[{index}]"
    found = {task.kind, ordering_of(task).path} - {None}
    if isinstance(task.needs, str):
        found.add(task.needs)
    for number, need in enumerate(task.needs if isinstance(task.needs, list) else ()):
        query = need_query(spec, need, f"{path}.needs[{number}].where")
        found |= query_paths(query) if query is not None else frozenset()
    if task.quality is not None and task.quality.kind == "honeypot":
        found |= query_paths(ground_truth_query(spec, task.quality, path))
    return frozenset(p for p in found if p) | _effort(task)


def _selecting(spec: Spec, task: TaskSpec, path: str, planned: bool) -> frozenset[str]:
    finished = frozenset[str]()
    if task.redistribute is not None or (task.of is not None and not planned):
        finished = query_paths(finished_query("any"))
    if task.redistribute is not None:
        return finished
    if task.items is not None:
        return frozenset({"filename"}) if task.items.filenames is not None else frozenset()
    if planned and task.filter is None:
        return frozenset()
    return finished | query_paths(task_query(spec, task, path))


def _effort(task: TaskSpec) -> frozenset[str]:
    try:
        return frozenset() if task.effort is None else effort_paths(task.effort)
    except InputError:
        # It is told of where the task is planned.
        return frozenset()
