"""What everybody asks for: weights, percentages and fixed counts, alone or mixed, as exact shares."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.exact import Shares, decimals
from taskplan.allocation.people import rest_of
from taskplan.allocation.problem import Assignee
from taskplan.allocation.workload import exact_percentages
from taskplan.errors import InputError


class Asked(NamedTuple):
    """Exact `shares` of everyone; those `open` (no fixed count) split `rest` items by their `claims`.

    `by_percent` tells that all of the open ones have percentages.
    """

    shares: Shares
    open: tuple[int, ...]
    claims: tuple[int, ...]
    rest: int
    by_percent: bool


def asked(persons: Sequence[Assignee], items: int) -> Asked:
    """Return what people ask for of `items`.

    Fixed counts come first; percentages are of what they leave; weights (1 where
    somebody names nothing) share what percentages leave. InputError for shares that
    make no sense, alone or together; InfeasibleError where fixed counts do not fit.
    """
    for person in persons:
        _check(person)
    rest = rest_of(persons, items)
    open_ = [index for index, person in enumerate(persons) if person.count is None]
    percents = {persons[i].email.lower(): persons[i].percent for i in open_ if persons[i].percent is not None}
    by_percent = bool(percents) and len(percents) == len(open_)
    if by_percent:
        claims = exact_percentages({who: percent or 0.0 for who, percent in percents.items()})[0]
    elif percents:
        claims = _mixed([persons[index] for index in open_])
    else:
        claims, _ = decimals([_weight(persons[index]) for index in open_]) if open_ else ([], 1)
    unit = sum(claims) or 1
    parts = [0 if person.count is None else person.count * unit for person in persons]
    for index, claim in zip(open_, claims, strict=True):
        parts[index] = claim * rest
    return Asked(Shares(parts, unit), tuple(open_), tuple(claims), rest, by_percent)


def effort_shares(persons: Sequence[Assignee]) -> NDArray[np.float64]:
    """Return everyone's share of an effort, float64[people], adding up to 1; InputError for a fixed count."""
    for person in persons:
        if person.count is not None:
            raise InputError(
                f"{person.email} has a fixed count of items, but the split is by effort",
                hint="give a weight or a percentage",
            )
    claims = asked(persons, 1).claims
    return np.array([Fraction(claim, sum(claims)) for claim in claims], dtype=np.float64)


def _mixed(persons: Sequence[Assignee]) -> list[int]:
    """Return whole-number claims where some have a percentage, and weights share what that leaves."""
    percents, scale = decimals([person.percent or 0.0 for person in persons])
    left = 100 * scale - sum(percents)
    if left <= 0:
        others = ", ".join(person.email for person in persons if person.percent is None)
        raise InputError(
            f"percentages add up to {sum(percents) / scale:.15g}, which leaves nothing for {others}"
        )
    weights, _ = decimals([0.0 if person.percent is not None else _weight(person) for person in persons])
    total = sum(weights)
    return [percent * total + left * weight for percent, weight in zip(percents, weights, strict=True)]


def _weight(person: Assignee) -> float:
    return 1.0 if person.weight is None else person.weight


def _check(person: Assignee) -> None:
    weight, count, percent = person.weight, person.count, person.percent
    given = [kind for kind in ("weight", "percent", "count") if getattr(person, kind) is not None]
    if len(given) > 1:
        raise InputError(f"{person.email} has {' and '.join(given)}, expected one of them")
    if weight is not None and not 0 < weight < math.inf:
        raise InputError(f"expected a weight > 0 for {person.email}, got {weight:g}")
    if percent is not None and not 0 <= percent <= 100:
        raise InputError(f"expected a percentage from 0 to 100 for {person.email}, got {percent:g}")
    if count is not None and count < 0:
        raise InputError(f"expected a count ≥ 0 for {person.email}, got {count}")
