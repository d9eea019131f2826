"""Checks on a problem's people that every strategy shares."""

from __future__ import annotations

from taskplan.allocation.problem import Problem
from taskplan.errors import InputError


def check_people(problem: Problem) -> tuple[str, ...]:
    """Return the lower-cased e-mails in their order; InputError for none, or one that comes twice."""
    if not problem.assignees:
        raise InputError("nobody to give items to: expected at least one assignee")
    emails = tuple(person.email.lower() for person in problem.assignees)
    if len(set(emails)) < len(emails):
        twice = next(email for place, email in enumerate(emails) if email in emails[:place])
        raise InputError(f"{twice} is listed twice")
    return emails
