"""Properties of how much everyone gets, and of what the certificate says about it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import product

from taskplan.allocation.problem import Allocation, Assignee, Problem, Strategy
from taskplan.testing.properties.base import (
    NothingSaidError,
    ask,
    exact_shares,
    fail,
    fairness,
    is_plain,
    items,
    weight_of,
)

CLOSE = 1e-9
"""Measures are floats; they may be off by this much of their size."""
MOST_ROUNDED = 8
"""Up to so many people every way to round their shares is tried."""


def check_balance(problem: Problem, allocation: Allocation) -> None:
    """Check that people who ask for the same share get counts at most one apart.

    Not promised where whole groups stay together (ordering ``grouped``).
    """
    alike: dict[tuple[object, ...], list[int]] = {}
    for index, person in enumerate(problem.assignees):
        alike.setdefault(_asked(problem, person), []).append(index)
    for people in alike.values():
        counts = [int(allocation.counts[index]) for index in people]
        least, most = counts.index(min(counts)), counts.index(max(counts))
        if counts[most] - counts[least] > 1:
            first, second = (problem.assignees[people[place]].email for place in (most, least))
            fail(
                f"people with the same share get from {counts[least]} to {counts[most]} items "
                f"({second} and {first})"
            )


def _asked(problem: Problem, person: Assignee) -> tuple[object, ...]:
    """Return all that tells a person from another: share, bounds, and what they may have."""
    admitted = tuple(need.admits(person) for need in problem.needs)
    return (weight_of(person), person.percent, person.count, person.minimum, person.maximum, admitted)


@fairness(
    "balance",
    applies=lambda problem: is_plain(problem, "bounds", "needs", "overlap"),
)
def balance(strategy: Strategy, problem: Problem) -> None:
    """People who ask for the same share, and may have the same items, get counts at most one apart.

    Source: balanced (or symmetric) methods: Balinski and Young, Fair Representation (2001).
    """
    check_balance(problem, ask(strategy, problem))


def check_quota(problem: Problem, allocation: Allocation) -> None:
    """Check that everyone gets their exact share of the items, rounded down or up.

    Promised by the methods ``largest-remainder`` and ``quota``, not by divisor
    methods, and not where whole groups stay together (ordering ``grouped``).
    """
    for person, share, count in zip(
        problem.assignees, exact_shares(problem), allocation.counts.tolist(), strict=True
    ):
        if abs(count - share) >= 1:
            fail(f"{person.email} gets {items(count)} for a share of {float(share):g}")


@fairness(
    "quota",
    applies=is_plain,
)
def quota(strategy: Strategy, problem: Problem) -> None:
    """Everyone gets their exact share of the items, rounded down or up.

    Source: staying within the quota: Balinski and Young, Fair Representation (2001).
    """
    check_quota(problem, ask(strategy, problem))


@fairness(
    "certificate",
    any_features=True,
)
def certificate(strategy: Strategy, problem: Problem) -> None:
    """The certificate says what the allocation is: measures as recomputed, and no value below its bound.

    Source: certifying algorithms: R. M. McConnell et al. (2011).
    """
    answer = ask(strategy, problem)
    said = answer.certificate
    if not said.objective:
        raise NothingSaidError
    check_certificate_figures(said.value, said.bound, said.ratio, said.optimal)
    counts = answer.counts.tolist()
    _check_effort(problem, answer)
    gap = said.measures.get("max_gap")
    measured = answer.effort if "effort" in said.objective and answer.effort is not None else counts
    if isinstance(gap, float) and counts and not _same(gap, max(measured) - min(measured)):
        fail(f"the certificate says a largest gap of {gap:g}, everyone has {list(measured)}")
    jain = said.measures.get("jain")
    if isinstance(jain, float) and not 0 < jain <= 1 + CLOSE:
        fail(f"the certificate says a Jain index of {jain:g}, expected one above 0 and up to 1")
    if is_plain(problem):
        _check_measures(problem, answer, counts)
        _check_value(problem, answer, counts)


def check_certificate_figures(value: float, bound: float, ratio: float, optimal: bool) -> None:
    """Check that value, bound, ratio and the claim of being optimal go together."""
    slack = CLOSE * max(1.0, abs(value))
    if not (math.isfinite(value) and math.isfinite(bound)):
        fail(f"the value is {value:g} and the bound {bound:g}, expected finite numbers")
    if value < bound - slack:
        fail(f"the value {value:g} is below {bound:g}, of which the certificate says that nothing is")
    if optimal and value > bound + slack:
        fail(f"the certificate says optimal, but the value is {value:g} and the bound {bound:g}")
    expected = value / bound if bound else (1.0 if value == 0 else math.inf)
    if not _same(ratio, expected):
        fail(f"the certificate says a ratio of {ratio:g}, but {value:g} to {bound:g} is {expected:g}")


def _check_effort(problem: Problem, answer: Allocation) -> None:
    """Check that everyone's effort, where it is told, is that of their items for them."""
    if answer.effort is None:
        return
    effort = [1.0] * problem.n_items if problem.effort is None else problem.effort.tolist()
    for index, (person, told) in enumerate(zip(problem.assignees, answer.effort, strict=True)):
        taken = 0.0
        for item in answer.rows_of(index).tolist():
            kind = "*" if problem.kind is None else problem.kinds[int(problem.kind[item])]
            taken += effort[item] * person.factors.get(kind, person.factors.get("*", 1.0))
        if not _same(told, taken):
            fail(f"{person.email} is said to have an effort of {told:g}, but it is {taken:g}")


def _check_measures(problem: Problem, answer: Allocation, counts: Sequence[int]) -> None:
    shares = exact_shares(problem)
    loads = [Fraction(count) / share for count, share in zip(counts, shares, strict=True) if share]
    squares = sum(load * load for load in loads)
    expected = {
        "jain": float(sum(loads) ** 2 / (len(loads) * squares)) if squares else 1.0,
        "max_relative_load": float(max(loads, default=Fraction(0))),
    }
    for name, figure in expected.items():
        said = answer.certificate.measures.get(name)
        if isinstance(said, float) and not _same(said, figure):
            fail(f"the certificate says {name} {said:g}, but it is {figure:g}")
    inside = all(abs(count - share) < 1 for count, share in zip(counts, shares, strict=True))
    said = answer.certificate.measures.get("quota")
    if said is not None and (said == "satisfied") != inside:
        fail(f'the certificate says quota "{said}", but the counts are {counts}')


def _check_value(problem: Problem, answer: Allocation, counts: Sequence[int]) -> None:
    """Check value and bound where counts alone decide them; the bound against the best there is."""
    said = answer.certificate
    shares = exact_shares(problem)
    match said.objective:
        case "largest gap in items":
            value = Fraction(max(counts) - min(counts))
            best = Fraction(int(problem.n_items % len(counts) > 0))
        case "largest distance from the exact share in items":
            value = max(abs(count - share) for count, share in zip(counts, shares, strict=True))
            if len(shares) > MOST_ROUNDED:
                return
            best = _least_distance(shares)
        case _:
            return
    if not _same(said.value, float(value)):
        fail(f"the certificate says {said.objective} {said.value:g}, but it is {float(value):g}")
    if said.bound > float(best) + CLOSE:
        fail(f"the certificate says that nothing is below {said.bound:g}, but {float(best):g} is possible")


def _least_distance(shares: Sequence[Fraction]) -> Fraction:
    """Return the least largest distance from the shares, by trying every way to round them."""
    floors = [math.floor(share) for share in shares]
    left = int(sum(shares)) - sum(floors)
    return min(
        max(abs(floor + up - share) for floor, up, share in zip(floors, ups, shares, strict=True))
        for ups in product((0, 1), repeat=len(shares))
        if sum(ups) == left
    )


def _same(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=CLOSE, abs_tol=CLOSE)
