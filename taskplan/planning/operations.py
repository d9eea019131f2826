"""Operations from the rows of a task: who gets what is solved, and written into steps of the plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.problem import Assignee
from taskplan.model.subtable import table_of
from taskplan.model.table import ItemTable
from taskplan.planning.document import QUEUE, AllocationRecord, Mode, Operation, PackedIds, Selection, Share
from taskplan.planning.fields import task_fields
from taskplan.planning.modes import handed_out
from taskplan.planning.moving import added, redistributed
from taskplan.planning.posing import assignee_of, pose
from taskplan.planning.spec import strategy_of
from taskplan.planning.spec_shape import TaskSpec
from taskplan.planning.splitting import Holders, fairness_record, split_items
from taskplan.planning.work import Base, Part, Work

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows (int64[n]) of a task of a spec that go into one task of the platform, named with `suffix`.

    `selection` says how all items of the task of the spec were found.
    """

    task: TaskSpec
    path: str
    selection: Selection
    rows: Rows
    people: tuple[Assignee, ...]
    suffix: str
    base: Base


def operations(work: Work, piece: Piece) -> list[Part]:
    """Return the operations that make a task of the rows, or add them to one: one a copy of an overlap."""
    task = piece.task
    if len(piece.rows) < len(task.assignees):
        count = "1 item" if len(piece.rows) == 1 else f"{len(piece.rows):,} items"
        work.warnings.append(f"{task.title}: only {count} for {len(task.assignees)} people")
    if task.quality is not None or task.pulling is not None:
        handed = handed_out(work.spec, task, piece.path, work.table, piece.rows, piece.people)
        work.warnings += handed.warnings
        return [_part(work, piece, handed.record, handed.rows, "", handed.mode)]
    if task.add_to is not None and strategy_of(work.spec, piece.path)[0] == "sticky":
        return [_part(work, piece, _sticky_record(work, piece), piece.rows, "")]
    items = table_of(work.table, piece.rows)
    split = split_items(
        work.spec, task, piece.path, items, piece.people, work.seed, _made_by(work, piece, items)
    )
    work.warnings += split.warnings
    several = len(split.records)
    made = [
        _part(work, piece, record, piece.rows, f" (copy {number}/{several})" if several > 1 else "")
        for number, record in enumerate(split.records, 1)
    ]
    for part, holder in zip(made, split.holders, strict=True):
        part.holder = holder
    return made


def redistribution(work: Work, task: TaskSpec, path: str, base: Base) -> list[Part]:
    """Return the operation that redistributes an existing task; none where nothing has to move."""
    assert base.existing is not None
    if any(part.operation.moves and part.operation.target == base.task for part in work.all_parts()):
        raise work.spec.error(f'"{task.title}" is redistributed already', f"{path}.redistribute")
    people = tuple(assignee_of(person) for person in task.assignees)
    moved = redistributed(work.spec, task, path, work.table, base.existing, people, work.seed)
    work.warnings += moved.warnings
    if not moved.moves:
        work.warnings.append(f"{task.title}: everyone has what is asked for; nothing moves")
        return []
    draft = Operation(
        id=f"move:{task.title}",
        key="",
        action="move_items",
        target=base.task,
        about=base.name,
        selection=moved.selection,
        allocation=moved.record,
        moves=moved.moves,
    )
    return [Part(work.keyed(draft), moved.rows)]


def _part(
    work: Work, piece: Piece, record: AllocationRecord, rows: Rows, copy: str, mode: Mode | None = None
) -> Part:
    task, base = piece.task, piece.base
    suffix = piece.suffix + copy
    fields = None
    if task.add_to is None:
        fields = task_fields(work.spec, task, piece.path, suffix, base.task)
    draft = Operation(
        id=f"{'add' if fields is None else 'create'}:{task.title}{suffix}",
        key="",
        action="add_items" if fields is None else "create_task",
        depends_on=base.depends_on,
        task=fields,
        target=base.task if fields is None else None,
        about=base.name,
        selection=piece.selection,
        allocation=record,
        mode=mode,
    )
    return Part(work.keyed(draft), rows)


def _sticky_record(work: Work, piece: Piece) -> AllocationRecord:
    assert piece.base.existing is not None
    items = table_of(work.table, piece.rows)
    posed = pose(work.spec, piece.task, piece.path, items, piece.people, work.seed)
    work.warnings += posed.warnings
    found = added(work.spec, piece.path, work.table, piece.base.existing, piece.rows, posed.problem)
    ids = items.ids.take(found.order)
    return AllocationRecord(
        strategy="sticky",
        options={},
        ordering=posed.problem.ordering.kind,
        ordering_path=None,
        shares=tuple(
            Share(who, count) for who, count in zip(found.assignees, found.counts.tolist(), strict=True)
        ),
        items=PackedIds.of(ids),
        fairness=fairness_record(found.certificate),
    )


def _made_by(work: Work, piece: Piece, items: ItemTable) -> Holders | None:
    """Return who has made what a QA task reviews, as far as it is known; None for other tasks."""
    if piece.task.type != "qa":
        return None
    codes = np.full(len(items), -1, dtype=np.int64)
    people: list[str] = []
    if piece.base.parent is not None:
        before = piece.base.parent.operation
        if before.mode is not None:
            if set(before.people) & {person.email for person in piece.people}:
                work.warnings.append(
                    f"{piece.task.title}: the platform hands {before.title} out, so that somebody may review "
                    "their own work"
                )
            return None
        if piece.base.parent.holder is not None:
            makers = tuple(share.assignee for share in before.allocation.shares)
            return Holders(_holders_of(piece.base.parent, piece.rows), makers)
        held = list(before.items_by_assignee().items())
    elif piece.base.existing is not None:
        held = [(a.assignee.lower(), a.items) for a in piece.base.existing.assignments]
    else:
        return None
    for who, ids in held:
        if who == QUEUE:
            continue
        rows = items.ids.rows_of(ids)
        codes[rows[rows >= 0]] = len(people)
        people.append(who)
    return Holders(codes, tuple(people))


def _holders_of(parent: Part, rows: Rows) -> Rows:
    """Return who has each of `rows`, which are among the rows of the part."""
    assert parent.holder is not None
    listed = np.argsort(parent.rows, kind="stable")
    return parent.holder[listed[np.searchsorted(parent.rows[listed], rows)]]
