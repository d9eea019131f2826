"""People with shares, orderings, and the platform's workloads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Literal, get_args

from hypothesis import strategies as st

from taskplan.allocation.problem import Assignee, Ordering, OrderingKind

ShareKind = Literal["none", "weight", "percent", "count"]

ORDERINGS: tuple[OrderingKind, ...] = get_args(OrderingKind)
SHARES: tuple[ShareKind, ...] = get_args(ShareKind)
WHOLE_WEIGHTS = st.none() | st.integers(1, 9).map(float)
"""Weights that often are alike, or multiples of each other: where ties are, rules differ."""
WEIGHTS = WHOLE_WEIGHTS | st.floats(0.125, 64.0, allow_subnormal=False)


def orderings(kinds: Sequence[OrderingKind] = ORDERINGS) -> st.SearchStrategy[Ordering]:
    """Draw an ordering; it shrinks to the first of `kinds`."""
    return st.sampled_from(kinds).map(
        lambda kind: Ordering(kind, "metadata.user.scene" if kind in ("stratified", "grouped") else None)
    )


@st.composite
def assignees(
    draw: st.DrawFn,
    n_items: int,
    shares: Sequence[ShareKind] = SHARES,
    max_size: int = 8,
    *,
    bounds: bool = False,
    skills: Sequence[str] = (),
    kinds: Sequence[str] = (),
) -> tuple[Assignee, ...]:
    """Draw people whose shares fit `n_items`: of one kind, where ``count`` leaves the rest to somebody.

    With ``weight`` some people have none (they count as 1); percentages are
    integers that add up to 100. With `bounds` some have a minimum or a maximum that
    go with `n_items` and with each other; they have some of the `skills`, and
    factors, rates and capacities where `kinds` of items are named.
    """
    share = draw(st.sampled_from(shares))
    asked: dict[ShareKind, st.SearchStrategy[Any]] = {
        "none": st.none(),
        "weight": WEIGHTS if share == "weight" and draw(st.booleans()) else WHOLE_WEIGHTS,
        "percent": st.integers(0, 100),
        "count": st.none() | st.integers(0, n_items),
    }
    # All of one person is one draw of a list, so that shrinking can leave a person out.
    one = _person(share, asked[share], n_items, bounds=bounds, skills=skills, kinds=kinds)
    drawn = draw(st.lists(one, min_size=1, max_size=max_size))
    people = [replace(person, email=email) for person, email in zip(drawn, _emails(len(drawn)), strict=True)]
    if share == "count":
        people = _counts_that_fit(people, n_items)
    if share == "percent":
        cuts = [int(person.percent or 0) for person in people[1:]]
        people = [replace(p, percent=part) for p, part in zip(people, _parts(cuts, 100), strict=True)]
    return tuple(_bounds_that_fit(people, n_items) if bounds else people)


@st.composite
def _person(
    draw: st.DrawFn,
    share: ShareKind,
    asked: st.SearchStrategy[Any],
    n_items: int,
    *,
    bounds: bool,
    skills: Sequence[str],
    kinds: Sequence[str],
) -> Assignee:
    """Draw somebody without a name, whose numbers need not go with those of others."""
    person = Assignee("")
    if share != "none":
        fields: dict[str, Any] = {share: draw(asked)}
        person = replace(person, **fields)
    if bounds:
        bound = st.none() | st.integers(0, n_items)
        person = replace(person, minimum=draw(bound), maximum=draw(bound))
    if skills:
        person = replace(person, skills=draw(st.frozensets(st.sampled_from(skills))))
    return draw(_with_kinds(person, n_items, kinds)) if kinds else person


@st.composite
def _with_kinds(draw: st.DrawFn, person: Assignee, n_items: int, kinds: Sequence[str]) -> Assignee:
    figures = st.sampled_from((1.0, 2.0, 0.5, 3.0, 1.5, 0.25))
    return replace(
        person,
        factors=draw(st.dictionaries(st.sampled_from((*kinds, "*")), figures, max_size=len(kinds))),
        rate=draw(figures),
        capacity=draw(st.none() | st.integers(1, 4 * n_items + 1).map(float)),
    )


def _counts_that_fit(people: list[Assignee], n_items: int) -> list[Assignee]:
    """Cut fixed counts to what those before have left; the last takes the rest."""
    left, fitting = n_items, []
    for person in people[:-1]:
        count = None if person.count is None else min(person.count, left)
        left -= count or 0
        fitting.append(replace(person, count=count))
    return [*fitting, replace(people[-1], count=None)]


def _bounds_that_fit(people: list[Assignee], n_items: int) -> list[Assignee]:
    """Cut minima to what those before have left, and take maxima away that leave too little room."""
    left, room, fitting = n_items, 0, []
    for person in people:
        if person.count is not None:
            fitting.append(replace(person, minimum=None, maximum=None))
            left -= person.count
            room += person.count
            continue
        minimum = None if person.minimum is None else min(person.minimum, max(left, 0))
        left -= minimum or 0
        maximum = None if person.maximum is None else max(person.maximum, minimum or 0)
        room += n_items if maximum is None else maximum
        fitting.append(replace(person, minimum=minimum, maximum=maximum))
    if room < n_items:
        fitting[-1] = replace(fitting[-1], maximum=None)
    return fitting


@st.composite
def workloads(draw: st.DrawFn, *, min_size: int = 1, max_size: int = 8) -> dict[str, float]:
    """Draw a workload: e-mail → percentage, adding up to 100; it shrinks to one person with all of it.

    Whole percentages, or such with one decimal, as people write them.
    """
    size = draw(st.integers(min_size, max_size))
    scale = 10 if draw(st.booleans()) else 1
    cuts = [draw(st.integers(0, 100 * scale)) for _ in range(size - 1)]
    return {email: part / scale for email, part in zip(_emails(size), _parts(cuts, 100 * scale), strict=True)}


def _parts(cuts: Sequence[int], whole: int) -> list[int]:
    """Return the parts of a whole that is cut at some places."""
    edges = [0, *sorted(cuts), whole]
    return [end - start for start, end in pairwise(edges)]


def _emails(size: int) -> list[str]:
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    letters = [alphabet[i] if i < 26 else f"{alphabet[i % 26]}{i // 26}" for i in range(size)]
    return [f"{letter}@example.com" for letter in letters]
