"""From the items of a task to who gets which: the allocation problem posed, solved and written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.apportionment import apportion
from taskplan.allocation.people import rest_of
from taskplan.allocation.problem import Allocation, Assignee, Ordering, Problem
from taskplan.allocation.registry import load_strategy
from taskplan.allocation.validate import fault
from taskplan.dql.explain import near_path
from taskplan.errors import InfeasibleError, InputError
from taskplan.model.ids import ItemIds
from taskplan.model.table import ItemTable
from taskplan.planning.document import AllocationRecord, Fairness, PackedIds, Share
from taskplan.planning.spec import OrderSpec, Person, Spec, TaskSpec, strategy_of


@dataclass(frozen=True, slots=True)
class Split:
    """An allocation as a plan records it, the columns that it depends on, and warnings."""

    record: AllocationRecord
    paths: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = ()


def people_of_parts(
    spec: Spec, task: TaskSpec, path: str, sizes: Sequence[int]
) -> list[tuple[Assignee, ...]]:
    """Return the people of a task for each of the parts, of `sizes` items, that it is made in.

    A fixed count holds for the whole task; each part gets of it as much as its
    size asks for, in whole items, and all parts together get it exactly.
    InfeasibleError where the counts do not go with the number of items.
    """
    people = tuple(assignee_of(person) for person in task.assignees)
    fixed = [person.count or 0 for person in people]
    if len(sizes) < 2 or not any(fixed):
        return [people] * len(sizes)
    try:
        rest = rest_of(people, sum(sizes))
    except InfeasibleError as error:
        raise InfeasibleError(str(spec.error(str(error), f"{path}.assignees"))) from error
    parts = []
    left = [*fixed, rest]
    for size in sizes:
        # By the largest remainder nobody is given more than is left of theirs.
        given = apportion(left, size)
        left = [before - now for before, now in zip(left, given, strict=True)]
        parts.append(
            tuple(
                person if person.count is None else replace(person, count=count)
                for person, count in zip(people, given, strict=False)
            )
        )
    return parts


def split_rows(
    spec: Spec,
    task: TaskSpec,
    path: str,
    table: ItemTable,
    rows: NDArray[np.int64],
    people: tuple[Assignee, ...],
    seed: int,
) -> Split:
    """Split `rows` (int64[n]) of a table between the `people` of the task at `path` of a spec.

    SpecError for shares or a strategy that do not fit together, and for a strategy
    that answers with no allocation at all; InfeasibleError where the shares cannot be met.
    """
    shared = any(p.weight is not None or p.percent is not None or p.count is not None for p in people)
    named, options = strategy_of(spec, path)
    name = named or ("weighted" if shared else "equal")
    ordering = _ordering(task)
    problem = Problem(len(rows), people, ordering, _keys(table, rows, ordering), seed)
    try:
        strategy = load_strategy(name, options)
    except InputError as error:
        raise spec.error(error.message, f"{path}.strategy", error.hint) from error
    try:
        allocation = strategy.allocate(problem)
    except InputError as error:
        raise spec.error(error.message, f"{path}.assignees", error.hint) from error
    except InfeasibleError as error:
        raise InfeasibleError(str(spec.error(str(error), f"{path}.assignees"))) from error
    if (what := fault(problem, allocation)) is not None:
        raise spec.error(f'strategy "{name}" is at fault: {what}', f"{path}.strategy")
    record = _record(ordering, table.ids.take(rows[allocation.order]), allocation, name, options)
    return Split(
        record, frozenset((ordering.path,) if ordering.path else ()), _warnings(task, table, ordering)
    )


def assignee_of(person: str | Person) -> Assignee:
    """Return a person of a spec as the allocation knows them, by lower-cased e-mail."""
    if isinstance(person, str):
        return Assignee(person.lower())
    return Assignee(person.email.lower(), person.weight, person.percent, person.count)


def _ordering(task: TaskSpec) -> Ordering:
    order = task.order
    if not isinstance(order, OrderSpec):
        return Ordering(order)
    return Ordering("grouped", order.grouped) if order.grouped else Ordering("stratified", order.stratified)


def _keys(table: ItemTable, rows: NDArray[np.int64], ordering: Ordering) -> NDArray[np.integer[Any]] | None:
    """Return each row's stratum or group, where the ordering asks for one."""
    if ordering.path is None:
        return None
    column = table.column(ordering.path)
    # Codes stay narrow where they can: narrow keys are counted and sorted faster.
    keys: NDArray[np.integer[Any]] = column.codes[rows]
    if column.numbers is not None:
        _, places = np.unique(column.numbers[rows], return_inverse=True)
        plain = keys == column.number_code
        keys = keys.astype(np.int64)
        keys[plain] += places.ravel()[plain]
    if ordering.kind == "grouped":
        # An item without the value belongs to no group: it may go to anybody.
        absent = [code for code, reached in enumerate(column.values) if reached == ()]
        alone = np.isin(column.codes[rows], absent)
        if alone.any():
            keys = keys.astype(np.int64)
            keys[alone] = int(keys.max()) + 1 + np.arange(int(alone.sum()))
    return keys


def _warnings(task: TaskSpec, table: ItemTable, ordering: Ordering) -> tuple[str, ...]:
    path = ordering.path
    if path is None or not table.column(path).exists_nowhere:
        return ()
    near = near_path(path, table)
    hint = f'; did you mean "{near}"?' if near else ""
    return (f'{task.title}: no item has "{path}", by which it is ordered{hint}',)


def _record(
    ordering: Ordering, ids: ItemIds, allocation: Allocation, strategy: str, options: dict[str, Any]
) -> AllocationRecord:
    certificate = allocation.certificate
    return AllocationRecord(
        strategy=strategy,
        options=options,
        ordering=ordering.kind,
        ordering_path=ordering.path,
        shares=tuple(
            Share(who, count)
            for who, count in zip(allocation.assignees, allocation.counts.tolist(), strict=True)
        ),
        items=PackedIds.of(ids),
        fairness=Fairness(
            measures=dict(certificate.measures),
            objective=certificate.objective,
            value=certificate.value,
            bound=certificate.bound,
            ratio=certificate.ratio,
            optimal=certificate.optimal,
        ),
    )
