"""What items need when several asks of a spec meet in one item, beside a look at one item after the other."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskplan.allocation.problem import Need
from taskplan.dql.match import match
from taskplan.dql.short import query_from
from taskplan.model.memory import MemoryTable
from taskplan.planning.needs import needs_of
from taskplan.planning.spec import spec_from
from tests.planning.support import one_task

SCENES = ("a", "b", "c")
DOCUMENTS = [
    {
        "id": f"{n:024x}",
        "filename": f"/{n}.jpg",
        "metadata": {"user": {"scene": SCENES[n % 3], "size": n % 4}},
    }
    for n in range(24)
]
TABLE = MemoryTable.from_documents(DOCUMENTS, dataset="d")
WHERE: tuple[dict[str, Any] | None, ...] = (
    None,
    {"metadata.user.scene": "a"},
    {"metadata.user.scene": {"$in": ["a", "b"]}},
    {"metadata.user.size": {"$gt": 1}},
    {"metadata.user.scene": "nowhere"},
)
ASKS = st.fixed_dictionaries(
    {
        "where": st.sampled_from(WHERE),
        "skills": st.lists(st.sampled_from(["lidar", "night", "french"]), unique=True, max_size=2),
        "exclude": st.lists(st.sampled_from(["Ann@example.com", "ben@example.com"]), unique=True, max_size=1),
    }
).filter(lambda ask: ask["skills"] or ask["exclude"])


@given(st.lists(ASKS, min_size=1, max_size=5))
def test_an_item_needs_all_that_is_asked_of_it(asks: list[dict[str, Any]]) -> None:
    plain = [{key: value for key, value in ask.items() if value} for ask in asks]
    spec = spec_from(one_task(needs=plain))
    found = needs_of(spec, spec.tasks[0], "tasks[0]", TABLE)
    assert found is not None
    patterns = [
        tuple(ask["where"] is None or match(query_from(ask["where"], defaults=()), document) for ask in asks)
        for document in DOCUMENTS
    ]
    wanted = []
    for pattern in patterns:
        asked = [ask for ask, holds in zip(asks, pattern, strict=True) if holds]
        wanted.append(
            Need(
                frozenset(skill for ask in asked for skill in ask["skills"]),
                frozenset(who.lower() for ask in asked for who in ask["exclude"]),
            )
        )
    assert [found.needs[code] for code in found.codes.tolist()] == wanted
    # Plans list needs in this sequence.
    assert found.codes.tolist() == [sorted(set(patterns)).index(pattern) for pattern in patterns]
    assert len(found.needs) == len(set(patterns))
    assert len(found.warnings) == sum(
        not any(pattern[place] for pattern in patterns) for place in range(len(asks))
    )


@pytest.mark.parametrize("needs", [[], None])
def test_a_task_that_asks_for_nothing_needs_nothing(needs: list[Any] | None) -> None:
    spec = spec_from(one_task(**({} if needs is None else {"needs": needs})))
    assert needs_of(spec, spec.tasks[0], "tasks[0]", TABLE) is None


def test_of_no_items_nothing_is_needed() -> None:
    spec = spec_from(one_task(needs=[{"skills": ["lidar"]}, {"exclude": ["ann@example.com"]}]))
    found = needs_of(spec, spec.tasks[0], "tasks[0]", MemoryTable.from_documents([], dataset="d"))
    assert found is not None
    assert (found.codes.tolist(), found.needs) == ([], ())
