"""Redistributing an existing task: who holds what now, and the fewest moves to what is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.problem import Allocation, Assignee, Problem
from taskplan.allocation.strategies.sticky import Sticky
from taskplan.dql.evaluate import select
from taskplan.errors import InfeasibleError, InputError
from taskplan.model.entities import TaskState
from taskplan.model.ids import ItemIds
from taskplan.model.subtable import Subtable
from taskplan.model.table import ItemTable
from taskplan.planning.document import AllocationRecord, MoveRecord, PackedIds, Selection, Share
from taskplan.planning.posing import pose
from taskplan.planning.selection import finished_query
from taskplan.planning.spec import Spec
from taskplan.planning.spec_shape import TaskSpec
from taskplan.planning.splitting import fairness_record

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Holding:
    """Who has the rows of a task (int64[n]): `holder` indexes `people`; `started` bool[n] have a status."""

    rows: Rows
    holder: NDArray[np.int64]
    people: tuple[str, ...]
    started: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Moved:
    """What changes hands, as a plan keeps it; the rows that do, and warnings."""

    record: AllocationRecord
    moves: tuple[MoveRecord, ...]
    selection: Selection
    rows: Rows
    warnings: tuple[str, ...]


def holding(table: ItemTable, task: TaskState) -> Holding:
    """Return who holds the items of a task now, in the order of the table."""
    codes = np.full(len(table), -1, dtype=np.int64)
    people: list[str] = []
    for assignment in task.assignments:
        who = assignment.assignee.lower()
        if who not in people:
            people.append(who)
        rows = table.ids.rows_of(assignment.items)
        codes[rows[rows >= 0]] = people.index(who)
    rows = np.flatnonzero(codes >= 0)
    done = np.zeros(len(table), dtype=np.bool_)
    done[select(finished_query(task.id), table)] = True
    return Holding(rows, codes[rows], tuple(people), done[rows])


def redistributed(
    spec: Spec,
    task: TaskSpec,
    path: str,
    table: ItemTable,
    existing: TaskState,
    people: tuple[Assignee, ...],
    seed: int,
) -> Moved:
    """Return the fewest moves after which the assignees of the spec share the task as they ask.

    Started items stay with whoever has them. With `take_from` only those people's open
    items move. SpecError for people who hold nothing; InfeasibleError for what cannot be.
    """
    held = holding(table, existing)
    emails = [person.email for person in people]
    fixed = held.started.copy()
    warnings: list[str] = []
    if task.take_from is not None:
        fixed |= ~np.isin(held.holder, _givers(spec, path, task.take_from, held))
    # What stays with people who are no assignees is not the assignees' to share.
    outside = np.array([who not in emails for who in held.people] + [False])[held.holder] & fixed
    leaving = outside & held.started
    if task.take_from is not None:
        leaving &= np.isin(held.holder, _givers(spec, path, task.take_from, held))
    stay = int(leaving.sum())
    if stay:
        noun = "started item stays" if stay == 1 else "started items stay"
        names = sorted({held.people[code] for code in held.holder[leaving].tolist()})
        warnings.append(f"{task.title}: {stay:,} {noun} with {', '.join(names)}")
    rows, holder, fixed = held.rows[~outside], held.holder[~outside], fixed[~outside]
    posed = pose(spec, task, path, Subtable(table, rows), people, seed)
    allocation = _solved(spec, path, replace(posed.problem, held=holder, holders=held.people, started=fixed))
    taker = np.empty(len(rows), dtype=np.int64)
    taker[allocation.order] = np.repeat(np.arange(len(people)), allocation.counts)
    place = np.array([emails.index(who) if who in emails else -1 for who in held.people] + [-1])
    changed = np.flatnonzero(place[holder] != taker)
    changed = changed[np.lexsort((changed, holder[changed], taker[changed]))]
    record, moves = _written(
        table.ids.take(rows[changed]), taker[changed], holder[changed], allocation, held.people
    )
    return Moved(
        record,
        moves,
        Selection("held", None, len(held.rows)),
        rows[changed],
        (*posed.warnings, *warnings),
    )


def added(
    spec: Spec, path: str, table: ItemTable, existing: TaskState, rows: Rows, problem: Problem
) -> Allocation:
    """Return who gets the new `rows`, so that all in all the shares are kept; nothing else moves."""
    held = holding(table, existing)
    emails = [person.email for person in problem.assignees]
    mine = np.array([who in emails for who in held.people] + [False])[held.holder]
    kept = int(mine.sum())
    whole = replace(
        problem,
        n_items=kept + len(rows),
        held=np.concatenate([held.holder[mine], np.full(len(rows), -1)]),
        holders=held.people,
        started=np.concatenate([np.ones(kept, dtype=np.bool_), np.zeros(len(rows), dtype=np.bool_)]),
    )
    found = _solved(spec, path, whole)
    owner = np.empty(whole.n_items, dtype=np.int64)
    owner[found.order] = np.repeat(np.arange(len(emails)), found.counts)
    new = owner[kept:]
    return replace(
        found,
        counts=np.bincount(new, minlength=len(emails)).astype(np.int64),
        order=np.argsort(new, kind="stable"),
    )


def _givers(spec: Spec, path: str, emails: list[str], held: Holding) -> list[int]:
    codes = []
    for index, email in enumerate(emails):
        if email.lower() not in held.people:
            raise spec.error(f"{email} has no items of the task", f"{path}.take_from[{index}]")
        codes.append(held.people.index(email.lower()))
    return codes


def _solved(spec: Spec, path: str, problem: Problem) -> Allocation:
    try:
        return Sticky().allocate(problem)
    except InputError as error:
        raise spec.error(error.message, f"{path}.assignees") from error
    except InfeasibleError as error:
        raise InfeasibleError(str(spec.error(str(error), f"{path}.assignees"))) from error


def _written(
    ids: ItemIds, taker: Rows, giver: Rows, allocation: Allocation, holders: tuple[str, ...]
) -> tuple[AllocationRecord, tuple[MoveRecord, ...]]:
    people = allocation.assignees
    moves, start = [], 0
    while start < len(taker):
        same = (taker == taker[start]) & (giver == giver[start])
        moves.append(MoveRecord(holders[giver[start]], people[taker[start]], int(same.sum())))
        start += int(same.sum())
    counts = np.bincount(taker, minlength=len(people)).tolist()
    record = AllocationRecord(
        strategy="sticky",
        options={},
        ordering="as-listed",
        ordering_path=None,
        shares=tuple(Share(who, count) for who, count in zip(people, counts, strict=True) if count),
        items=PackedIds.of(ids),
        fairness=fairness_record(allocation.certificate),
    )
    return record, tuple(moves)
