"""The allocation problem of a task: what the spec asks for, looked up in the items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.problem import Assignee, Ordering, Problem
from taskplan.dql.explain import near_path
from taskplan.errors import InputError
from taskplan.model.table import ItemTable
from taskplan.planning.effort import efforts
from taskplan.planning.needs import Needs, needs_of
from taskplan.planning.spec import Spec
from taskplan.planning.spec_shape import OrderSpec, Person, TaskSpec


@dataclass(frozen=True, slots=True)
class Posed:
    """A problem, what its items need, the columns that it depends on, and warnings."""

    problem: Problem
    needs: Needs | None
    paths: frozenset[str]
    warnings: tuple[str, ...]


def pose(
    spec: Spec,
    task: TaskSpec,
    path: str,
    table: ItemTable,
    rows: NDArray[np.int64],
    people: tuple[Assignee, ...],
    seed: int,
) -> Posed:
    """Return the problem of splitting `rows` (int64[n]) between `people`; SpecError for bad formulas."""
    ordering = _ordering(task)
    paths = {ordering.path} if ordering.path else set()
    effort = None
    if task.effort is not None:
        try:
            effort, read = efforts(task.effort, table, rows)
        except InputError as error:
            raise spec.error(error.message, f"{path}.effort", error.hint) from error
        paths |= read
    needs = needs_of(spec, task, path, table, rows)
    paths |= needs.paths if needs is not None else frozenset()
    kinds, kind = _kinds(task.kind, table, rows)
    paths |= {task.kind} if task.kind else set()
    problem = Problem(
        len(rows),
        people,
        ordering,
        _keys(table, rows, ordering),
        seed,
        effort=effort,
        need=needs.codes if needs is not None else None,
        needs=needs.needs if needs is not None else (),
        kind=kind,
        kinds=kinds,
        overlap=task.overlap,
    )
    words = [*_warnings(task, table), *(f"{task.title}: {w}" for w in (needs.warnings if needs else ()))]
    return Posed(problem, needs, frozenset(paths), tuple(words))


def assignee_of(person: str | Person) -> Assignee:
    """Return a person of a spec as the allocation knows them, by lower-cased e-mail."""
    if isinstance(person, str):
        return Assignee(person.lower())
    return Assignee(
        person.email.lower(),
        person.weight,
        person.percent,
        person.count,
        minimum=person.minimum,
        maximum=person.maximum,
        skills=frozenset(person.skills),
        capacity=person.capacity,
        factors=dict(person.factors),
        rate=person.rate,
    )


def default_strategy(problem: Problem) -> str:
    """Return the strategy for a problem whose spec names none: the simplest that looks at all of it."""
    people = problem.assignees
    if problem.held is not None:
        return "sticky"
    if any(p.factors or p.capacity is not None or p.rate != 1 for p in people):
        return "matched"
    limited = problem.need is not None or any(p.minimum is not None or p.maximum is not None for p in people)
    if problem.effort is not None:
        return "balanced-eligible" if limited else "balanced"
    if limited or problem.overlap > 1:
        return "eligible"
    shared = any(p.weight is not None or p.percent is not None or p.count is not None for p in people)
    return "weighted" if shared else "equal"


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


def _kinds(
    path: str | None, table: ItemTable, rows: NDArray[np.int64]
) -> tuple[tuple[str, ...], NDArray[np.int64] | None]:
    """Return the names of kinds and each row's, where the spec says by which field kinds differ."""
    if path is None:
        return (), None
    column = table.column(path)
    names = [", ".join(map(str, reached)) for reached in column.values]
    # Numbers that were too many for names are all of one kind.
    return (*names, "a number"), column.codes[rows].astype(np.int64)


def _warnings(task: TaskSpec, table: ItemTable) -> list[str]:
    words = []
    uses = (
        (task.kind, "by which kinds differ"),
        (task.needs if isinstance(task.needs, str) else None, "which names the skills"),
        (_ordering(task).path, "by which it is ordered"),
    )
    for path, use in uses:
        if path is not None and table.column(path).exists_nowhere:
            near = near_path(path, table)
            hint = f'; did you mean "{near}"?' if near else ""
            words.append(f'{task.title}: no item has "{path}", {use}{hint}')
    factors = {kind for p in task.assignees if isinstance(p, Person) for kind in p.factors if kind != "*"}
    if task.kind is not None and factors and not table.column(task.kind).exists_nowhere:
        known = set(_kinds(task.kind, table, np.zeros(0, dtype=np.int64))[0])
        words += [f'{task.title}: no item is of the kind "{kind}"' for kind in sorted(factors - known)]
    return words
