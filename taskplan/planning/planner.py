"""From a spec and a snapshot to a plan. Every selection is made on the snapshot as it is, in no sequence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from taskplan import __version__
from taskplan.model.entities import TaskState
from taskplan.model.table import ItemTable
from taskplan.planning import cautions
from taskplan.planning.chunks import chunk_sizes, limited, suffix_of
from taskplan.planning.codec import seal
from taskplan.planning.document import Operation, Plan, SnapshotRecord
from taskplan.planning.graph import task_order
from taskplan.planning.operations import Piece, operations, redistribution
from taskplan.planning.reads import paths_read
from taskplan.planning.reviews import plan_review
from taskplan.planning.selection import (
    Resolver,
    Selected,
    find_task,
    select_by_query,
    select_finished,
    select_listed,
)
from taskplan.planning.spec import Spec
from taskplan.planning.spec_shape import TaskSpec
from taskplan.planning.splitting import people_of_parts
from taskplan.planning.work import Base, Part, Work


def make_plan(
    spec: Spec, table: ItemTable, *, resolver: Resolver | None = None, seed: int | None = None
) -> Plan:
    """Make the plan of `spec` on a snapshot; the same spec, items and seed give the same plan, byte for byte.

    `resolver` knows existing tasks and members (a backend is one); `seed`
    replaces the spec's. SpecError for what does not fit together, InfeasibleError
    where the shares cannot be met.
    """
    work = Work(spec, table, resolver, spec.seed if seed is None else seed)
    order, parents = task_order(spec)
    for index in order:
        work.paths |= paths_read(spec, index, planned=index in parents)
    for index in order:
        work.parts[index] = _plan_task(work, index, parents.get(index))
    parts = [part for index in range(len(spec.tasks)) for part in work.parts[index]]
    cautions.overlaps(work)
    cautions.strangers(work)
    cautions.namesakes(work, [part for part in parts if part.operation.task is not None])
    return seal(plan_of(work, tuple(part.operation for part in parts)))


def plan_of(work: Work, operations: tuple[Operation, ...]) -> Plan:
    """Return the plan of some operations, with all that is known of the work; it is not sealed yet."""
    table = work.table
    return Plan(
        digest="",
        taskplan=__version__,
        seed=work.seed,
        spec=dict(work.spec.document),
        snapshot=SnapshotRecord(
            project=table.project,
            dataset=table.dataset,
            items=len(table),
            fingerprint=table.fingerprint(work.paths),
            paths=tuple(sorted(work.paths)),
        ),
        warnings=tuple(dict.fromkeys(work.warnings)),
        operations=operations,
    )


def _plan_task(work: Work, index: int, parent: int | None) -> list[Part]:
    task, path = work.spec.tasks[index], f"tasks[{index}]"
    if parent is not None:
        return plan_review(work, index, work.parts[parent])
    existing: TaskState | None = None
    if task.redistribute is not None:
        existing = find_task(
            work.spec, work.resolver, work.table.dataset, task.redistribute, f"{path}.redistribute"
        )
        return redistribution(work, task, path, Base(existing.id, existing.name, existing=existing))
    if task.of is not None:
        existing = find_task(work.spec, work.resolver, work.table.dataset, task.of, f"{path}.of")
    if task.items is not None:
        selected = select_listed(work.spec, task, path, work.table)
    elif existing is not None:
        selected = select_finished(work.spec, task, path, work.table, existing)
    else:
        selected = select_by_query(work.spec, task, path, work.table)
    if task.add_to is not None:
        existing = find_task(work.spec, work.resolver, work.table.dataset, task.add_to, f"{path}.add_to")
        selected = _without_present(work, task, selected, existing)
    rows = selected.rows[: limited(work, task, selected, len(selected.rows))]
    sizes = chunk_sizes(work.spec, task, path, len(rows))
    chunks = np.split(rows, np.cumsum(sizes)[:-1]) if sizes else []
    base = Base() if existing is None else Base(existing.id, existing.name, existing=existing)
    people = people_of_parts(work.spec, task, path, sizes)
    made: list[Part] = []
    selection = selected.record(task.limit)
    for number, chunk in enumerate(chunks):
        suffix = suffix_of(number, len(chunks))
        made += operations(work, Piece(task, path, selection, chunk, people[number], suffix, base))
    return made


def _without_present(work: Work, task: TaskSpec, selected: Selected, existing: TaskState) -> Selected:
    """Leave out what the task has already, or gets by this plan: adding it again would change nothing."""
    present = np.zeros(len(work.table), dtype=bool)
    for assignment in existing.assignments:
        rows = work.table.ids.rows_of(assignment.items)
        present[rows[rows >= 0]] = True
    for part in work.all_parts():
        if part.operation.target == existing.id:
            present[part.rows] = True
    kept = selected.rows[~present[selected.rows]]
    if len(kept) < len(selected.rows):
        gone = len(selected.rows) - len(kept)
        work.warnings.append(f"{task.title}: {_items(gone)} in the task already, left out")
    return replace(selected, rows=kept)


def _items(count: int) -> str:
    return "1 item is" if count == 1 else f"{count:,} items are"
