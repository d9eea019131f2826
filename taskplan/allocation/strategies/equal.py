"""`equal`: everyone gets the same number of items."""

from __future__ import annotations

from taskplan.allocation.arrange import arrange
from taskplan.allocation.certificate import equal_certificate
from taskplan.allocation.people import check_people
from taskplan.allocation.problem import Allocation, Problem
from taskplan.errors import InputError


class Equal:
    """Counts that differ by at most one; the first listed get the extra ones."""

    name = "equal"

    def allocate(self, problem: Problem) -> Allocation:
        """Split equally; InputError where someone has a share of their own."""
        people = check_people(problem)
        for person in problem.assignees:
            for kind in ("weight", "percent", "count"):
                share = getattr(person, kind)
                if share is not None:
                    raise InputError(
                        f'strategy "equal" takes no shares, but {person.email} has {kind} {share:g}',
                        hint='use strategy "weighted"',
                    )
        base, extra = divmod(problem.n_items, len(people))
        counts = [base + (index < extra) for index in range(len(people))]
        return arrange(problem, people, counts, lambda final: equal_certificate(final, people))
