"""The allocation problem of a task: what the spec asks for, looked up in the items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.problem import Assignee, Ordering, Problem
from taskplan.dql.explain import near_path
from taskplan.errors import InputError
from taskplan.model.fingerprint import alike
from taskplan.model.table import ItemTable
from taskplan.planning.effort import efforts
from taskplan.planning.needs import Needs, needs_of
from taskplan.planning.spec import Spec
from taskplan.planning.spec_shape import OrderSpec, Person, TaskSpec


@dataclass(frozen=True, slots=True)
class Posed:
    """A problem, what its items need, and warnings."""

    problem: Problem
    needs: Needs | None
    warnings: tuple[str, ...]


def pose(
    spec: Spec,
    task: TaskSpec,
    path: str,
    items: ItemTable,
    people: tuple[Assignee, ...],
    seed: int,
) -> Posed:
    """Return the problem of splitting the items of a task between `people`; SpecError for bad formulas.

    It depends on these items alone, so that it is the same whatever others there are.
    """
    ordering = ordering_of(task)
    effort = None
    if task.effort is not None:
        try:
            effort = efforts(task.effort, items)
        except InputError as error:
            raise spec.error(error.message, f"{path}.effort", error.hint) from error
    needs = needs_of(spec, task, path, items)
    kinds, kind = _kinds(task.kind, items)
    problem = Problem(
        len(items),
        people,
        ordering,
        _keys(items, ordering),
        seed,
        effort=effort,
        need=needs.codes if needs is not None else None,
        needs=needs.needs if needs is not None else (),
        kind=kind,
        kinds=kinds,
        overlap=task.overlap,
    )
    words = [*_warnings(task, items), *(f"{task.title}: {w}" for w in (needs.warnings if needs else ()))]
    return Posed(problem, needs, tuple(words))


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


def ordering_of(task: TaskSpec) -> Ordering:
    """Return the ordering that a task of a spec asks for."""
    order = task.order
    if not isinstance(order, OrderSpec):
        return Ordering(order)
    return Ordering("grouped", order.grouped) if order.grouped else Ordering("stratified", order.stratified)


def _keys(items: ItemTable, ordering: Ordering) -> NDArray[np.integer[Any]] | None:
    """Return each item's stratum or group, where the ordering asks for one."""
    if ordering.path is None:
        return None
    column = items.column(ordering.path)
    # Codes stay narrow where they can: narrow keys are counted and sorted faster.
    keys: NDArray[np.integer[Any]] = column.codes
    if column.numbers is not None:
        _, places = np.unique(column.numbers, return_inverse=True)
        plain = keys == column.number_code
        keys = keys.astype(np.int64)
        keys[plain] += places.ravel()[plain]
    if ordering.kind == "grouped":
        # An item without the value belongs to no group: it may go to anybody.
        absent = [code for code, reached in enumerate(column.values) if reached == ()]
        alone = np.isin(column.codes, absent)
        if alone.any():
            keys = keys.astype(np.int64)
            keys[alone] = int(keys.max()) + 1 + np.arange(int(alone.sum()))
    return keys


def _kinds(path: str | None, items: ItemTable) -> tuple[tuple[str, ...], NDArray[np.int64] | None]:
    """Return the names of kinds and each item's, where the spec says by which field kinds differ."""
    if path is None:
        return (), None
    column = items.column(path)
    names = [", ".join(map(_kind_name, reached)) for reached in column.values]
    # Numbers that were too many for names are all of one kind.
    return (*names, "a number"), column.codes.astype(np.int64)


def _kind_name(value: Any) -> str:
    # Whether a whole number was written 5 or 5.0 makes no other kind.
    return str(alike(value))


def _warnings(task: TaskSpec, items: ItemTable) -> list[str]:
    words = []
    uses = (
        (task.kind, "by which kinds differ"),
        (task.needs if isinstance(task.needs, str) else None, "which names the skills"),
        (ordering_of(task).path, "by which it is ordered"),
    )
    for path, use in uses:
        if path is not None and items.column(path).exists_nowhere:
            near = near_path(path, items)
            hint = f'; did you mean "{near}"?' if near and near != path else ""
            words.append(f'{task.title}: no item of it has "{path}", {use}{hint}')
    factors = {kind for p in task.assignees if isinstance(p, Person) for kind in p.factors if kind != "*"}
    if task.kind is not None and factors and not items.column(task.kind).exists_nowhere:
        known = set(_kinds(task.kind, items)[0])
        words += [f'{task.title}: no item of it is of the kind "{kind}"' for kind in sorted(factors - known)]
    return words
