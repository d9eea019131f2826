"""How many items a task of a spec keeps, and how they are cut into tasks of the platform."""

from __future__ import annotations

from taskplan.planning.selection import Selected
from taskplan.planning.spec import Spec
from taskplan.planning.spec_shape import TaskSpec
from taskplan.planning.work import Work

PLATFORM_LIMIT = 80_000
"""The platform refuses a task of so many items or more (its own web form says so)."""


def limited(work: Work, task: TaskSpec, selected: Selected, matched: int) -> int:
    """Return how many of the `matched` rows a task keeps, and note what there is to be said of them."""
    work.warnings += selected.warnings
    kept = matched
    if task.limit is not None and matched > task.limit:
        work.warnings.append(f"{task.title}: the limit keeps {task.limit:,} of {matched:,} items")
        kept = task.limit
    if kept == 0:
        found = "no finished item" if selected.source == "finished" else "nothing"
        verb = "items are added" if task.add_to else "task is planned"
        work.warnings.append(f"{task.title}: the selection matches {found}; no {verb}")
        if selected.nothing is not None:
            work.warnings.append(f"{task.title}: {selected.nothing}")
    return kept


def chunk_sizes(spec: Spec, task: TaskSpec, path: str, count: int) -> list[int]:
    """Return how many of `count` rows go into each task of the platform; SpecError for too many."""
    if count == 0:
        return []
    pieces = 1
    if task.split_above is not None and count > task.split_above:
        pieces = -(-count // min(task.split_above, PLATFORM_LIMIT - 1))
    elif count >= PLATFORM_LIMIT and task.add_to is None:
        if task.split_above is None:
            raise spec.error(
                f"selects {count:,} items, but the platform refuses a task of {PLATFORM_LIMIT:,} or more",
                path,
                f"split_above: {PLATFORM_LIMIT} makes several tasks of it",
            )
        pieces = -(-count // (PLATFORM_LIMIT - 1))
    size, larger = divmod(count, pieces)
    return [size + (number < larger) for number in range(pieces)]


def suffix_of(number: int, several: int) -> str:
    """Return what is added to the name of one (`number` from 0) of several tasks."""
    return f" ({number + 1}/{several})" if several > 1 else ""
