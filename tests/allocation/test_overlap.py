"""Several people an item: distinct, evenly paired, and taken apart into even rounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskplan.allocation.pairs import pair_counts, spread_pairs
from taskplan.allocation.problem import Assignee, Need, Problem
from taskplan.allocation.rounds import in_rounds
from taskplan.allocation.strategies.eligible import Eligible
from taskplan.errors import InfeasibleError


@st.composite
def given_counts(draw: st.DrawFn) -> tuple[np.ndarray, int]:
    """Draw how many of each of a few groups everyone gets, each at most the group's size."""
    people = draw(st.integers(2, 6))
    overlap = draw(st.integers(1, people))
    columns = []
    for _ in range(draw(st.integers(1, 3))):
        size = draw(st.integers(0, 9))
        counts = [0] * people
        for _ in range(size * overlap):
            open_ = [p for p in range(people) if counts[p] < size]
            counts[draw(st.sampled_from(open_))] += 1
        columns.append(counts)
    return np.array(columns, dtype=np.int64).T, overlap


@settings(deadline=None)
@given(given_counts())
def test_everyone_gets_what_they_should_and_no_item_twice(drawn: tuple[np.ndarray, int]) -> None:
    counts, overlap = drawn
    chosen = spread_pairs(counts.copy(), overlap)
    assert (np.bincount(chosen.ravel(), minlength=len(counts)) == counts.sum(axis=1)).all()
    assert all(len(set(row)) == overlap for row in chosen.tolist())


@settings(deadline=None)
@given(given_counts())
def test_rounds_hold_every_item_once_and_are_even(drawn: tuple[np.ndarray, int]) -> None:
    counts, overlap = drawn
    chosen = spread_pairs(counts, overlap)
    rounds = in_rounds(chosen)
    assert (np.sort(rounds, axis=1) == np.sort(chosen, axis=1)).all()
    each = np.array([np.bincount(column, minlength=len(counts)) for column in rounds.T])
    assert (each.max(axis=0) - each.min(axis=0)).max() <= 1


@pytest.mark.parametrize(
    ("people", "overlap", "items", "gap"),
    [
        (4, 2, 12, 0),
        (4, 2, 13, 1),
        (5, 2, 10, 0),
        (5, 3, 20, 0),
        (6, 2, 100, 1),
        (7, 3, 35, 0),
        (10, 2, 33, 1),
    ],
)
def test_pairs_meet_evenly(people: int, overlap: int, items: int, gap: int) -> None:
    base, more = divmod(items * overlap, people)
    counts = np.array([base + (person < more) for person in range(people)])[:, None]
    table = pair_counts(spread_pairs(counts, overlap), people)[np.triu_indices(people, 1)]
    assert table.max() - table.min() <= gap


@pytest.mark.parametrize("items", [7, 50, 501, 5000])
def test_pairs_of_large_teams_meet_nearly_evenly(items: int) -> None:
    people, overlap = 20, 3
    base, more = divmod(items * overlap, people)
    counts = np.array([base + (person < more) for person in range(people)])[:, None]
    table = pair_counts(spread_pairs(counts, overlap), people)[np.triu_indices(people, 1)]
    assert table.max() - table.min() <= 3


def people(*names: str, **fields: object) -> tuple[Assignee, ...]:
    return tuple(Assignee(f"{name}@x.io", **fields) for name in names)  # type: ignore[arg-type]


def test_an_overlap_larger_than_the_team_is_refused() -> None:
    with pytest.raises(InfeasibleError, match="an overlap of 3 asks for 3 people an item, but there are 2"):
        Eligible().allocate(Problem(5, people("a", "b"), overlap=3))


def test_an_overlap_larger_than_those_who_may_is_refused() -> None:
    team = (*people("a", "b"), Assignee("c@x.io", skills=frozenset({"lidar"})))
    problem = Problem(
        3, team, overlap=2, need=np.array([0, 1, 0]), needs=(Need(), Need(frozenset({"lidar"})))
    )
    with pytest.raises(InfeasibleError, match=r"1 item need skill lidar: only c@x.io may have it"):
        Eligible().allocate(problem)


def test_the_certificate_tells_how_evenly_pairs_meet() -> None:
    found = Eligible().allocate(Problem(12, people("a", "b", "c", "d"), overlap=2))
    assert found.certificate.measures["pair_gap"] == 0
    assert found.counts.tolist() == [6, 6, 6, 6]
