"""A task made in parts: shares that hold for all of them together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskplan.errors import InfeasibleError
from taskplan.planning.planner import make_plan
from taskplan.planning.spec import spec_from
from taskplan.planning.splitting import people_of_parts
from tests.planning import support

TABLE = support.generated(120)


@given(st.data())
def test_a_fixed_count_holds_for_all_parts_together(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(1, 50), min_size=2, max_size=6))
    counts = data.draw(st.lists(st.integers(0, sum(sizes)), min_size=1, max_size=4))
    others = data.draw(st.integers(0, 2))
    people = [{"email": f"f{n}@x.y", "count": count} for n, count in enumerate(counts)]
    people += [{"email": f"o{n}@x.y"} for n in range(others)]
    spec = spec_from({"tasks": [{"name": "t", "assignees": people}]})
    if any(counts) and (sum(counts) > sum(sizes) or (sum(counts) < sum(sizes) and not others)):
        with pytest.raises(InfeasibleError):
            people_of_parts(spec, spec.tasks[0], "tasks[0]", sizes)
        return
    parts = people_of_parts(spec, spec.tasks[0], "tasks[0]", sizes)
    assert len(parts) == len(sizes)
    if not any(counts):
        return
    for number, count in enumerate(counts):
        assert sum(part[number].count or 0 for part in parts) == count
    for part, size in zip(parts, sizes, strict=True):
        given_out = sum(person.count or 0 for person in part)
        assert given_out <= size
        assert given_out == size or others


def test_a_fixed_count_of_a_split_task_is_asked_for_once() -> None:
    people = [{"email": "a@x.y", "count": 5}, "b@x.y"]
    plan = make_plan(spec_from(support.one_task(assignees=people, split_above=100)), TABLE)
    shares = [{s.assignee: s.items for s in o.allocation.shares} for o in plan.operations]
    assert sum(share["a@x.y"] for share in shares) == 5
    assert sum(share["b@x.y"] for share in shares) == len(TABLE) - 5


def test_fixed_counts_that_ask_too_much_of_a_split_task_are_refused() -> None:
    people = [{"email": "a@x.y", "count": 301}, "b@x.y"]
    spec = spec_from(support.one_task(assignees=people, split_above=100))
    with pytest.raises(InfeasibleError) as caught:
        make_plan(spec, TABLE)
    assert str(caught.value) == (
        f"spec tasks[0].assignees: fixed counts ask for 301 items, but there are {len(TABLE)}"
    )
