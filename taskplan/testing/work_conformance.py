"""The part of the suite for backends that not every backend claims: quality and pulling tasks, and moves."""

from __future__ import annotations

import pytest

from taskplan.errors import BackendError, DriftError
from taskplan.planning.document import QUEUE, ModeKind, Operation
from taskplan.replay.backend import Context
from taskplan.replay.verify import verify_plan
from taskplan.testing.operations import move, pulling_task, quality_task
from taskplan.testing.places import DATASET, LABEL, NOW, Place, documents, planned_shares

ANN, BEN, CAT = "ann@example.com", "ben@example.com", "cat@example.com"
IDS = [str(document["id"]) for document in documents()]
POOL = [str(document["id"]) for document in documents() if document["filename"].startswith("/honeypot/")]
RAW = [item for item in IDS if item not in POOL]


def _needs(place: Place, *, action: str = "create_task", mode: str | None = None) -> None:
    can = place.backend.describe()
    if action not in can.actions or (mode is not None and mode not in can.modes):
        pytest.skip(f"{can.name} does not claim it")


def _quality(kind: ModeKind) -> Operation:
    if kind == "honeypot":
        return quality_task("mixed", kind, RAW, (ANN, BEN), percent=20, pool=POOL)
    if kind == "qualification":
        return quality_task("school", kind, RAW[:5], (ANN, BEN, CAT))
    return quality_task("agree", kind, RAW[:10], (ANN, BEN, CAT), percent=50, each=2)


QUALITY: tuple[ModeKind, ...] = ("consensus", "qualification", "honeypot")


class WorkConformance:
    """Tests that are skipped where a backend claims neither the action nor the mode."""

    def test_what_is_not_claimed_is_refused_before_the_first_write(self, place: Place) -> None:
        can = place.backend.describe()
        unclaimed = [_quality(kind) for kind in QUALITY if kind not in can.modes]
        if "pulling" not in can.modes:
            unclaimed.append(pulling_task("pull", RAW, (ANN, BEN)))
        if "move_items" not in can.actions:
            unclaimed.append(move("task", (ANN, BEN, RAW[:1])))
        for operation in unclaimed:
            with pytest.raises(BackendError, match=operation.id):
                place.apply(place.plan_of(operation))
        assert place.held() == {}

    @pytest.mark.parametrize("kind", QUALITY)
    def test_a_quality_task_is_made_and_undone(self, place: Place, kind: ModeKind) -> None:
        _needs(place, mode=kind)
        operation = _quality(kind)
        plan = place.plan_of(operation)
        report = place.apply(plan)
        assert report.verification.ok, report.verification.differences
        assert report.performed[operation.id].items == operation.allocation.items.count
        held = place.backend.items_of(operation)
        assert {who: len(ids) for who, ids in held.items()} == {
            share.assignee: share.items for share in operation.allocation.shares
        }
        shown = {who: len(items) for who, items in place.held()[operation.title].items()}
        assert shown == {who: len(ids) for who, ids in held.items()}
        again = place.apply(plan, "other.db")
        assert set(again.already) == {operation.id}
        assert place.backend.perform(operation, _context()) == report.performed[operation.id]
        (info,) = place.backend.datasets()
        place.undo(plan)
        assert place.held() == {}
        (after,) = place.backend.datasets()
        assert after.items == len(IDS) <= info.items
        assert place.apply(plan).verification.ok

    def test_undo_of_a_quality_task_stops_where_people_have_worked(self, place: Place) -> None:
        _needs(place, mode="consensus")
        operation = _quality("consensus")
        plan = place.plan_of(operation)
        place.apply(plan)
        task = place.backend.task(DATASET, "agree")
        place.harness.set_status(task.id, task.assignments[0].items[:2].tolist(), "completed")
        with pytest.raises(BackendError, match="2 items"):
            place.undo(plan)
        assert verify_plan(plan, place.backend).ok
        place.undo(plan, discard_work=True)
        assert place.held() == {}

    def test_a_quality_task_is_dealt_out_anew_where_items_have_gone(self, place: Place) -> None:
        _needs(place, mode="consensus")
        plan = place.plan_of(_quality("consensus"))
        place.harness.remove_item(RAW[0])
        with pytest.raises(DriftError, match="1 thing has changed"):
            place.apply(plan)
        report = place.apply(plan, allow_drift=True)
        assert report.verification.ok, report.verification.differences
        # Of nine items four (half of them, rounded to even) go to two people each.
        assert sum(map(len, place.held()["agree"].values())) == 4 * 2 + 5

    def test_a_queue_is_filled_and_batches_are_handed_out(self, place: Place) -> None:
        _needs(place, mode="pulling")
        operation = pulling_task("pull", RAW, (ANN, BEN))
        plan = place.plan_of(operation)
        report = place.apply(plan)
        assert report.verification.ok, report.verification.differences
        held = {who: len(ids) for who, ids in place.backend.items_of(operation).items()}
        assert held == {ANN: 3, BEN: 3, QUEUE: len(RAW) - 6}
        assert set(report.performed[operation.id].assignments) == {ANN, BEN}
        system = place.backend.task(DATASET, "pull").document["metadata"]["system"]
        assert (system["batchSize"], system["maxBatchWorkload"]) == (3, 5)
        assert set(place.apply(plan, "other.db").already) == {operation.id}
        place.undo(plan)
        assert place.held() == {}

    def test_items_change_hands_and_are_given_back(self, place: Place) -> None:
        _needs(place, action="move_items")
        made = place.plan(LABEL)
        place.apply(made)
        before = place.held()
        task = place.backend.task(DATASET, "label").id
        ann, ben = (sorted(before["label"][who]) for who in (ANN, BEN))
        moving = move(task, (ANN, CAT, ann), (BEN, ANN, ben[:2]), (BEN, CAT, ben[2:3]))
        plan = place.plan_of(moving)
        report = place.apply(plan)
        assert report.verification.ok, report.verification.differences
        expected = {CAT: {*ann, ben[2]}, ANN: {*ben[:2]}, BEN: {*ben[3:]}}
        assert place.held() == {"label": expected}
        assert place.backend.items_of(moving).keys() == {CAT, ANN}
        assert report.performed[moving.id].items == len(ann) + 3
        assert set(place.apply(plan, "other.db").already) == {moving.id}
        place.undo(plan)
        assert place.held() == before
        assert place.undo(plan).removed == {}
        assert verify_plan(made, place.backend).ok
        assert place.apply(plan).verification.ok
        # What was moved is still what the first plan has made.
        place.undo(made)
        assert place.held() == {}

    def test_a_move_stops_where_somebody_has_worked_or_has_it(self, place: Place) -> None:
        _needs(place, action="move_items")
        place.apply(place.plan(LABEL))
        task = place.backend.task(DATASET, "label").id
        held = place.held()["label"]
        ann, ben = sorted(held[ANN]), sorted(held[BEN])
        plan = place.plan_of(move(task, (ANN, CAT, [ann[0], ann[1], ben[0]])))
        place.harness.set_status(task, ann[:1], "completed")
        with pytest.raises(DriftError) as caught:
            place.apply(plan)
        assert len(caught.value.changes) == 2
        assert any(f"is with {BEN}, not with {ANN}" in words for words in caught.value.changes)
        assert any('has a status in the task "label"' in words for words in caught.value.changes)
        assert place.held()["label"] == held
        report = place.apply(plan, allow_drift=True)
        assert report.verification.ok, report.verification.differences
        assert place.held()["label"][CAT] == {ann[1]}

    def test_undo_of_a_move_leaves_finished_items_with_whoever_has_them(self, place: Place) -> None:
        _needs(place, action="move_items")
        place.apply(place.plan(LABEL))
        task = place.backend.task(DATASET, "label").id
        before = place.held()["label"]
        ann = sorted(before[ANN])
        plan = place.plan_of(move(task, (ANN, CAT, ann[:3])))
        place.apply(plan)
        place.harness.set_status(task, ann[:1], "completed")
        with pytest.raises(BackendError, match="1 moved item"):
            place.undo(plan)
        place.undo(plan, discard_work=True)
        assert place.held()["label"] == {**before, ANN: before[ANN] - {ann[0]}, CAT: {ann[0]}}

    def test_a_move_is_undone_after_one_that_brought_items_back(self, place: Place) -> None:
        _needs(place, action="move_items")
        place.apply(place.plan(LABEL))
        task = place.backend.task(DATASET, "label").id
        before = place.held()["label"]
        ann = sorted(before[ANN])
        there = place.plan_of(move(task, (ANN, CAT, ann[:3])))
        back = place.plan_of(move(task, (CAT, ANN, ann[:1])))
        for plan in (there, back):
            assert place.apply(plan).verification.ok
        (first,), (second,) = there.operations, back.operations
        assert place.backend.undo_blockers(first, frozenset({first.key}))
        assert place.backend.undo_blockers(first, frozenset({first.key, second.key})) == ()
        place.undo(back)
        place.undo(there)
        assert place.held()["label"] == before

    def test_moves_are_undone_together_with_what_they_move(self, place: Place) -> None:
        _needs(place, action="move_items")
        (make,) = place.plan(LABEL).operations
        ann = sorted(planned_shares(make)[ANN])
        first = move(make.id, (ANN, CAT, ann[:3]), after=(make.id,))
        second = move(make.id, (CAT, BEN, ann[:1]), (ANN, BEN, ann[3:4]), after=(make.id, first.id))
        plan = place.plan_of(make, first, second)
        report = place.apply(plan)
        assert report.verification.ok, report.verification.differences
        held = place.held()["label"]
        assert held[CAT] == set(ann[1:3])
        assert {ann[0], ann[3]} <= held[BEN]
        (line,) = place.backend.undo_blockers(first, frozenset({make.key, first.key}))
        assert "1 moved item" in line
        assert place.backend.undo_blockers(first, frozenset({make.key, first.key, second.key})) == ()
        place.undo(plan)
        assert place.held() == {}


def _context() -> Context:
    return Context("sha256:0", DATASET, {}, "lead@example.com", NOW)
