"""Needs that keep people from what they hold, beside a reference that looks at items one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from taskplan.allocation.problem import Assignee, Need
from taskplan.planning.needs import Needs, apart

EMAILS = ["a@x.y", "b@x.y", "c@x.y", "gone@x.y"]
SKILLS = st.frozensets(st.sampled_from(["lidar", "night"]))
NEEDS = st.builds(Need, SKILLS, st.frozensets(st.sampled_from(EMAILS)))


@given(st.data(), st.lists(NEEDS, min_size=1, max_size=4), st.integers(0, 4), st.integers(1, 3))
def test_nobody_may_have_what_they_hold_where_enough_others_may(
    data: st.DataObject, needs: list[Need], holders: int, overlap: int
) -> None:
    people = [Assignee(email, skills=data.draw(SKILLS)) for email in EMAILS[:3]]
    one = st.tuples(st.integers(0, len(needs) - 1), st.integers(-1, holders - 1))
    rows = data.draw(st.lists(one, max_size=20))
    codes, held = (np.array([row[part] for row in rows], dtype=np.int64) for part in (0, 1))
    base = Needs(codes, tuple(needs), ("a warning",)) if data.draw(st.booleans()) else None
    # Names of holders come as the platform spells them.
    found, hopeless = apart(base, held, [email.title() for email in EMAILS[:holders]], people, overlap)
    wanted, avoidable = [], 0
    for need, holder in rows:
        plain = Need() if base is None else needs[need]
        excluded = plain.excluded | ({EMAILS[holder]} if holder >= 0 else set())
        wish = Need(plain.skills, excluded)
        possible = sum(wish.admits(person) for person in people) >= overlap
        wanted.append(wish if possible else plain)
        avoidable += possible
    assert [found.needs[code] for code in found.codes.tolist()] == wanted
    assert hopeless == len(rows) - avoidable
    assert found.warnings == (() if base is None else ("a warning",))
    # Plans list needs in this sequence: by what the spec asks for, then by holder.
    pairs = sorted({(0 if base is None else need, holder) for need, holder in rows})
    assert len(found.needs) == len(pairs)
    assert [pairs[code] for code in found.codes.tolist()] == [
        (0 if base is None else need, holder) for need, holder in rows
    ]
