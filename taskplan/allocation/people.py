"""Checks on a problem's people that every strategy shares."""

from __future__ import annotations

from collections.abc import Sequence

from taskplan.allocation.problem import Assignee, Problem
from taskplan.errors import InfeasibleError, InputError


def check_people(problem: Problem) -> tuple[str, ...]:
    """Return the lower-cased e-mails in their order; InputError for none, or one that comes twice."""
    if not problem.assignees:
        raise InputError("nobody to give items to: expected at least one assignee")
    emails = tuple(person.email.lower() for person in problem.assignees)
    if len(set(emails)) < len(emails):
        twice = next(email for place, email in enumerate(emails) if email in emails[:place])
        raise InputError(f"{twice} is listed twice")
    return emails


def rest_of(people: Sequence[Assignee], items: int) -> int:
    """Return how many items fixed counts leave to the others; InfeasibleError for too few, or too many."""
    fixed = sum(person.count or 0 for person in people)
    rest = items - fixed
    if rest < 0:
        raise InfeasibleError(f"fixed counts ask for {fixed:,} items, but there are {items:,}")
    if rest > 0 and all(person.count is not None for person in people):
        left = "1 item is" if rest == 1 else f"{rest:,} items are"
        raise InfeasibleError(
            f"{left} left over: everyone's count is fixed, {fixed:,} in all "
            f"(leave somebody's count out, or limit the task to {fixed:,})"
        )
    return rest
