"""How long items took and what became of them, as their statuses tell."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskplan.model.entities import AssignmentState, TaskState
from taskplan.model.ids import ItemIds
from taskplan.simulation.history import read_history
from taskplan.simulation.observations import measure, verdicts
from tests.simulation.histories import CHECK, LABEL, at, entry, item, said, table

ANN, BEN, DAN = "ann@example.com", "ben@example.com", "dan@example.com"
SHARE = f"{3:024x}"


def task(id: str, type: Any = "annotation", parent: str | None = None, owner: str = ANN) -> TaskState:
    """A task as a backend knows it, with one assignment."""
    assignment = AssignmentState(SHARE if type == "annotation" else f"{4:024x}", owner, ItemIds.of(()))
    document = {"spec": {"type": type, **({"parentTaskId": parent} if parent else {})}}
    return TaskState(id, type, type, "scenes", "open", None, 2, "lead@example.com", (assignment,), document)


KNOWN = (task(LABEL), task(CHECK, "qa", LABEL, DAN))


def minutes(*items: dict[str, Any], gap: float = 60) -> dict[int, float]:
    """Minutes by the number of the item."""
    measured = measure(read_history(table(items)), gap)
    return {one.row: round(one.minutes, 6) for one in measured.observations}


def test_an_item_took_the_time_since_the_same_persons_previous_one() -> None:
    items = [item(n, said(LABEL, who, when)) for n, (who, when) in enumerate([(ANN, 0), (BEN, 1), (ANN, 3)])]
    assert minutes(*items) == {2: 3.0}


def test_a_break_gives_nothing_and_what_follows_counts_from_its_end() -> None:
    items = [item(n, said(LABEL, ANN, when)) for n, when in enumerate([0, 2, 62, 65, 124.9])]
    assert minutes(*items) == {1: 2.0, 3: 3.0, 4: 59.9}
    assert minutes(*items, gap=61) == {1: 2.0, 2: 60.0, 3: 3.0, 4: 59.9}
    history = read_history(table(items))
    assert (measure(history, 60).breaks, measure(history, 61).breaks) == (1, 0)


def test_what_is_set_together_shares_the_time_before_it() -> None:
    times = [0, 6, 6, 6 + 0.5 / 60, 10]
    items = [item(n, said(LABEL, ANN, when)) for n, when in enumerate(times)]
    share = round((6 + 0.5 / 60) / 3, 6)
    assert minutes(*items) == {1: share, 2: share, 3: share, 4: round(4 - 0.5 / 60, 6)}
    first = [item(n, said(LABEL, ANN, 0)) for n in range(4)]
    assert minutes(*first, item(9, said(LABEL, ANN, 5))) == {4: 5.0}


def test_a_review_marks_time_between_two_annotations() -> None:
    items = [
        item(1, said(LABEL, ANN, 0)),
        item(2, said(LABEL, BEN, 0), said(CHECK, ANN, 4, "approved")),
        item(3, said(LABEL, ANN, 9)),
    ]
    found = measure(read_history(table(items)), 60).observations
    assert [(one.row, one.review, one.minutes) for one in found] == [(1, True, 4.0), (2, False, 5.0)]


def test_an_item_that_is_done_again_counts_the_first_time_only() -> None:
    log = [entry(LABEL, ANN, 5), entry(LABEL, ANN, 5, action="deleted"), entry(LABEL, BEN, 20)]
    items = [
        item(1, said(LABEL, ANN, 0)),
        item(2, said(LABEL, BEN, 20), log=log),
        item(3, said(LABEL, BEN, 17)),
        item(4, said(LABEL, BEN, 26)),
    ]
    assert minutes(*items) == {1: 5.0, 3: 6.0}


def test_a_ref_and_its_log_entry_are_one_item() -> None:
    late = said(LABEL, ANN, 5 + 0.2 / 60)
    items = [item(1, said(LABEL, ANN, 0)), item(2, late, log=[entry(LABEL, ANN, 5)])]
    assert list(minutes(*items)) == [1]
    assert minutes(*items)[1] == pytest.approx(5, abs=0.01)


def test_who_is_not_named_is_the_assignee_and_others_are_left_out() -> None:
    ref = {"id": SHARE, "type": "assignment", "metadata": {}}
    items = [
        item(1, said(LABEL, None, 0), ref),
        item(2, said(LABEL, None, 3), ref),
        item(3, said(LABEL, None, 9)),
        item(4, said(LABEL, ANN, None)),
        *(
            item(5 + n, said(LABEL, ANN, 1) | {"metadata": {"status": "completed", "timestamp": when}})
            for n, when in enumerate(["soon", "0001-01-01T00:00+14:00", -1, 10**400, True])
        ),
    ]
    history = read_history(table(items), KNOWN)
    assert [(c.person, c.assignee) for c in history.completions] == [(ANN, ANN)] * 2
    assert (history.nobody, history.unreadable) == (1, 6)


def test_assignments_alone_stand_for_their_tasks() -> None:
    refs = [{"id": SHARE, "type": "assignment", "metadata": said(LABEL, ANN, n)["metadata"]} for n in (0, 4)]
    history = read_history(table(item(n, ref) for n, ref in enumerate(refs)), KNOWN)
    assert [c.task for c in history.completions] == [LABEL, LABEL]


def test_what_is_no_ref_is_passed_over() -> None:
    odd: list[Any] = [
        3,
        {"type": "task"},
        {"id": 7, "type": "task"},
        {"id": LABEL, "type": "task", "metadata": 4},
    ]
    odd += [said(LABEL, ANN, 1) | {"metadata": {"status": 5, "timestamp": at(1)}}]
    assert (
        read_history(table([item(1, *odd, log=[1, {"status": 2}, {"action": "created"}])])).completions == ()
    )


TIMES = st.lists(
    st.tuples(st.sampled_from([ANN, BEN]), st.integers(0, 6000), st.sampled_from([LABEL, CHECK])),
    max_size=14,
)


def slow(events: list[tuple[str, float]], gap: float) -> dict[int, float]:
    """For every item look through all the others: what was set with it, and what came before."""
    found = {}
    for number, (who, _) in enumerate(events):
        together, reached = {number}, True
        while reached:
            reached = False
            for other, (them, then) in enumerate(events):
                near = any(abs(then - events[member][1]) < 1 for member in together)
                if them == who and other not in together and near:
                    together.add(other)
                    reached = True
        earliest = min(events[member][1] for member in together)
        latest = max(events[member][1] for member in together)
        before = [then for them, then in events if them == who and then < earliest]
        if before and latest - max(before) < gap * 60:
            found[number] = (latest - max(before)) / 60 / len(together)
    return found


@given(TIMES, st.floats(0.1, 90), st.randoms(use_true_random=False))
def test_times_are_those_of_looking_through_all(
    events: list[tuple[str, int, str]], gap: float, shuffle: random.Random
) -> None:
    items = [
        item(n, said(place, who, tenths / 600, "approved" if place == CHECK else "completed"))
        for n, (who, tenths, place) in enumerate(events)
    ]
    ids = {document["id"]: n for n, document in enumerate(items)}
    shuffle.shuffle(items)
    read = table(items)
    found = measure(read_history(read), gap).observations
    expected = slow([(who, tenths / 10) for who, tenths, _ in events], gap)
    assert {ids[read.ids[one.row]]: pytest.approx(one.minutes) for one in found} == expected


def judged(*items: dict[str, Any], known: Any = KNOWN) -> list[tuple[str, bool]]:
    return [(one.person, one.wrong) for one in verdicts(read_history(table(items), known))]


def test_a_review_passes_or_sends_back() -> None:
    def reviewed(number: int, status: str) -> dict[str, Any]:
        return item(number, said(LABEL, ANN, number), said(CHECK, DAN, 100 + number, status))

    items = [reviewed(n, status) for n, status in enumerate(["approved", "discard", "fixed", "rejected"])]
    unreviewed = item(9, said(LABEL, BEN, 3))
    assert judged(*items, unreviewed) == [(ANN, False), (ANN, True), (ANN, False), (ANN, True)]
    # As the platform's names are, the review is known without its task.
    assert judged(*items, unreviewed, known=()) == [(ANN, False), (ANN, True), (ANN, False), (ANN, True)]


def test_a_piece_that_was_done_again_is_judged_as_well() -> None:
    log = [
        entry(LABEL, ANN, 1),
        entry(CHECK, DAN, 2, "discard"),
        entry(LABEL, BEN, 3),
        entry(CHECK, DAN, 4, "approved"),
    ]
    assert judged(item(1, said(LABEL, BEN, 3), said(CHECK, DAN, 4, "approved"), log=log)) == [
        (ANN, True),
        (BEN, False),
    ]


def test_a_status_that_another_takes_away_sends_back_and_ones_own_does_not() -> None:
    waiting = {"id": CHECK, "type": "task", "metadata": {}}
    for who, expected in ((DAN, [(ANN, True)]), (ANN, [])):
        log = [entry(LABEL, ANN, 1), entry(LABEL, who, 2, action="deleted"), entry(LABEL, ANN, 3)]
        assert judged(item(1, said(LABEL, ANN, 3), waiting, log=log)) == expected


def test_an_open_issue_sends_back_what_is_reviewed() -> None:
    waiting = {"id": CHECK, "type": "task", "metadata": {}}
    issue = {"annotations": [{"id": "a", "type": "box", "metadata": {"system": {"status": "issue"}}}]}
    assert judged(item(1, said(LABEL, ANN, 1), waiting) | issue) == [(ANN, True)]
    approved = said(CHECK, DAN, 2, "approved")
    assert judged(item(1, said(LABEL, ANN, 1), approved) | issue) == [(ANN, True)]
    assert judged(item(1, said(LABEL, ANN, 1)) | issue) == []


def test_a_review_is_of_its_own_task() -> None:
    other = f"{8:024x}"
    done = item(1, said(LABEL, ANN, 1), said(other, BEN, 2), said(CHECK, DAN, 3, "discard"))
    assert judged(done) == [(ANN, True)]
    history = read_history(table([done]), KNOWN)
    assert verdicts(history, frozenset([other])) == ()
