"""`weighted`: shares by weight, by percentage, or fixed counts."""

from __future__ import annotations

import math
from collections.abc import Sequence

from taskplan.allocation.apportionment import apportion, method_name
from taskplan.allocation.arrange import arrange
from taskplan.allocation.certificate import share_certificate
from taskplan.allocation.exact import Shares, decimals
from taskplan.allocation.people import check_people, rest_of
from taskplan.allocation.problem import Allocation, Assignee, Problem
from taskplan.allocation.workload import exact_percentages, platform_counts
from taskplan.errors import InputError


class Weighted:
    """Items in proportion to weights or percentages; fixed counts are taken off first."""

    name = "weighted"

    def __init__(self, method: str = "largest-remainder") -> None:
        """Take the apportionment `method` for weights; InputError for an unknown one."""
        self.method = method_name(method)

    def allocate(self, problem: Problem) -> Allocation:
        """Split by shares; people without one have weight 1.

        InputError for shares that cannot be understood together, InfeasibleError
        where fixed counts ask for more items than there are, or leave some over.
        """
        people = check_people(problem)
        persons = problem.assignees
        _check_shares(persons)
        others = [person for person in persons if person.count is None]
        rest = rest_of(persons, problem.n_items)
        counts, shares = self._split(others, rest)
        if len(others) < len(persons):
            counts, shares = _with_fixed(persons, counts, shares)
        return arrange(problem, people, counts, lambda final: share_certificate(final, shares, people))

    def _split(self, others: list[Assignee], items: int) -> tuple[list[int], Shares]:
        if not others:
            return [], Shares([], 1)
        if any(person.percent is not None for person in others):
            for person in others:
                if person.percent is None:
                    share = "none" if person.weight is None else f"weight {person.weight:g}"
                    raise InputError(f"some have a percentage, but {person.email} has {share}")
            percentages = {person.email.lower(): person.percent or 0.0 for person in others}
            parts, unit = exact_percentages(percentages)
            return platform_counts(percentages, items), Shares([part * items for part in parts], unit)
        parts, _ = decimals([1.0 if person.weight is None else person.weight for person in others])
        return apportion(parts, items, self.method), Shares([part * items for part in parts], sum(parts))


def _with_fixed(persons: Sequence[Assignee], counts: list[int], shares: Shares) -> tuple[list[int], Shares]:
    """Put the fixed counts of `persons` between the counts and shares of the others."""
    left, parts, unit = iter(counts), iter(shares.parts), shares.unit
    return (
        [next(left) if person.count is None else person.count for person in persons],
        Shares([next(parts) if person.count is None else person.count * unit for person in persons], unit),
    )


def _check_shares(persons: Sequence[Assignee]) -> None:
    for person in persons:
        weight, count = person.weight, person.count
        if (weight is not None) + (person.percent is not None) + (count is not None) > 1:
            given = [kind for kind in ("weight", "percent", "count") if getattr(person, kind) is not None]
            raise InputError(f"{person.email} has {' and '.join(given)}, expected one of them")
        if weight is not None and not 0 < weight < math.inf:
            raise InputError(f"expected a weight > 0 for {person.email}, got {weight:g}")
        if count is not None and count < 0:
            raise InputError(f"expected a count ≥ 0 for {person.email}, got {count}")
