"""`equal`: everyone gets the same number of items."""

from __future__ import annotations

from taskplan.allocation.arrange import arrange
from taskplan.allocation.certificate import equal_certificate
from taskplan.allocation.people import check_people, refuse_beyond
from taskplan.allocation.problem import Allocation, Problem


class Equal:
    """Counts that differ by at most one; the first listed get the extra ones."""

    name = "equal"

    def allocate(self, problem: Problem) -> Allocation:
        """Split equally; InputError where someone has a share of their own."""
        people = check_people(problem)
        refuse_beyond(problem, self.name)
        base, extra = divmod(problem.n_items, len(people))
        counts = [base + (index < extra) for index in range(len(people))]
        return arrange(problem, people, counts, lambda final: equal_certificate(final, people))
