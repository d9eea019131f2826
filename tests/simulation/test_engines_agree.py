"""All engines find the same where more than one can simulate a model, however the replications are cut."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskplan.simulation.draws import BLOCK
from taskplan.simulation.engine import simulate, usual_replications
from taskplan.simulation.engine.lockstep import run_lockstep
from taskplan.simulation.engine.progress import smallest
from taskplan.simulation.engine.pulled import is_pulled, run_pulled
from taskplan.simulation.engine.sequential import is_sequential, run_sequential
from taskplan.simulation.jobs import POOL, Limits, Model, Outcome, Task
from taskplan.simulation.workforce import Shape, Worker, WorkingTime

SHAPES: tuple[Shape, ...] = ("lognormal", "gamma", "exponential")


def assert_same(left: Outcome, right: Outcome) -> None:
    for one in fields(Outcome):
        mine, theirs = getattr(left, one.name), getattr(right, one.name)
        for a, b in zip(mine, theirs, strict=True) if isinstance(mine, tuple) else [(mine, theirs)]:
            np.testing.assert_allclose(a, b, rtol=1e-9, err_msg=one.name)


@st.composite
def workers(draw: st.DrawFn) -> tuple[Worker, ...]:
    def time() -> WorkingTime:
        if draw(st.booleans()):
            return WorkingTime(np.zeros(1), np.full(1, np.inf), draw(st.sampled_from([0.5, 1.0])))
        # Some calendars end before the work is done.
        opens = np.arange(draw(st.integers(1, 40))) * 100.0 + draw(st.integers(0, 50))
        return WorkingTime(opens, opens + 40.0)

    return tuple(
        Worker(
            f"p{index}@example.com",
            time(),
            {"*": draw(st.floats(0.5, 9)), "hard": 11.0},
            shape=draw(st.sampled_from(SHAPES)),
        )
        for index in range(draw(st.integers(1, 4)))
    )


@st.composite
def distributions(draw: st.DrawFn) -> Model:
    people = draw(workers())
    tasks = []
    for name in "abc"[: draw(st.integers(1, 3))]:
        owner = np.array(draw(st.lists(st.integers(0, len(people) - 1), max_size=40)), dtype=np.int64)
        effort = np.linspace(0.5, 2, len(owner)) if draw(st.booleans()) else None
        kind = np.arange(len(owner)) % 2 if draw(st.booleans()) else None
        priority = draw(st.integers(1, 3))
        everyone = tuple(range(len(people)))
        tasks.append(
            Task(name, "annotation", everyone, owner, np.arange(len(owner)), effort, kind, priority=priority)
        )
    return Model(people, tuple(tasks), draw(st.integers(0, 9)), ("*", "hard"))


@st.composite
def races(draw: st.DrawFn) -> Model:
    people = draw(workers())
    items = draw(st.integers(1, 60))
    batch = draw(st.integers(1, 5))
    task = Task(
        "queue",
        "annotation",
        tuple(range(len(people))),
        np.full(items, POOL),
        np.arange(items),
        batch=batch,
        maximum=draw(st.integers(batch, 3 * batch)),
    )
    return Model(people, (task,), draw(st.integers(0, 9)))


@settings(max_examples=60)
@given(distributions())
def test_sums_are_what_events_come_to(model: Model) -> None:
    assert is_sequential(model)
    assert_same(run_sequential(model, 1), run_lockstep(model, range(BLOCK, 2 * BLOCK)))


@settings(max_examples=60)
@given(races())
def test_a_race_of_sums_is_what_events_come_to(model: Model) -> None:
    assert is_pulled(model)
    assert_same(run_pulled(model, 0), run_lockstep(model, range(BLOCK)))


@settings(max_examples=40)
@given(st.integers(0, 2**31), st.integers(1, 60), st.integers(1, 400), st.data())
def test_the_event_of_a_rank_is_found_without_sorting_all(
    seed: int, people: int, most: int, data: st.DataObject
) -> None:
    rng = np.random.default_rng(seed)
    events = [np.sort(rng.random((rng.integers(0, most + 1), BLOCK)), axis=0) for _ in range(people)]
    together = np.sort(np.concatenate(events), axis=0)
    rank = data.draw(st.integers(1, max(1, len(together))))
    expected = together[rank - 1] if rank <= len(together) else np.full(BLOCK, np.inf)
    np.testing.assert_array_equal(smallest(events, rank), expected)


def reviewed(items: int = 30) -> Model:
    always = WorkingTime(np.zeros(1), np.full(1, np.inf))
    people = tuple(Worker(f"p{n}@example.com", always, errors=0.3, skips=0.1) for n in range(3))
    owner, item = np.arange(items) % 2, np.arange(items)
    return Model(
        people,
        (
            Task("a", "annotation", (0, 1), owner, item),
            Task("q", "qa", (2,), np.full(items, 2), item, reviews=0),
            Task("apart", "annotation", (), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)),
        ),
        seed=4,
    )


@pytest.mark.parametrize("bytes_of_memory", [1, 24 * 60 * 50, 24 * 60 * 300])
def test_how_many_run_side_by_side_changes_nothing(bytes_of_memory: int) -> None:
    # One at a time; 50, which are no whole block; two blocks.
    replications = 12 if bytes_of_memory == 1 else 2 * BLOCK + 20
    one = simulate(reviewed(), replications, limits=Limits(memory=bytes_of_memory))
    assert_same(one, simulate(reviewed(), replications))


def test_fewer_replications_are_the_first_of_more() -> None:
    more, fewer = simulate(reviewed(), 200), simulate(reviewed(), 30)
    np.testing.assert_array_equal(more.finish[:, :30], fewer.finish)
    np.testing.assert_array_equal(more.rejected[:, :30], fewer.rejected)


def test_only_large_models_that_need_events_are_repeated_less() -> None:
    assert usual_replications(reviewed(30)) == 2000
    assert usual_replications(reviewed(25_000)) == 200
    always = WorkingTime(np.zeros(1), np.full(1, np.inf))
    plain = Task("a", "annotation", (0,), np.zeros(10**6, dtype=np.int64), np.arange(10**6))
    assert usual_replications(Model((Worker("p@example.com", always),), (plain,))) == 2000


def test_progress_rises_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    simulate(reviewed(), 150, progress=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]
    assert told[-1][0] > 0


def test_in_large_tasks_the_progress_is_nearly_exact() -> None:
    always = WorkingTime(np.zeros(1), np.full(1, np.inf))
    people = tuple(Worker(f"p{n}@example.com", always) for n in range(4))
    owner = np.arange(20_001) % 4
    task = Task("large", "annotation", (0, 1, 2, 3), owner, np.arange(20_001))
    found = run_sequential(Model(people, (task,)), 0)
    # The moment of the n-th of 20,001 items, each of a minute on average, by four people.
    expected = found.marks[0][:, None] / 4
    np.testing.assert_allclose(found.reached[0], np.broadcast_to(expected, found.reached[0].shape), atol=120)
    np.testing.assert_array_equal(found.reached[0][-1], found.finish[0])
    np.testing.assert_array_equal(found.finish[0], found.last[0].max(axis=0))
    assert (np.diff(found.reached[0], axis=0) > 0).all()
