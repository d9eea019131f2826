"""`weighted`: shares by weight, by percentage, or fixed counts."""

from __future__ import annotations

from taskplan.allocation.apportionment import apportion, method_name
from taskplan.allocation.arrange import arrange
from taskplan.allocation.certificate import share_certificate
from taskplan.allocation.people import check_people, refuse_beyond
from taskplan.allocation.problem import Allocation, Problem
from taskplan.allocation.shares import asked


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
        refuse_beyond(problem, self.name)
        wanted = asked(problem.assignees, problem.n_items)
        counts = [person.count or 0 for person in problem.assignees]
        if wanted.open:
            # The platform takes percentages, and rounds them in its own way.
            method = "largest-remainder" if wanted.by_percent else self.method
            shared = apportion(wanted.claims, wanted.rest, method)
            for index, count in zip(wanted.open, shared, strict=True):
                counts[index] = count
        return arrange(problem, people, counts, lambda final: share_certificate(final, wanted.shares, people))
