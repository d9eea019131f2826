"""From the items of a task to who gets which: the allocation problem solved and written down."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.admission import admitted
from taskplan.allocation.apportionment import apportion
from taskplan.allocation.people import rest_of
from taskplan.allocation.problem import Allocation, Assignee, Certificate, Problem
from taskplan.allocation.registry import load_strategy
from taskplan.allocation.rounds import in_rounds
from taskplan.allocation.separation import separated
from taskplan.allocation.validate import fault
from taskplan.errors import InfeasibleError, InputError
from taskplan.model.ids import ItemIds
from taskplan.model.table import ItemTable
from taskplan.planning.document import AllocationRecord, Fairness, NeedRecord, PackedIds, Share
from taskplan.planning.needs import Needs, apart
from taskplan.planning.posing import Posed, assignee_of, default_strategy, pose
from taskplan.planning.spec import Spec, strategy_of
from taskplan.planning.spec_shape import TaskSpec


@dataclass(frozen=True, slots=True)
class Split:
    """Allocations as a plan records them (one for each copy of an overlap), and warnings.

    `holders` (int64[n] each) tell who gets each item, by place among the shares.
    """

    records: tuple[AllocationRecord, ...]
    holders: tuple[NDArray[np.int64], ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Holders:
    """Who has made what is reviewed: `codes` (int64[n]) of each item index `people`, -1 for nobody."""

    codes: NDArray[np.int64]
    people: tuple[str, ...]


def people_of_parts(
    spec: Spec, task: TaskSpec, path: str, sizes: Sequence[int]
) -> list[tuple[Assignee, ...]]:
    """Return the people of a task for each of the parts, of `sizes` items, that it is made in.

    A fixed count holds for the whole task; each part gets of it as much as its
    size asks for, in whole items, and all parts together get it exactly.
    InfeasibleError where the counts do not go with the number of items; SpecError
    for other limits, which several parts cannot keep together.
    """
    people = tuple(assignee_of(person) for person in task.assignees)
    if len(sizes) > 1:
        for index, person in enumerate(people):
            for name in ("minimum", "maximum", "capacity"):
                if getattr(person, name) is not None:
                    place = f"{path}.assignees[{index}].{name}"
                    raise spec.error("a task that is split into several cannot keep a limit", place)
    fixed = [person.count or 0 for person in people]
    if len(sizes) < 2 or not any(fixed):
        return [people] * len(sizes)
    try:
        rest = rest_of(people, sum(sizes) * task.overlap)
    except InfeasibleError as error:
        raise InfeasibleError(str(spec.error(str(error), f"{path}.assignees"))) from error
    parts = []
    left = [*fixed, rest]
    for size in sizes:
        # By the largest remainder nobody is given more than is left of theirs.
        given = apportion(left, size * task.overlap)
        left = [before - now for before, now in zip(left, given, strict=True)]
        parts.append(
            tuple(
                person if person.count is None else replace(person, count=count)
                for person, count in zip(people, given, strict=False)
            )
        )
    return parts


def split_items(
    spec: Spec,
    task: TaskSpec,
    path: str,
    items: ItemTable,
    people: tuple[Assignee, ...],
    seed: int,
    made_by: Holders | None = None,
) -> Split:
    """Split items between the `people` of the task at `path` of a spec.

    Where `made_by` tells who has made what they review, nobody reviews their own
    work, as far as that can be avoided. SpecError for shares or a strategy that do
    not fit together, and for a strategy that answers with no allocation at all;
    InfeasibleError where what is asked for cannot be.
    """
    posed = pose(spec, task, path, items, people, seed)
    solver = _Solver(spec, path, posed)
    warnings: list[str] = []
    if made_by is not None and {person.email for person in people} & set(made_by.people):
        allocation, warnings = solver.apart(made_by.codes, made_by.people)
    else:
        allocation = solver.solve(posed.problem)
    dealt = copies(allocation, task.overlap)
    records = tuple(solver.record(items.ids_at(order), counts, allocation) for order, counts in dealt)
    holders = tuple(_holder(order, counts) for order, counts in dealt)
    notes = (*posed.warnings, *(f"{task.title}: {note}" for note in (*allocation.notes, *warnings)))
    return Split(records, holders, notes)


def _holder(order: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    holder = np.empty(len(order), dtype=np.int64)
    holder[order] = np.repeat(np.arange(len(counts)), counts)
    return holder


def copies(allocation: Allocation, overlap: int) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Return (order, counts) of each round of an allocation in which everything goes to `overlap` people."""
    if overlap == 1:
        return [(allocation.order, allocation.counts)]
    people = len(allocation.counts)
    owners = np.repeat(np.arange(people), allocation.counts)
    by_item = np.lexsort((owners, allocation.order))
    rounds = in_rounds(owners[by_item].reshape(-1, overlap))
    return [
        (np.argsort(owner, kind="stable"), np.bincount(owner, minlength=people).astype(np.int64))
        for owner in rounds.T
    ]


def fairness_record(certificate: Certificate) -> Fairness:
    """Return a certificate as plans keep it; InputError for numbers that no plan can hold."""
    numbers = (certificate.value, certificate.bound, certificate.ratio, *certificate.measures.values())
    if not all(isinstance(number, str) or math.isfinite(number) for number in numbers):
        raise InputError(f"{certificate.objective}: numbers too large to compare")
    return Fairness(
        measures=dict(certificate.measures),
        objective=certificate.objective,
        value=certificate.value,
        bound=certificate.bound,
        ratio=certificate.ratio,
        optimal=certificate.optimal,
    )


class _Solver:
    """Solves the problems of one task; `name` is the strategy that answered last."""

    def __init__(self, spec: Spec, path: str, posed: Posed) -> None:
        self.spec, self.path, self.posed = spec, path, posed
        self.named, self.options = strategy_of(spec, path)
        self.name = self.named or default_strategy(posed.problem)
        self.needs: Needs | None = posed.needs

    def solve(self, problem: Problem, name: str | None = None) -> Allocation:
        """Ask the strategy, and see that it answers with an allocation."""
        name = name or self.named or default_strategy(problem)
        options = self.options if name == self.named else {}
        try:
            strategy = load_strategy(name, options)
        except InputError as error:
            raise self.spec.error(error.message, f"{self.path}.strategy", error.hint) from error
        try:
            allocation = strategy.allocate(problem)
        except InputError as error:
            raise self.spec.error(error.message, f"{self.path}.assignees", error.hint) from error
        except InfeasibleError as error:
            raise InfeasibleError(str(self.spec.error(str(error), f"{self.path}.assignees"))) from error
        if (what := fault(problem, allocation)) is not None:
            raise self.spec.error(f'strategy "{name}" is at fault: {what}', f"{self.path}.strategy")
        self.name = name
        return allocation

    def apart(self, holder: NDArray[np.int64], holders: tuple[str, ...]) -> tuple[Allocation, list[str]]:
        """Solve so that nobody reviews what they made, where that can be; and say where it cannot."""
        problem = self.posed.problem
        needs, hopeless = apart(self.posed.needs, holder, holders, problem.assignees, problem.overlap)
        warnings = []
        if hopeless:
            verb = "is" if hopeless == 1 else "are"
            count = "1 item" if hopeless == 1 else f"{hopeless:,} items"
            warnings.append(f"{count} {verb} reviewed by whoever made them; nobody else may")
        kept_apart = replace(problem, need=needs.codes, needs=needs.needs)
        plain: Allocation | None = None
        if self.named in ("equal", "weighted"):
            plain = self.solve(problem)
            people = [
                replace(person, weight=None, percent=None, count=count)
                for person, count in zip(problem.assignees, plain.counts.tolist(), strict=True)
            ]
            kept_apart = replace(kept_apart, assignees=tuple(people))
        try:
            if plain is not None and problem.ordering.kind == "grouped":
                raise InfeasibleError("whole groups are not taken apart")
            allocation = self.solve(kept_apart, "eligible" if plain is not None else None)
            self.needs = needs
        except InfeasibleError:
            allocation = plain or self.solve(problem)
            if problem.overlap == 1 and problem.ordering.kind != "grouped":
                allocation = separated(problem, needs.codes, needs.needs, allocation) or allocation
            own = _own(allocation, holder, holders)
            if own:
                warnings.append(
                    f"{own:,} items are reviewed by whoever made them; what is asked leaves no other way"
                )
        if plain is not None:
            self.name = str(self.named)
            allocation = replace(allocation, certificate=plain.certificate)
        return allocation, warnings

    def record(self, ids: ItemIds, counts: NDArray[np.int64], allocation: Allocation) -> AllocationRecord:
        """Return the allocation as a plan keeps it; `ids` person by person, `counts` of each."""
        problem = self.posed.problem
        task = self.spec.given(self.path)
        effort: Sequence[float | None] = allocation.effort or [None] * len(counts)
        shares = zip(allocation.assignees, counts.tolist(), effort, strict=True)
        return AllocationRecord(
            strategy=self.name,
            options=self.options if self.name == self.named else {},
            ordering=problem.ordering.kind,
            ordering_path=problem.ordering.path,
            shares=tuple(Share(who, count, load) for who, count, load in shares),
            items=PackedIds.of(ids),
            fairness=fairness_record(allocation.certificate),
            effort=None if task.get("effort") is None else str(task["effort"]),
            needs=_need_records(self.needs, problem.assignees),
        )


def _own(allocation: Allocation, holder: NDArray[np.int64], holders: tuple[str, ...]) -> int:
    """Return how many items are with who holds them."""
    place = {who: index for index, who in enumerate(allocation.assignees)}
    known = np.array([place.get(who, -1) for who in holders] + [-1], dtype=np.int64)
    owners = np.repeat(np.arange(len(allocation.counts)), allocation.counts)
    return int((known[holder][allocation.order] == owners).sum())


def _need_records(needs: Needs | None, people: Sequence[Assignee]) -> tuple[NeedRecord, ...]:
    if needs is None:
        return ()
    counts = np.bincount(needs.codes, minlength=len(needs.needs)).tolist()
    able = admitted(needs.needs, people).tolist()
    emails = [person.email for person in people]
    return tuple(
        NeedRecord(
            count, tuple(sorted(need.skills)), tuple(sorted(need.excluded)), tuple(compress(emails, row))
        )
        for need, count, row in zip(needs.needs, counts, able, strict=True)
        if count and (need.skills or need.excluded)
    )
