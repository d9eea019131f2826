"""Properties that an allocation must have, as checks that fail with a sentence.

They look at the problem and its answer only and share no code with the
strategies, so that a mistake there cannot hide here. Each raises AssertionError.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from taskplan.allocation.problem import Allocation, Assignee, Problem, Strategy


def check_coverage(problem: Problem, allocation: Allocation) -> None:
    """Check that every position goes to exactly one person, ascending within each, and that counts add up."""
    expected = tuple(assignee.email.lower() for assignee in problem.assignees)
    found = tuple(email.lower() for email in allocation.assignees)
    assert found == expected, f"the assignees changed from {_list(expected)} to {_list(found)}"
    counts = allocation.counts
    assert counts.dtype == np.int64, f"counts are {counts.dtype}, not int64"
    assert counts.shape == (len(expected),), f"{len(expected)} people, but {counts.size} counts"
    assert (counts >= 0).all(), f"{expected[int(counts.argmin())]} gets {counts.min()} items"
    assert int(counts.sum()) == problem.n_items, (
        f"the counts add up to {counts.sum()}, not to {problem.n_items} items"
    )
    order = allocation.order
    assert order.dtype == np.int64, f"the order is {order.dtype}, not int64"
    assert order.shape == (problem.n_items,), f"{problem.n_items} items, but {order.size} positions"
    inside = (order >= 0) & (order < problem.n_items)
    assert inside.all(), f"position {order[~inside][:1]} is outside 0..{problem.n_items - 1}"
    times = np.bincount(order, minlength=problem.n_items)
    wrong = np.flatnonzero(times != 1)
    assert wrong.size == 0, f"item {wrong[:1]} is given to {times[wrong[:1]]} people"
    for index, email in enumerate(expected):
        rows = allocation.rows_of(index)
        assert (np.diff(rows) > 0).all(), f"the items of {email} are not ascending"


def check_balance(problem: Problem, allocation: Allocation) -> None:
    """Check that people who ask for the same share get counts at most one apart.

    Not promised where whole groups stay together (ordering ``grouped``).
    """
    kinds: dict[tuple[float | None, float | None, int | None], list[int]] = {}
    weighted = any(_is_weighted(assignee) for assignee in problem.assignees)
    for index, assignee in enumerate(problem.assignees):
        bare = weighted and assignee.percent is None and assignee.count is None and assignee.weight is None
        share = (1.0 if bare else assignee.weight, assignee.percent, assignee.count)
        kinds.setdefault(share, []).append(int(allocation.counts[index]))
    for share, counts in kinds.items():
        assert max(counts) - min(counts) <= 1, (
            f"people with the same share {share} get from {min(counts)} to {max(counts)} items"
        )


def check_quota(problem: Problem, allocation: Allocation) -> None:
    """Check that everyone gets their exact share of the items, rounded down or up.

    Promised by the methods ``largest-remainder`` and ``quota``, not by divisor
    methods, and not where whole groups stay together (ordering ``grouped``).
    """
    for assignee, share, count in zip(
        problem.assignees, exact_shares(problem), allocation.counts.tolist(), strict=True
    ):
        assert abs(count - share) < 1, f"{assignee.email} gets {count} items for a share of {float(share):g}"


def check_determinism(strategy: Strategy, problem: Problem) -> None:
    """Check that the same problem has the same answer, byte for byte, and is left as it was."""
    keys = None if problem.keys is None else problem.keys.copy()
    first = strategy.allocate(problem)
    assert keys is None or problem.keys is None or np.array_equal(keys, problem.keys), "the keys were changed"
    second = strategy.allocate(replace(problem, keys=keys))
    assert first.counts.tobytes() == second.counts.tobytes(), (
        f"the counts were {first.counts.tolist()} and then {second.counts.tolist()}"
    )
    assert first.order.tobytes() == second.order.tobytes(), "the same counts, but other items"
    assert first.certificate == second.certificate, "the same items, but another certificate"


def check_renaming(strategy: Strategy, problem: Problem) -> None:
    """Check that who gets what depends on the place in the list, never on the name.

    The new names sort the other way round, so that sorting by name is found out.
    """
    before = strategy.allocate(problem)
    size = len(problem.assignees)
    renamed = tuple(
        replace(assignee, email=f"person-{size - index:09d}@example.org")
        for index, assignee in enumerate(problem.assignees)
    )
    after = strategy.allocate(replace(problem, assignees=renamed))
    assert after.assignees == tuple(assignee.email for assignee in renamed), "the new names are lost"
    assert np.array_equal(before.counts, after.counts), (
        f"other names change the counts from {before.counts.tolist()} to {after.counts.tolist()}"
    )
    assert np.array_equal(before.order, after.order), "other names change who gets which item"


def exact_shares(problem: Problem) -> list[Fraction]:
    """Return each person's exact share in items: counts first, then percent or weight of what is left.

    Numbers count as the decimals that people write: 33.3 is 333/10.
    """
    assignees = problem.assignees
    rest = problem.n_items - sum(assignee.count or 0 for assignee in assignees)
    total = sum((_claim(assignee) for assignee in assignees), Fraction(0))
    return [
        Fraction(assignee.count) if assignee.count is not None else _claim(assignee) * rest / (total or 1)
        for assignee in assignees
    ]


def _claim(assignee: Assignee) -> Fraction:
    if assignee.count is not None:
        return Fraction(0)
    if assignee.percent is not None:
        return Fraction(str(assignee.percent))
    return Fraction(str(1 if assignee.weight is None else assignee.weight))


def _is_weighted(assignee: Assignee) -> bool:
    return assignee.weight is not None


def _list(names: Sequence[str]) -> str:
    return ", ".join(names)
