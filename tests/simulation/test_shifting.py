"""Moving items by trial: never worse, and it sees what single tasks do not show."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from taskplan.simulation.engine import simulate
from taskplan.simulation.jobs import Model, Task
from taskplan.simulation.shifting import Move, moved, on_time, shifted
from taskplan.simulation.workforce import Worker, WorkingTime


def worker(name: str, minutes: float, begins: float = 0.0, review: float = 1.0) -> Worker:
    time = WorkingTime(np.array([begins]), np.array([np.inf]))
    return Worker(f"{name}@example.com", time, {"*": minutes}, review=review, shape="gamma")


def counts(model: Model, index: int) -> list[int]:
    return [int((model.tasks[index].owner == person).sum()) for person in range(len(model.people))]


def pair(items: int = 24) -> Model:
    """Two annotators, and two reviewers of whom one begins when all is nearly late."""
    people = (worker("a", 4), worker("b", 4), worker("late", 4, begins=90), worker("early", 4))
    item = np.arange(items)
    return Model(
        people,
        (
            Task("label", "annotation", (0, 1), item % 2, item),
            Task("check", "qa", (2, 3), 2 + item % 2, item, reviews=0),
        ),
        seed=2,
    )


def test_reviews_go_to_who_is_there_in_time() -> None:
    model, due = pair(), np.array([np.inf, 95.0])
    assert on_time(simulate(model, 200), due) < 0.2
    found = shifted(model, due, [0, 1])
    assert on_time(simulate(found, 200), due) > 0.9
    assert counts(found, 1)[3] > 20
    assert sum(counts(found, 1)) == 24


def test_tasks_that_may_not_be_split_anew_stay() -> None:
    model, due = pair(), np.array([np.inf, 95.0])
    found = shifted(model, due, [0])
    assert counts(found, 1) == counts(model, 1)


def test_what_is_in_time_is_left_alone() -> None:
    model = pair()
    assert shifted(model, np.array([np.inf, 1e6]), [0, 1]) is model


def test_a_move_moves_items_and_nothing_else() -> None:
    model = pair()
    found = moved(model, Move(0, giver=0, taker=1, items=12))
    assert counts(found, 0) == [0, 24, 0, 0]
    assert found.tasks[1] == model.tasks[1]
    assert found.tasks[0].people == (1,)


@settings(max_examples=15)
@given(
    st.lists(st.floats(1, 9), min_size=2, max_size=3),
    st.lists(st.integers(0, 2), min_size=1, max_size=20),
    st.floats(5, 60),
)
def test_no_search_makes_it_worse(minutes: list[float], owners: list[int], until: float) -> None:
    people = tuple(worker("abc"[index], value) for index, value in enumerate(minutes))
    owner = np.minimum(np.array(owners), len(people) - 1)
    everyone = tuple(range(len(people)))
    model = Model(people, (Task("t", "annotation", everyone, owner, np.arange(len(owner))),))
    due = np.array([until])
    found = shifted(model, due, [0], replications=64)
    assert on_time(simulate(found, 64), due) >= on_time(simulate(model, 64), due)
    assert sum(counts(found, 0)) == len(owners)
