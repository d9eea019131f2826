"""`weighted`: shares by weight, by percentage, or fixed counts."""

from __future__ import annotations

from fractions import Fraction

from taskplan.allocation.apportionment import apportion, method_name
from taskplan.allocation.arrange import arrange
from taskplan.allocation.certificate import share_certificate
from taskplan.allocation.people import check_people
from taskplan.allocation.problem import Allocation, Assignee, Problem
from taskplan.allocation.workload import check_percentages, platform_counts
from taskplan.errors import InfeasibleError, InputError


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
        for person in persons:
            _check_share(person)
        fixed = sum(person.count or 0 for person in persons)
        rest = problem.n_items - fixed
        others = [person for person in persons if person.count is None]
        if rest < 0:
            raise InfeasibleError(f"fixed counts ask for {fixed:,} items, but there are {problem.n_items:,}")
        if rest > 0 and not others:
            raise InfeasibleError(f"{_items(rest)} left over: everyone's count is fixed, {fixed:,} in all")
        given, exact = self._split(others, rest)
        counts, shares = [], []
        left = iter(zip(given, exact, strict=True))
        for person in persons:
            count, share = (person.count, Fraction(person.count)) if person.count is not None else next(left)
            counts.append(count)
            shares.append(share)
        return arrange(problem, people, counts, lambda final: share_certificate(final, shares, people))

    def _split(self, others: list[Assignee], items: int) -> tuple[list[int], list[Fraction]]:
        if not others:
            return [], []
        if any(person.percent is not None for person in others):
            for person in others:
                if person.percent is None:
                    share = "none" if person.weight is None else f"weight {person.weight:g}"
                    raise InputError(f"some have a percentage, but {person.email} has {share}")
            percentages = {person.email.lower(): person.percent or 0.0 for person in others}
            check_percentages(percentages)
            exact = [Fraction(str(percent)) * items / 100 for percent in percentages.values()]
            return platform_counts(percentages, items), exact
        weights = [Fraction(str(1.0 if person.weight is None else person.weight)) for person in others]
        each = items / sum(weights, Fraction(0))
        return apportion(weights, items, self.method), [weight * each for weight in weights]


def _check_share(person: Assignee) -> None:
    given = [kind for kind in ("weight", "percent", "count") if getattr(person, kind) is not None]
    if len(given) > 1:
        raise InputError(f"{person.email} has {' and '.join(given)}, expected one of them")
    if person.weight is not None and not 0 < person.weight < float("inf"):
        raise InputError(f"expected a weight > 0 for {person.email}, got {person.weight:g}")
    if person.count is not None and person.count < 0:
        raise InputError(f"expected a count ≥ 0 for {person.email}, got {person.count}")


def _items(count: int) -> str:
    return "1 item is" if count == 1 else f"{count:,} items are"
