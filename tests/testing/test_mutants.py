"""Every property catches a strategy that is broken on purpose: a check that cannot fail checks nothing."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from taskplan.allocation.problem import Allocation, Problem
from taskplan.allocation.registry import load_strategy
from taskplan.errors import InputError
from taskplan.testing import PROPERTIES, search


class Mutant:
    """A built-in strategy whose answers, or questions, are changed."""

    def __init__(
        self,
        base: str,
        answer: Callable[[Problem, Allocation], Allocation] = lambda problem, answer: answer,
        question: Callable[[Problem], Problem] = lambda problem: problem,
    ) -> None:
        self.name = f"broken-{base}"
        self.base, self.answer, self.question = load_strategy(base), answer, question

    def allocate(self, problem: Problem) -> Allocation:
        if problem.ordering.kind in ("grouped", "stratified"):
            raise InputError("mutants take no keys")
        return self.answer(problem, self.base.allocate(self.question(problem)))


def with_counts(answer: Allocation, counts: list[int]) -> Allocation:
    return replace(answer, counts=np.array(counts, dtype=np.int64))


def lost(problem: Problem, answer: Allocation) -> Allocation:
    counts = answer.counts.copy()
    counts[-1] -= min(1, counts[-1])
    return replace(answer, counts=counts, order=answer.order[: int(counts.sum())])


def all_to_first(problem: Problem, answer: Allocation) -> Allocation:
    return with_counts(answer, [problem.n_items, *[0] * (len(answer.counts) - 1)])


def twice_to_first(problem: Problem, answer: Allocation) -> Allocation:
    """Everybody's copies to the first: as many as asked for, but not distinct."""
    if problem.overlap == 1:
        return answer
    return with_counts(
        replace(answer, order=np.repeat(np.arange(problem.n_items), problem.overlap)),
        [len(answer.order), *[0] * (len(answer.counts) - 1)],
    )


def by_name(problem: Problem, answer: Allocation) -> Allocation:
    """The extra items to whoever comes first by name."""
    order = np.argsort(answer.assignees)[::-1]
    return with_counts(answer, sorted(answer.counts.tolist()) if order[0] else answer.counts.tolist())


def odd_even(problem: Problem, answer: Allocation) -> Allocation:
    """Of an even number of items all to the first, of an odd one to the last."""
    counts = [0] * len(answer.counts)
    counts[0 if problem.n_items % 2 == 0 else -1] = problem.n_items
    return with_counts(answer, counts)


def upside_down(problem: Problem) -> Problem:
    """Less for those who can do more."""
    inverse = tuple(
        replace(p, weight=None if p.weight is None else round(1 / p.weight, 6)) for p in problem.assignees
    )
    return replace(problem, assignees=inverse)


def without(**fields: object) -> Callable[[Problem], Problem]:
    def forget(problem: Problem) -> Problem:
        return replace(problem, **fields)  # type: ignore[arg-type]

    return forget


def unlimited(problem: Problem) -> Problem:
    free = tuple(replace(person, minimum=None, maximum=None) for person in problem.assignees)
    return replace(problem, assignees=free)


def unskilled(problem: Problem) -> Problem:
    return replace(problem, needs=tuple(replace(need, skills=frozenset()) for need in problem.needs))


def including(problem: Problem) -> Problem:
    return replace(problem, needs=tuple(replace(need, excluded=frozenset()) for need in problem.needs))


def boasting(problem: Problem, answer: Allocation) -> Allocation:
    said = answer.certificate
    return replace(answer, certificate=replace(said, measures={**said.measures, "jain": 1.0}))


def unproven(problem: Problem, answer: Allocation) -> Allocation:
    return replace(answer, certificate=replace(answer.certificate, bound=answer.certificate.value + 1))


TURNS = itertools.count()


def moody(problem: Problem, answer: Allocation) -> Allocation:
    return with_counts(answer, np.roll(answer.counts, next(TURNS)).tolist())


MUTANTS: dict[str, list[tuple[str, Mutant]]] = {
    "coverage": [("loses an item", Mutant("equal", lost))],
    "distinct-overlap": [
        ("gives one person all copies", Mutant("eligible", twice_to_first)),
        ("gives one copy of several", Mutant("eligible", question=without(overlap=1))),
    ],
    "balance": [("gives all to the first", Mutant("equal", all_to_first))],
    "quota": [("gives all to the first", Mutant("weighted", all_to_first))],
    "caps": [
        ("forgets limits", Mutant("eligible", question=unlimited)),
        ("forgets fixed counts", Mutant("weighted", all_to_first)),
    ],
    "eligibility": [("forgets skills", Mutant("eligible", question=unskilled))],
    "qa-separation": [("forgets exclusions", Mutant("eligible", question=including))],
    "determinism": [("has moods", Mutant("equal", moody))],
    "renaming": [("sorts by name", Mutant("equal", by_name))],
    "house-monotonicity": [("takes turns", Mutant("equal", odd_even))],
    "capacity-monotonicity": [("gives less to the able", Mutant("weighted", question=upside_down))],
    "stability": [
        (
            "deals anew",
            Mutant("sticky", question=without(held=None, holders=(), started=None)),
        ),
        ("moves what is started", Mutant("sticky", all_to_first)),
    ],
    "certificate": [("boasts", Mutant("weighted", boasting)), ("proves too much", Mutant("equal", unproven))],
}
CASES = [(name, mutant) for name, mutants in MUTANTS.items() for _, mutant in mutants]
IDS = [f"{name}-{what}" for name, mutants in MUTANTS.items() for what, _ in mutants]


def test_there_is_a_mutant_for_every_property() -> None:
    assert set(MUTANTS) == set(PROPERTIES)


@pytest.mark.parametrize(("name", "mutant"), CASES, ids=IDS)
def test_a_mutant_is_caught_and_made_small(name: str, mutant: Mutant) -> None:
    finding = search(mutant, properties=[name]).findings[0]
    assert finding.status == "fails", finding
    assert finding.problem is not None
    assert finding.problem.n_items <= 3
    assert len(finding.problem.assignees) <= 3
