"""What cannot be, seen without any search, in words: asked before a strategy begins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.admission import admitted
from taskplan.allocation.problem import Need, Problem
from taskplan.errors import InfeasibleError, InputError, did_you_mean

LARGEST_EFFORT = 1e100
NAMED = 3
"""So many people are named in a message; the others are counted."""


def check_possible(problem: Problem) -> None:
    """Raise InfeasibleError, in words, for an ask that no allocation can meet; InputError for nonsense."""
    _check_numbers(problem)
    people, overlap = problem.assignees, problem.overlap
    if overlap > len(people):
        raise InfeasibleError(
            f"an overlap of {overlap} asks for {overlap} people an item, but there are {len(people)}"
        )
    _check_needs(problem)
    wanted = problem.n_items * overlap
    least = sum(person.minimum or 0 for person in people)
    if least > wanted:
        raise InfeasibleError(f"minima add up to {least:,}, but there are {items(wanted)} to give")
    limits = [person.maximum if person.count is None else person.count for person in people]
    most = sum(problem.n_items if limit is None else min(limit, problem.n_items) for limit in limits)
    if most < wanted:
        raise InfeasibleError(f"maxima add up to {most:,}, but there are {items(wanted)} to give")


def _check_numbers(problem: Problem) -> None:
    if problem.overlap < 1:
        raise InputError(f"expected an overlap of at least 1, got {problem.overlap}")
    for person in problem.assignees:
        for name in ("minimum", "maximum"):
            bound = getattr(person, name)
            if bound is not None and bound < 0:
                raise InputError(f"expected a {name} ≥ 0 for {person.email}, got {bound}")
        low, high = person.minimum or 0, person.maximum
        if high is not None and low > high:
            raise InfeasibleError(f"the minimum of {person.email} is {low:,}, above the maximum of {high:,}")
        if person.count is not None and (person.minimum is not None or person.maximum is not None):
            raise InputError(f"{person.email} has a fixed count, so a minimum or maximum has no place")
    if problem.effort is not None:
        check_effort(problem.effort)


def check_effort(effort: NDArray[np.float64]) -> None:
    """Raise InputError for efforts (float64[n]) that cannot be added up and compared."""
    if not (np.isfinite(effort).all() and (effort >= 0).all()):
        raise InputError("expected finite efforts ≥ 0")
    top = float(effort.max(initial=0.0))
    if top > LARGEST_EFFORT or 0 < top < 1 / LARGEST_EFFORT:
        raise InputError(
            f"expected efforts up to {LARGEST_EFFORT:g}, and some above {1 / LARGEST_EFFORT:g}, got {top:g}"
        )


def _check_needs(problem: Problem) -> None:
    if problem.need is None:
        return
    counts = np.bincount(problem.need, minlength=len(problem.needs))
    table = admitted(problem.needs, problem.assignees)
    lacking = (counts > 0) & (table.sum(axis=1) < problem.overlap)
    if not lacking.any():
        return
    worst = int(np.argmax(lacking))
    need, count = problem.needs[worst], int(counts[worst])
    if not table[worst].any():
        raise InfeasibleError(f"{items(count)} {_why_nobody(problem, need)}")
    able = [problem.assignees[place].email for place in np.flatnonzero(table[worst]).tolist()]
    raise InfeasibleError(
        f"{items(count)} {need_words(need)}: only {names(able)} may have "
        f"{'it' if count == 1 else 'them'}, but an overlap of {problem.overlap} asks for "
        f"{problem.overlap} people an item"
    )


def _why_nobody(problem: Problem, need: Need) -> str:
    for skill in sorted(need.skills):
        if not any(skill in person.skills for person in problem.assignees):
            known = {name for person in problem.assignees for name in person.skills}
            near = did_you_mean(skill, sorted(known))
            return f"need skill {skill}; nobody has it" + (f" ({near})" if near else "")
    return f"{need_words(need)}; nobody is left who may have them"


def need_words(need: Need) -> str:
    """Return what a need asks for: ``need skill lidar and may not go to ann@example.com``."""
    skills = sorted(need.skills)
    parts = []
    if skills:
        parts.append(f"need skill{'s' if len(skills) > 1 else ''} {', '.join(skills)}")
    if need.excluded:
        parts.append(f"may not go to {names(sorted(need.excluded))}")
    return " and ".join(parts) or "ask for nothing"


def names(people: list[str]) -> str:
    """Return the first few names and how many more there are."""
    shown = ", ".join(people[:NAMED])
    return shown if len(people) <= NAMED else f"{shown} and {len(people) - NAMED} more"


def items(count: int) -> str:
    """Return a number of items in words."""
    return "1 item" if count == 1 else f"{count:,} items"
