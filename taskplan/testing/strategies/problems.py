"""Hypothesis strategies for allocation problems; a failure shrinks to few items and few people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.problem import Assignee, Ordering, OrderingKind, Problem
from taskplan.errors import MissingExtraError

try:
    from hypothesis import strategies as st
except ImportError as error:
    raise MissingExtraError("taskplan.testing.strategies", "testing") from error

ShareKind = Literal["none", "weight", "percent", "count"]

ORDERINGS: tuple[OrderingKind, ...] = get_args(OrderingKind)
SHARES: tuple[ShareKind, ...] = get_args(ShareKind)


def orderings(kinds: Sequence[OrderingKind] = ORDERINGS) -> st.SearchStrategy[Ordering]:
    """Draw an ordering; it shrinks to the first of `kinds`."""
    return st.sampled_from(kinds).map(
        lambda kind: Ordering(kind, "metadata.user.scene" if kind in ("stratified", "grouped") else None)
    )


@st.composite
def assignees(
    draw: st.DrawFn, n_items: int, shares: Sequence[ShareKind] = SHARES, max_size: int = 8
) -> tuple[Assignee, ...]:
    """Draw people whose shares fit `n_items`: of one kind, where ``count`` leaves the rest to somebody.

    With ``weight`` some people have none (they count as 1); percentages are
    integers that add up to 100.
    """
    kind = draw(st.sampled_from(shares))
    size = draw(st.integers(1, max_size))
    emails = [f"{letter}@example.com" for letter in _letters(size)]
    if kind == "weight":
        weights = st.none() | st.integers(1, 9).map(float) | st.floats(0.125, 64.0, allow_subnormal=False)
        return tuple(Assignee(email, weight=draw(weights)) for email in emails)
    if kind == "percent":
        cuts = sorted(draw(st.lists(st.integers(0, 100), min_size=size - 1, max_size=size - 1)))
        edges = [0, *cuts, 100]
        return tuple(Assignee(email, percent=edges[i + 1] - edges[i]) for i, email in enumerate(emails))
    if kind == "count":
        left, people = n_items, []
        for email in emails[:-1]:
            count = draw(st.none() | st.integers(0, left))
            left -= count or 0
            people.append(Assignee(email, count=count))
        return (*people, Assignee(emails[-1]))
    return tuple(Assignee(email) for email in emails)


@st.composite
def problems(
    draw: st.DrawFn,
    *,
    kinds: Sequence[OrderingKind] = ORDERINGS,
    shares: Sequence[ShareKind] = SHARES,
    max_items: int = 60,
    max_assignees: int = 8,
    max_keys: int = 6,
) -> Problem:
    """Draw a problem that a strategy should solve; it shrinks to no items and one person.

    `kinds` are the orderings and `shares` the kinds of share to draw from.
    """
    n_items = draw(st.integers(0, max_items))
    ordering = draw(orderings(kinds))
    people = draw(assignees(n_items, shares, max_assignees))
    keys: NDArray[np.integer[Any]] | None = None
    if ordering.path is not None:
        listed = draw(st.lists(st.integers(0, max_keys - 1), min_size=n_items, max_size=n_items))
        keys = np.array(listed, dtype=draw(st.sampled_from([np.int64, np.int32, np.uint8])))
    seed = draw(st.integers(0, 2**32)) if ordering.kind == "shuffled" else 0
    return Problem(n_items, people, ordering, keys, seed)


def _letters(size: int) -> list[str]:
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    return [alphabet[i] if i < 26 else f"{alphabet[i % 26]}{i // 26}" for i in range(size)]
