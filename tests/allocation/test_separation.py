"""Items kept from whom they should not go to, and always from whom they must not."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from taskplan.allocation.problem import Allocation, Assignee, Certificate, Need, Problem
from taskplan.allocation.separation import separated

TEAM = tuple(Assignee(f"{name}@x.io") for name in "abc")
NO_CERTIFICATE = Certificate({}, "", 0.0, 0.0, 1.0, optimal=True)


def excluding(*people: int) -> Need:
    return Need(excluded=frozenset(TEAM[person].email for person in people))


@settings(deadline=None, max_examples=80)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 2), st.booleans()).filter(
            lambda row: not row[2] or row[1] != row[0]
        ),
        max_size=7,
    )
)
def test_nobody_gets_what_they_must_not_have(rows: list[tuple[int, int, bool]]) -> None:
    """Each item comes with whom it should (or, if so it says, must) not go to, and who has it so far."""
    against = [row[0] for row in rows]
    owner = np.array([row[1] for row in rows], dtype=np.int64)
    counts = np.bincount(owner, minlength=3).astype(np.int64)
    plain = Allocation(
        tuple(person.email for person in TEAM), counts, np.argsort(owner, kind="stable"), NO_CERTIFICATE
    )
    own = np.array([row[0] if row[2] else 3 for row in rows], dtype=np.int64)
    needs = (excluding(0), excluding(1), excluding(2), Need())
    problem = Problem(len(rows), TEAM, need=own, needs=needs)
    found = separated(problem, np.array(against, dtype=np.int64), needs, plain)
    if found is None:
        assert any(row[2] for row in rows)
        return
    assert found.counts.tolist() == counts.tolist()
    now = np.empty(len(rows), dtype=np.int64)
    now[found.order] = np.repeat(np.arange(3), counts)

    def mistakes(owners: tuple[int, ...]) -> tuple[int, int]:
        """Count items that are with whom they must not be, and with whom they should not be."""
        wrong = [row for row, who in zip(rows, owners, strict=True) if row[0] == who]
        return sum(row[2] for row in wrong), len(wrong)

    assert mistakes(tuple(now.tolist())) == min(map(mistakes, set(itertools.permutations(owner.tolist()))))


def test_items_that_should_not_and_that_must_not_go_to_somebody_are_told_apart() -> None:
    """Two of each: Ann gets two, those that she only should not have, or nothing is answered."""
    team = TEAM[:2]
    plain = Allocation(
        tuple(person.email for person in team), np.array([2, 2]), np.array([0, 2, 1, 3]), NO_CERTIFICATE
    )
    problem = Problem(4, team, need=np.array([0, 1, 0, 1]), needs=(Need(), excluding(0)))
    found = separated(problem, np.array([0, 0, 0, 0]), (excluding(0),), plain)
    assert found is None or sorted(found.rows_of(0).tolist()) == [0, 2]
