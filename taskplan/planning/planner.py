"""From a spec and a snapshot to a plan. Every selection is made on the snapshot as it is, in no sequence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import msgspec
import numpy as np
from numpy.typing import NDArray

from taskplan import __version__
from taskplan.allocation.problem import Assignee
from taskplan.errors import InputError, NotFoundError
from taskplan.model.entities import TaskState
from taskplan.model.table import ItemTable
from taskplan.planning.codec import seal
from taskplan.planning.document import Operation, Plan, Selection, SnapshotRecord
from taskplan.planning.fields import task_fields
from taskplan.planning.graph import task_order
from taskplan.planning.keys import free_id, operation_key
from taskplan.planning.selection import (
    Resolver,
    Selected,
    find_task,
    select_by_query,
    select_finished,
    select_listed,
    select_planned,
)
from taskplan.planning.spec import RESERVED, Spec, TaskSpec
from taskplan.planning.splitting import assignee_of, people_of_parts, split_rows

PLATFORM_LIMIT = 80_000
"""The platform refuses a task of so many items or more (its own web form says so)."""


@dataclass(slots=True)
class _Part:
    """One operation in the making, with the rows that it takes."""

    operation: Operation
    rows: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Base:
    """The task that a task reviews or adds to: id, or operation of this plan, and name if it exists."""

    task: str | None = None
    name: str | None = None
    depends_on: tuple[str, ...] = ()


@dataclass(slots=True)
class _Work:
    spec: Spec
    table: ItemTable
    resolver: Resolver | None
    seed: int
    warnings: list[str] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)
    parts: dict[int, list[_Part]] = field(default_factory=dict)
    used: Counter[str] = field(default_factory=Counter)
    names: set[str] = field(default_factory=set)


def make_plan(
    spec: Spec, table: ItemTable, *, resolver: Resolver | None = None, seed: int | None = None
) -> Plan:
    """Make the plan of `spec` on a snapshot; the same spec, items and seed give the same plan, byte for byte.

    `resolver` knows existing tasks and members (a backend is one); `seed`
    replaces the spec's. SpecError for what does not fit together, InfeasibleError
    where the shares cannot be met.
    """
    work = _Work(spec, table, resolver, spec.seed if seed is None else seed)
    order, parents = task_order(spec)
    for index in order:
        work.parts[index] = _plan_task(work, index, parents.get(index))
    parts = [part for index in range(len(spec.tasks)) for part in work.parts[index]]
    _warn_of_overlaps(work)
    _warn_of_strangers(work)
    _warn_of_namesakes(work, [part for part in parts if part.operation.task is not None])
    plan = Plan(
        digest="",
        taskplan=__version__,
        seed=work.seed,
        spec=dict(spec.document),
        snapshot=SnapshotRecord(
            project=table.project,
            dataset=table.dataset,
            items=len(table),
            fingerprint=table.fingerprint(work.paths),
            paths=tuple(sorted(work.paths)),
        ),
        warnings=tuple(dict.fromkeys(work.warnings)),
        operations=tuple(part.operation for part in parts),
    )
    return seal(plan)[0]


def _plan_task(work: _Work, index: int, parent: int | None) -> list[_Part]:
    task, path = work.spec.tasks[index], f"tasks[{index}]"
    if parent is not None:
        return _plan_review(work, task, path, work.parts[parent])
    existing: TaskState | None = None
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
    rows = _limited(work, task, selected)
    chunks = _chunks(work.spec, task, path, rows)
    base = _Base() if existing is None else _Base(existing.id, existing.name)
    people = people_of_parts(work.spec, task, path, [len(chunk) for chunk in chunks])
    made = []
    for number, chunk in enumerate(chunks):
        suffix = f" ({number + 1}/{len(chunks)})" if len(chunks) > 1 else ""
        made.append(_operation(work, task, path, selected, chunk, people[number], suffix, base))
    return made


def _plan_review(work: _Work, task: TaskSpec, path: str, parents: list[_Part]) -> list[_Part]:
    """Plan a QA task over tasks of the same spec: one for each part of a task that was split."""
    made: list[_Part] = []
    left = task.limit
    planned = np.concatenate([np.zeros(0, dtype=np.int64), *(parent.rows for parent in parents)])
    chosen = select_planned(work.spec, task, path, work.table, planned)
    work.warnings += chosen.warnings
    work.paths |= chosen.paths
    if task.limit is not None and len(chosen.rows) > task.limit:
        work.warnings.append(f"{task.title}: the limit keeps {task.limit:,} of {len(chosen.rows):,} items")
    selections = [replace(chosen, rows=chosen.rows[np.isin(chosen.rows, parent.rows)]) for parent in parents]
    chunks = []
    for selected in selections:
        chunks.append(selected.rows if left is None else selected.rows[:left])
        left = None if left is None else left - len(chunks[-1])
    people = people_of_parts(work.spec, task, path, [len(chunk) for chunk in chunks])
    for number, (parent, selected, rows) in enumerate(zip(parents, selections, chunks, strict=True)):
        if len(rows) == 0:
            continue
        suffix = f" ({number + 1}/{len(parents)})" if len(parents) > 1 else ""
        before = parent.operation.id
        base = _Base(before, None, (before,))
        made.append(_operation(work, task, path, selected, rows, people[number], suffix, base))
    if made:
        work.warnings.append(
            f"{task.title}: reviews the planned items of {task.of}; none of them is finished yet"
        )
    else:
        work.warnings.append(f"{task.title}: there is nothing to review; no task is planned")
    return made


def _without_present(work: _Work, task: TaskSpec, selected: Selected, existing: TaskState) -> Selected:
    """Leave out what the task has already, or gets by this plan: adding it again would change nothing."""
    present = np.zeros(len(work.table), dtype=bool)
    for assignment in existing.assignments:
        rows = work.table.ids.rows_of(assignment.items)
        present[rows[rows >= 0]] = True
    for part in (part for parts in work.parts.values() for part in parts):
        if part.operation.target == existing.id:
            present[part.rows] = True
    kept = selected.rows[~present[selected.rows]]
    if len(kept) < len(selected.rows):
        gone = len(selected.rows) - len(kept)
        work.warnings.append(f"{task.title}: {_items(gone)} in the task already, left out")
    return replace(selected, rows=kept)


def _limited(work: _Work, task: TaskSpec, selected: Selected) -> NDArray[np.int64]:
    work.warnings += selected.warnings
    work.paths |= selected.paths
    rows = selected.rows
    if task.limit is not None and len(rows) > task.limit:
        work.warnings.append(f"{task.title}: the limit keeps {task.limit:,} of {len(rows):,} items")
        rows = rows[: task.limit]
    if len(rows) == 0:
        found = "no finished item" if selected.source == "finished" else "nothing"
        verb = "items are added" if task.add_to else "task is planned"
        work.warnings.append(f"{task.title}: the selection matches {found}; no {verb}")
        if selected.nothing is not None:
            work.warnings.append(f"{task.title}: {selected.nothing}")
    return rows


def _chunks(spec: Spec, task: TaskSpec, path: str, rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    if len(rows) == 0:
        return []
    if task.split_above is not None and len(rows) > task.split_above:
        most = min(task.split_above, PLATFORM_LIMIT - 1)
        pieces = -(-len(rows) // most)
        return np.array_split(rows, pieces)
    if len(rows) >= PLATFORM_LIMIT and task.add_to is None:
        if task.split_above is not None:
            return np.array_split(rows, -(-len(rows) // (PLATFORM_LIMIT - 1)))
        raise spec.error(
            f"selects {len(rows):,} items, but the platform refuses a task of {PLATFORM_LIMIT:,} or more",
            path,
            f"split_above: {PLATFORM_LIMIT} makes several tasks of it",
        )
    return [rows]


def _operation(
    work: _Work,
    task: TaskSpec,
    path: str,
    selected: Selected,
    rows: NDArray[np.int64],
    people: tuple[Assignee, ...],
    suffix: str,
    base: _Base,
) -> _Part:
    split = split_rows(work.spec, task, path, work.table, rows, people, work.seed)
    work.warnings += split.warnings
    work.paths |= split.paths
    if len(rows) < len(task.assignees):
        count = "1 item" if len(rows) == 1 else f"{len(rows):,} items"
        work.warnings.append(f"{task.title}: only {count} for {len(task.assignees)} people")
    fields = None
    if task.add_to is None:
        fields = task_fields(work.spec, task, path, suffix, base.task)
    draft = Operation(
        id=f"{'add' if fields is None else 'create'}:{task.title}{suffix}",
        key="",
        action="add_items" if fields is None else "create_task",
        depends_on=base.depends_on,
        task=fields,
        target=base.task if fields is None else None,
        about=base.name,
        selection=Selection(selected.source, selected.query_json(), len(selected.rows), task.limit),
        allocation=split.record,
    )
    return _Part(_keyed(work, draft), rows)


def _operations(work: _Work) -> Iterator[Operation]:
    return (part.operation for parts in work.parts.values() for part in parts)


def _keyed(work: _Work, draft: Operation) -> Operation:
    """Give an operation its key (what it does, digested) and its id; numbers tell equal ones apart."""
    after = [o.key for o in _operations(work) if o.id in draft.depends_on]
    key = partial(operation_key, draft, project=work.table.project, dataset=work.table.dataset, after=after)
    plain = key()
    work.used[plain] += 1
    name = free_id(draft.id, work.names)
    work.names.add(name)
    return msgspec.structs.replace(draft, key=key(again=work.used[plain]), id=name)


def _warn_of_overlaps(work: _Work) -> None:
    """Warn where one item would be annotated in two tasks of the spec; a review is no overlap."""
    taken = np.full(len(work.table), -1, dtype=np.int64)
    for index, task in enumerate(work.spec.tasks):
        if task.type == "qa":
            continue
        for part in work.parts[index]:
            before = taken[part.rows]
            others, counts = np.unique(before[(before >= 0) & (before != index)], return_counts=True)
            for other, shared in zip(others.tolist(), counts.tolist(), strict=True):
                name = work.spec.tasks[other].title
                work.warnings.append(f"{task.title}: {_items(shared)} in {name} as well")
            taken[part.rows] = index


def _warn_of_strangers(work: _Work) -> None:
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


def _warn_of_namesakes(work: _Work, parts: list[_Part]) -> None:
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
