"""QA tasks over tasks of the same spec: one for each part of a task that was split."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.problem import Assignee
from taskplan.planning.chunks import suffix_of
from taskplan.planning.document import Selection
from taskplan.planning.operations import Piece, operations
from taskplan.planning.selection import Selected, select_planned
from taskplan.planning.splitting import people_of_parts
from taskplan.planning.work import Base, Part, Work

Rows = NDArray[np.int64]


def plan_review(work: Work, index: int, parents: list[Part]) -> list[Part]:
    """Plan the QA task at `index` of the spec over the parts of the task that it reviews."""
    task, path = work.spec.tasks[index], f"tasks[{index}]"
    planned = np.concatenate([np.zeros(0, dtype=np.int64), *(parent.rows for parent in parents)])
    chosen = select_planned(work.spec, task, path, work.table, _each_once(planned, len(work.table)))
    work.warnings += chosen.warnings
    kept = chosen.rows if task.limit is None else chosen.rows[: task.limit]
    if len(kept) < len(chosen.rows):
        work.warnings.append(f"{task.title}: the limit keeps {len(kept):,} of {len(chosen.rows):,} items")
    matched = [len(rows) for rows in _by_parent(chosen.rows, parents, len(work.table))]
    chunks = _by_parent(kept, parents, len(work.table))
    people = people_of_parts(work.spec, task, path, [len(chunk) for chunk in chunks])
    made: list[Part] = []
    for number, (parent, rows) in enumerate(zip(parents, chunks, strict=True)):
        selection = chosen.record(task.limit, matched[number])
        made += review_part(work, index, parent, rows, selection, people[number], (number, len(parents)))
    work.warnings.append(review_warning(work, index, some=bool(made)))
    return made


def review_part(
    work: Work,
    index: int,
    parent: Part,
    rows: Rows,
    selection: Selection,
    people: tuple[Assignee, ...],
    place: tuple[int, int],
) -> list[Part]:
    """Plan the review of `rows` (int64[n]) of one part, at `place` (number from 0, of how many)."""
    if len(rows) == 0:
        return []
    number, several = place
    before = parent.operation.id
    base = Base(before, None, (before,), parent=parent)
    piece = Piece(
        work.spec.tasks[index], f"tasks[{index}]", selection, rows, people, suffix_of(number, several), base
    )
    return operations(work, piece)


def review_warning(work: Work, index: int, *, some: bool) -> str:
    """Return what is said of every review of planned items; `some` tells whether there are any."""
    task = work.spec.tasks[index]
    if some:
        return f"{task.title}: reviews the planned items of {task.of}; none of them is finished yet"
    return f"{task.title}: there is nothing to review; no task is planned"


def reviewed(work: Work, index: int, rows: Rows) -> Selected:
    """Return what the QA task at `index` selects of planned rows (int64[n])."""
    return select_planned(work.spec, work.spec.tasks[index], f"tasks[{index}]", work.table, rows)


def _each_once(rows: Rows, size: int) -> Rows:
    """Return rows in their order, each where it comes first: copies of an overlap have the same rows."""
    first: Rows = np.empty(size, dtype=np.int64)
    # Of several values for one index the last assigned stays.
    first[rows[::-1]] = np.arange(len(rows) - 1, -1, -1)
    kept: Rows = rows[first[rows] == np.arange(len(rows))]
    return kept


def _by_parent(rows: Rows, parents: list[Part], size: int) -> list[Rows]:
    """Return those of `rows` that each parent has, in their order."""
    place = np.full(size, -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    found = (place[parent.rows] for parent in parents)
    return [rows[np.sort(mine[mine >= 0])] for mine in found]
