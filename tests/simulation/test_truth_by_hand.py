"""Small cases worked out by hand, a few for each rule of `taskplan.simulation.jobs`; minutes are fixed."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import numpy as np
import pytest

from taskplan.simulation import draws
from taskplan.simulation.engine import simulate
from taskplan.simulation.jobs import Model, Outcome
from taskplan.simulation.workforce import Worker
from tests.simulation import reference
from tests.simulation.models import hours, person, task

Run = Callable[[Model], Outcome]
A, B, C, D, E = range(5)


@pytest.fixture(params=["reference", "engine"])
def run(request: pytest.FixtureRequest) -> Run:
    """The slow reference and the engine, on the first replication."""
    if request.param == "engine":
        return lambda model: simulate(model, 1)
    return lambda model: reference.simulate(model, [0])


def test_work_goes_on_after_a_break_and_ends_at_closing_time(run: Run) -> None:
    time = hours((0, 4), (10, 20))
    # 0-2, 2-4, just at closing time; the third is begun at 4 and takes 10-12.
    found = run(Model((person("a", 2, time),), (task([A], [A] * 3),)))
    assert found.reached[0][:, 0].tolist() == [2, 4, 12]
    # 0-3, then 3-4 and 10-12, then 12-15.
    found = run(Model((person("a", 3, time),), (task([A], [A] * 3),)))
    assert found.reached[0][:, 0].tolist() == [3, 12, 15]
    assert found.busy[:, 0].tolist() == [9]


def test_of_work_that_takes_no_time_the_first_does_all(run: Run) -> None:
    # Each of a's seven ends at 0 and is followed by a's look, before b looks.
    found = run(Model((person("a", 0.25), person("b", 0.25)), (task([A, B], 7, effort=np.zeros(7)),)))
    assert found.ended[0, :, 0].tolist() == [7, 0]
    assert found.finish[:, 0].tolist() == [0]


def test_half_of_the_time_is_twice_as_long(run: Run) -> None:
    # Two minutes take four of working time: 0-4, then 4-5 and 10-13.
    found = run(Model((person("a", 2, hours((0, 5), (10, inf), share=0.5)),), (task([A], [A] * 2),)))
    assert found.reached[0][:, 0].tolist() == [4, 13]
    assert found.busy[:, 0].tolist() == [4]


def test_at_closing_time_somebody_still_takes_what_there_is(run: Run) -> None:
    people = person("a", 4, hours((0, 4), (10, inf))), person("b", 6)
    # a has the first 0-4, and b the second 0-6. At 4 a takes the third and does it 10-14.
    found = run(Model(people, (task([A, B], 3),)))
    assert found.reached[0][:, 0].tolist() == [4, 6, 14]
    assert found.ended[0, :, 0].tolist() == [2, 1]
    # So does who waits: b takes the review at 4, before c does, and it ends at 11.
    people = person("a", 4), person("b", time=hours((0, 4), (10, inf))), person("c")
    found = run(Model(people, (task([A], [A]), task([B, C], 1, "qa", reviews=0))))
    assert found.finish[:, 0].tolist() == [4, 11]


def test_what_does_not_end_before_the_last_closing_time_never_ends(run: Run) -> None:
    found = run(Model((person("a", 2, hours((0, 3))),), (task([A], [A] * 3),)))
    assert found.reached[0][:, 0].tolist() == [2, inf, inf]
    assert found.finish[:, 0].tolist() == [inf]
    assert found.last[0, :, 0].tolist() == [2]
    assert found.busy[:, 0].tolist() == [2]


def test_a_task_without_jobs_is_finished_from_the_start(run: Run) -> None:
    found = run(Model((person("a", 2),), (task([A], 0), task([A], [A], after=(0,)))))
    assert found.finish[:, 0].tolist() == [0, 2]
    assert found.reached[0].shape == (0, 1)
    assert found.last[:, 0, 0].tolist() == [-inf, 2]


def test_minutes_by_kind_effort_and_review(run: Run) -> None:
    worker = Worker("a@example.com", hours(), {"*": 1, "night": 4}, review=3, shape="fixed")
    efforts, kinds = np.array([1, 2, 0.5]), np.array([0, 1, 0])
    tasks = (
        task([A], [A] * 3, effort=efforts, kind=kinds),
        task([A], [A] * 3, "qa", effort=efforts, kind=kinds, priority=1),
    )
    # Annotating 1 × 1, 4 × 2, 1 × 0.5; then reviewing 3 × 1, 3 × 2, 3 × 0.5.
    found = run(Model((worker,), tasks, kinds=("*", "night")))
    assert found.reached[0][:, 0].tolist() == [1, 9, 9.5]
    assert found.reached[1][:, 0].tolist() == [12.5, 18.5, 20]


def test_people_pull_batches_as_long_as_they_hold_few(run: Run) -> None:
    # At 0 a pulls jobs 0 and 1 and begins 0; b pulls 2 and 3. At 1 a holds one, which is 3 - 2: the batch
    # of what is left, job 4, joins it. a ends at 1, 2 and 3, b at 10 and 20, though a is free.
    found = run(Model((person("a", 1), person("b", 10)), (task([A, B], 5, batch=2, maximum=3),)))
    assert found.reached[0][:, 0].tolist() == [1, 2, 3, 10, 20]
    assert found.ended[0, :, 0].tolist() == [3, 2]
    assert found.last[0, :, 0].tolist() == [3, 20]
    # Where they may hold but two, a pulls the last one when job 1 is begun, which is at 2.
    found = run(Model((person("a", 1), person("b", 1.5)), (task([A, B], 5, batch=2, maximum=2),)))
    # a: 0 at 1, 1 at 2, 4 at 3; b: 2 at 1.5, 3 at 3.
    assert found.reached[0][:, 0].tolist() == [1, 1.5, 2, 3, 3]
    assert found.ended[0, :, 0].tolist() == [3, 2]


def test_the_urgent_task_comes_first_then_the_order_of_the_plan(run: Run) -> None:
    tasks = (task([A], [A] * 2, priority=1), task([A], [A] * 2, priority=3), task([A], [A] * 2, priority=3))
    found = run(Model((person("a", 1),), tasks))
    assert found.finish[:, 0].tolist() == [6, 2, 4]


def test_a_task_opens_when_all_it_comes_after_has_ended(run: Run) -> None:
    # b waits for both: a ends task 0 at 2 and, having been at 0 first, task 1 at 4.
    tasks = (
        task([A], [A]),
        task([A], [A]),
        task([B], [B], after=(0, 1), priority=3),
        task([B], [B], priority=1),
    )
    found = run(Model((person("a", 2), person("b", 1)), tasks))
    assert found.finish[:, 0].tolist() == [2, 4, 5, 1]


def test_a_rejected_item_is_done_again_and_reviewed_again(run: Run) -> None:
    people = (
        person("a", 1, rework=0.5),
        person("b", time=hours(leaves=4), review=2, rejects=1.0),
        person("c", time=hours((10, inf)), review=3, rework=2.0),
    )
    # a 0-1; b reviews 1-3 and rejects; a again 3-3.5; the review is b's, who begins it at 3.5 and leaves
    # at 4. It is back in the pool at 9; c begins at 10 and, since it was reviewed before, takes 6.
    found = run(Model(people, (task([A], [A]), task([B, C], 1, "qa", reviews=0)), reservation=5))
    assert found.finish[:, 0].tolist() == [3.5, 16]
    assert found.reached[0][:, 0].tolist() == [3.5]
    assert found.last[:, :, 0].tolist() == [[3.5, -inf, -inf], [-inf, 3, 16]]
    assert found.ended[:, :, 0].tolist() == [[1, 0, 0], [0, 1, 0]]
    assert found.again[:, :, 0].tolist() == [[1, 0, 0], [0, 0, 1]]
    assert found.busy[:, 0].tolist() == [1.5, 2, 6]
    assert found.rejected[:, 0].tolist() == [1, 0]


def test_the_review_of_what_was_rejected_is_theirs_who_rejected_it(run: Run) -> None:
    people = person("a", 1), person("b", time=hours((0, 2.5), leaves=10), rejects=1.0), person("c")
    # a 0-1, b rejects 1-2, a again 2-3. b does not work then, and c may not have it before b leaves: 10-11.
    found = run(Model(people, (task([A], [A]), task([B, C], 1, "qa", reviews=0)), reservation=0))
    assert found.finish[:, 0].tolist() == [3, 11]
    assert found.again[1, :, 0].tolist() == [0, 0, 1]


def test_what_is_taken_back_and_never_done_again_has_not_ended(run: Run) -> None:
    people = person("a", 1, hours((0, 2))), person("b", review=2, rejects=1.0)
    found = run(Model(people, (task([A], [A]), task([B], [B], "qa", reviews=0))))
    assert found.finish[:, 0].tolist() == [inf, inf]
    assert found.reached[0][:, 0].tolist() == [inf]
    assert found.last[0, :, 0].tolist() == [1, -inf]


def test_errors_are_found_or_missed(run: Run) -> None:
    # What b misses ends at once. c would find it, but the second task's item is right.
    people = person("a", 1, errors=1.0), person("b", misses=1.0, rejects=1.0), person("c"), person("d", 1)
    tasks = (
        task([A], [A]),
        task([B], [B], "qa", reviews=0),
        task([D], [D]),
        task([C], [C], "qa", reviews=2),
    )
    found = run(Model(people, tasks))
    assert found.finish[:, 0].tolist() == [1, 2, 1, 2]
    assert found.rejected[:, 0].tolist() == [0, 0, 0, 0]


def test_a_review_without_sources_accepts_from_the_start(run: Run) -> None:
    people = person("a", 5), person("b", review=1, rejects=1.0, misses=1.0)
    # Item 7 is reviewed 0-1; item 0, that a ends at 5, is rejected for ever, so only the first one ends.
    tasks = (task([A], [A]), task([B], [B, B], "qa", item=[0, 7], reviews=0))
    found = run(Model((people[0], person("b", time=hours(leaves=5.5), review=1)), tasks))
    assert found.reached[1][:, 0].tolist() == [1, inf]
    found = run(Model((people[0], person("b", review=1, rejects=1.0)), (task([A], 0), tasks[1])))
    assert found.reached[1][:, 0].tolist() == [1, 2]


def test_of_several_annotations_the_last_one_is_rejected(run: Run) -> None:
    people = (
        person("a", 1),
        person("b", 3),
        person("c", time=hours(leaves=4.5), rejects=1.0),
        person("d"),
    )
    # a ends at 1 and b at 3, so the review is c's 3-4, the first by index; b again 4-7; c has left, so the
    # review joins the pool, and d has it 7-8.
    tasks = task([A, B], [A, B], item=[0, 0]), task([C, D], 1, "qa", reviews=0)
    found = run(Model(people, tasks))
    assert found.finish[:, 0].tolist() == [7, 8]
    assert found.reached[0][:, 0].tolist() == [1, 7]
    assert found.again[:, :, 0].tolist() == [[0, 1, 0, 0], [0, 0, 0, 1]]


def test_a_review_that_let_an_error_pass_is_wrong_for_its_reviewer(run: Run) -> None:
    people = (
        person("a", 1, errors=1.0),
        person("b", misses=1.0),
        person("c", time=hours(leaves=3.5)),
        person("d", time=hours((10, inf)), misses=1.0),
    )
    # a 0-1, b accepts 1-2, c rejects that 2-3, b accepts again 3-4, c has left, d accepts 10-11.
    tasks = task([A], [A]), task([B], [B], "qa", reviews=0), task([C, D], [C], "qa", reviews=1)
    found = run(Model(people, tasks))
    assert found.finish[:, 0].tolist() == [1, 4, 11]
    assert found.rejected[:, 0].tolist() == [0, 1, 0]


def test_two_tasks_review_one_each_by_itself(run: Run) -> None:
    people = (
        person("a", 1),
        person("b", time=hours(leaves=2.25), review=1, rejects=1.0),
        person("c", time=hours(leaves=2.75), review=1.5, rejects=1.0),
        person("d", review=1),
    )
    tasks = task([A], [A]), task([B, D], 1, "qa", reviews=0), task([C, D], [C], "qa", reviews=0)
    # a 0-1. b rejects 1-2, c 1-2.5, when a is at it again, 2-3: that is once for both. Both reviewers
    # have left, so that both reviews join their pools at 3, and d does the first task's, 3-4, and 4-5.
    found = run(Model(people, tasks))
    assert found.finish[:, 0].tolist() == [3, 4, 5]
    assert found.again[:, :, 0].tolist() == [[1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1]]
    assert found.rejected[:, 0].tolist() == [2, 0, 0]


def test_what_is_skipped_goes_to_the_end_of_the_pool(run: Run) -> None:
    people = (
        person("a", 4, hours(leaves=1.5), skips=1.0, skip_takes=0.25),
        person("b", 2, hours((3, inf))),
    )
    # a skips at 1, looks at once, and has it again when leaving at 1.5; free at 2.5; b 3-5.
    found = run(Model(people, (task([A, B], 1),), reservation=1))
    assert found.finish[:, 0].tolist() == [5]
    assert found.skipped[:, 0].tolist() == [1]
    assert found.busy[:, 0].tolist() == [1, 2]
    # Of two jobs a skips the first at 1 and is at the second from then on: b has the first 3-5 and
    # the second, free at 2.5, from 5 to 7. Nobody owns what is in the pool, but a did.
    found = run(Model(people, (task([A, B], [A, A]),), reservation=1))
    assert found.reached[0][:, 0].tolist() == [5, 7]


def test_what_is_skipped_stays_with_the_same_person(run: Run) -> None:
    people = person("a", 2, hours(leaves=2.5), skips=1.0), person("b", 1)
    # a skips job 0 at 1 and job 1 at 2; b may not have them before a leaves.
    found = run(Model(people, (task([A, B], [A, A]),), skipped="same", reservation=0))
    assert found.skipped[:, 0].tolist() == [2]
    assert found.reached[0][:, 0].tolist() == [3.5, 4.5]


def test_what_is_skipped_may_be_ignored_and_so_is_its_review(run: Run) -> None:
    people = person("a", 3), person("b", 2, skips=1.0), person("c")
    # b ignores the item at 1; when a ends at 3, its review ends, and the next task opens.
    tasks = (
        task([A, B], [A, B], item=[0, 0]),
        task([C], [C], "qa", reviews=0),
        task([C], [C], after=(1,)),
    )
    found = run(Model(people, tasks, skipped="ignored"))
    assert found.finish[:, 0].tolist() == [3, 3, 4]
    assert found.ignored[:, 0].tolist() == [1, 1, 0]
    assert found.ended[1].sum() == 0
    assert found.reached[0][:, 0].tolist() == [1, 3]


def test_what_is_abandoned_or_dropped_is_free_again_after_the_reservation(run: Run) -> None:
    people = person("a", 2, hours(leaves=3), abandons=1.0), person("b", 1)
    # a abandons job 0 at 2 and drops job 1 at 3: free at 12 and 13. b 12-13 and, since what
    # returns comes first, 13-14.
    found = run(Model(people, (task([A, B], [A, A]),), reservation=10))
    assert found.reached[0][:, 0].tolist() == [13, 14]
    assert found.abandoned[:, 0].tolist() == [1]
    assert found.busy[:, 0].tolist() == [2, 2]


def test_who_leaves_drops_first_what_they_are_at_and_then_their_queues(run: Run) -> None:
    efforts = np.array([4, 1, 2])
    people = person("a", 2, hours(leaves=1)), person("b", 1)
    tasks = (
        task([A, B], [A, A, A], effort=efforts),
        task([A, B], [A], priority=3, effort=np.array([0.25])),
        task([A, B], [A], priority=1),
    )
    # a ends task 1 at 0.5 and leaves, at job 0 of task 0. At 11 all is back: b does 0, 1, 2 of task 0, 11-15,
    # 15-16 and 16-18, then task 2, 18-19.
    found = run(Model(people, tasks, reservation=10))
    assert found.reached[0][:, 0].tolist() == [15, 16, 18]
    assert found.finish[:, 0].tolist() == [18, 0.5, 19]


def test_who_is_done_when_leaving_is_done_and_takes_nothing_more(run: Run) -> None:
    people = person("a", 2, hours(leaves=2)), person("b", 3)
    # a ends the first at 2, and b, who has the second 0-3, finds the third where it was: 3-6.
    found = run(Model(people, (task([A, B], 3),), reservation=10))
    assert found.reached[0][:, 0].tolist() == [2, 3, 6]
    found = run(
        Model((person("a", 2, hours(leaves=0)), person("b", 3)), (task([A, B], [A, B]),), reservation=10)
    )
    assert found.reached[0][:, 0].tolist() == [3, 13]


def test_who_finishes_looks_before_those_who_wait(run: Run) -> None:
    people = person("a", 3, hours((0.5, inf))), person("b", 2, hours(leaves=1.5), skips=1.0)
    # a finds nothing at 0.5. At 1 b skips the item, and has it again at once; it is free at 1.5; a 1.5-4.5.
    found = run(Model(people, (task([A, B], 1),), reservation=0))
    assert found.finish[:, 0].tolist() == [4.5]


def test_of_those_who_wait_the_first_by_index_is_served(run: Run) -> None:
    people = person("a", 1), person("b", review=2), person("c", review=1)
    found = run(Model(people, (task([A], [A]), task([B, C], 1, "qa", reviews=0))))
    assert found.finish[:, 0].tolist() == [1, 3]
    # Who does not work at that moment is no match for who does.
    people = person("a", 1), person("b", time=hours((2, inf)), review=2), person("c", review=1)
    found = run(Model(people, (task([A], [A]), task([B, C], 1, "qa", reviews=0))))
    assert found.finish[:, 0].tolist() == [1, 2]


def test_everybody_takes_their_own_numbers_in_turn(run: Run) -> None:
    people = [
        Worker(f"{shape}@example.com", hours(), {"*": 2.0}, cv=0.7, shape=shape)  # type: ignore[arg-type]
        for shape in ("lognormal", "gamma", "exponential")
    ]
    found = run(Model(tuple(people), (task([0, 1, 2], [0, 1, 2] * 40),), seed=5))
    for p, worker in enumerate(people):
        z = draws.durations(worker, draws.stream(5, worker.email, draws.DURATIONS, 0), 40)[:, 0]
        assert found.busy[p, 0] == pytest.approx(2 * z.sum(), rel=1e-12)
        assert found.last[0, p, 0] == pytest.approx(2 * z.sum(), rel=1e-12)
    assert found.finish[0, 0] == found.last[0, :, 0].max()
    assert found.marks[0].tolist() == list(range(1, 121))
