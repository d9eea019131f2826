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


_ASPECTS = {
    "effort": "items of unequal effort",
    "need": "needs of items",
    "overlap": "overlap",
    "bounds": "minima and maxima",
    "personal": "effort, cost or capacity of a person's own",
    "held": "items that people hold already",
    "shares": "shares",
}
TAKES: dict[str, frozenset[str]] = {
    "equal": frozenset(),
    "weighted": frozenset({"shares"}),
    "eligible": frozenset({"need", "overlap", "bounds", "shares"}),
    "balanced": frozenset({"effort", "shares"}),
    "balanced-eligible": frozenset({"effort", "need", "bounds", "shares"}),
    "matched": frozenset({"effort", "need", "personal"}),
    "sticky": frozenset({"bounds", "shares", "held"}),
}
"""What each built-in strategy looks at; what it does not, it refuses."""


def refuse_beyond(problem: Problem, strategy: str) -> None:
    """Raise InputError where a problem asks for something that a built-in strategy would not look at.

    The hint names the first strategy that looks at all of it, if any does.
    """
    found = {aspect: words for aspect, words in _asked(problem).items() if words is not None}
    beyond = next((aspect for aspect in found if aspect not in TAKES[strategy]), None)
    if beyond is None:
        return
    better = next((name for name, takes in TAKES.items() if takes.issuperset(found)), None)
    hint = f'use strategy "{better}"'
    if better is None:
        hint = f"no built-in strategy takes {' and '.join(_ASPECTS[aspect] for aspect in found)} together"
    raise InputError(f'strategy "{strategy}" takes no {_ASPECTS[beyond]}, but {found[beyond]}', hint=hint)


def _asked(problem: Problem) -> dict[str, str | None]:
    """Return what a problem asks for, in words; None for what it does not."""
    people = problem.assignees
    has = {
        name: next((person for person in people if getattr(person, name) is not None), None)
        for name in ("weight", "percent", "count", "minimum", "maximum", "capacity")
    }
    share = next((f"{p.email} has {kind} {getattr(p, kind):g}" for kind in _SHARES if (p := has[kind])), None)
    bound = next((f"{p.email} has a {kind}" for kind in ("minimum", "maximum") if (p := has[kind])), None)
    own = next((p for p in people if p.factors or p.rate != 1 or p.capacity is not None), None)
    return {
        "effort": None if problem.effort is None else "there is an effort",
        "need": None if problem.need is None else "some ask for skills or exclude people",
        "overlap": None if problem.overlap == 1 else f"everything goes to {problem.overlap} people",
        "bounds": bound,
        "personal": None if own is None else f"{own.email} has some",
        "held": None if problem.held is None else "some are held",
        "shares": share,
    }


_SHARES = ("weight", "percent", "count")


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
