"""Needs beside people: all at once says what one by one says."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from taskplan.allocation.admission import admitted
from taskplan.allocation.groups import group_items
from taskplan.allocation.problem import Assignee, Need, Problem

# Nobody checks here that e-mails are lower-cased, or that nobody comes twice.
WHO = st.sampled_from(["a@x.y", "A@x.y", "b@x.y", "c@x.y"])
SKILLS = st.frozensets(st.sampled_from(["lidar", "night", "french"]))
PEOPLE = st.lists(st.builds(Assignee, WHO, skills=SKILLS), max_size=5)
NEEDS = st.lists(st.builds(Need, SKILLS, st.frozensets(WHO)), max_size=6)


@given(NEEDS, PEOPLE)
def test_all_at_once_says_what_one_by_one_says(needs: list[Need], people: list[Assignee]) -> None:
    table = admitted(needs, people)
    assert table.shape == (len(needs), len(people))
    assert table.dtype == np.bool_
    assert table.tolist() == [[need.admits(person) for person in people] for need in needs]


@given(st.data(), NEEDS.filter(bool), PEOPLE)
def test_items_are_of_one_group_if_the_same_people_may_have_them(
    data: st.DataObject, needs: list[Need], people: list[Assignee]
) -> None:
    rows = data.draw(st.lists(st.tuples(st.integers(0, len(needs) - 1), st.integers(0, 2)), max_size=20))
    codes, efforts = (np.array([row[part] for row in rows], dtype=np.int64) for part in (0, 1))
    problem = Problem(
        len(rows), tuple(people), need=codes, needs=tuple(needs), effort=efforts.astype(np.float64)
    )
    for by_effort in (False, True):
        alike = [
            (*(needs[need].admits(person) for person in people), effort if by_effort else 0)
            for need, effort in rows
        ]
        first = list(dict.fromkeys(alike))
        groups = group_items(problem, by_effort=by_effort)
        assert groups.of_item.tolist() == [first.index(row) for row in alike]
        assert groups.counts.tolist() == [alike.count(row) for row in first]
        assert groups.eligible.T.tolist() == [list(row[:-1]) for row in first]
        assert groups.need.tolist() == [rows[alike.index(row)][0] for row in first]
