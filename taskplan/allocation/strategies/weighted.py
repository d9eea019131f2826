"""`weighted`: shares by weight, by percentage, or fixed counts."""

from __future__ import annotations

from taskplan.allocation.apportionment import apportion, method_name
from taskplan.allocation.arrange import arrange
from taskplan.allocation.certificate import share_certificate
from taskplan.allocation.exact import Shares, decimals
from taskplan.allocation.people import check_people
from taskplan.allocation.problem import Allocation, Assignee, Problem
from taskplan.allocation.workload import exact_percentages, platform_counts
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
            raise InfeasibleError(
                f"{_items(rest)} left over: everyone's count is fixed, {fixed:,} in all "
                f"(leave somebody's count out, or limit the task to {fixed:,})"
            )
        given, exact = self._split(others, rest)
        left, parts = iter(given), iter(exact.parts)
        counts = [next(left) if person.count is None else person.count for person in persons]
        shares = Shares(
            [next(parts) if person.count is None else person.count * exact.unit for person in persons],
            exact.unit,
        )
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


def _check_share(person: Assignee) -> None:
    if (person.weight is not None) + (person.percent is not None) + (person.count is not None) > 1:
        given = [kind for kind in ("weight", "percent", "count") if getattr(person, kind) is not None]
        raise InputError(f"{person.email} has {' and '.join(given)}, expected one of them")
    if person.weight is not None and not 0 < person.weight < float("inf"):
        raise InputError(f"expected a weight > 0 for {person.email}, got {person.weight:g}")
    if person.count is not None and person.count < 0:
        raise InputError(f"expected a count ≥ 0 for {person.email}, got {person.count}")


def _items(count: int) -> str:
    return "1 item is" if count == 1 else f"{count:,} items are"
