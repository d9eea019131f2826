"""The suite that every backend passes: subclass `BackendConformance` and give it a `Harness`.

::

    class TestMine(BackendConformance):
        @pytest.fixture
        def harness(self, tmp_path):
            with my_harness(tmp_path) as opened:
                yield opened

The harness opens a backend on a new, empty place and fills it with the items that
the suite asks for; everything else goes through the protocol of
`taskplan.replay.backend`. Tests of what a backend does not claim to do (``describe()``)
are skipped. Needs pytest.
"""

from __future__ import annotations

from typing import Any

import pytest

from taskplan.errors import BackendError, DriftError, InputError, NotFoundError
from taskplan.model.ids import ItemIds
from taskplan.replay.backend import Context
from taskplan.replay.verify import verify_plan
from taskplan.testing.places import (
    CHECK,
    COUNT,
    DATASET,
    LABEL,
    NOW,
    PROJECT,
    TEAM,
    TRUTH,
    Harness,
    Place,
    documents,
    planned_shares,
)
from taskplan.testing.work_conformance import WorkConformance


class BackendConformance(WorkConformance):
    """Inherit from it in a test class, with a fixture `harness`."""

    @pytest.fixture
    def place(self, harness: Harness) -> Any:
        harness.fill(PROJECT, DATASET, documents(), TEAM)
        backend = harness.open()
        yield Place(harness, backend)
        backend.close()

    def test_it_describes_itself(self, place: Place) -> None:
        said = place.backend.describe()
        assert said.name
        assert {"create_task", "add_items"} <= said.actions

    def test_datasets_and_items_are_there(self, place: Place) -> None:
        (found,) = place.backend.datasets()
        assert (found.name, found.project, found.items) == (DATASET, PROJECT, COUNT + TRUTH)
        table = place.backend.snapshot(DATASET)
        assert sorted(table.ids) == [document["id"] for document in documents()]
        assert len(place.backend.snapshot(None)) == COUNT + TRUTH
        some = ItemIds.of([documents()[0]["id"], documents()[5]["id"]])
        assert set(some) <= set(place.backend.snapshot(DATASET, only=some).ids)
        members = place.backend.members(DATASET)
        assert members is None or members >= set(TEAM)

    def test_what_is_not_there_is_named(self, place: Place) -> None:
        with pytest.raises(NotFoundError, match="fruit"):
            place.backend.snapshot("friut")
        with pytest.raises(NotFoundError):
            place.backend.task(DATASET, "none")
        (operation,) = place.plan(LABEL).operations
        assert place.backend.find(operation.key) is None
        assert not place.backend.begun(operation.key)
        assert place.backend.items_of(operation) == {}
        assert place.backend.undo(operation) is None
        assert place.backend.tasks() == ()

    def test_a_plan_is_performed_item_by_item(self, place: Place) -> None:
        plan = place.plan(LABEL, CHECK)
        report = place.apply(plan)
        assert report.verification.ok, report.verification.differences
        label, check = plan.operations
        assert place.held() == {"label": planned_shares(label), "check": planned_shares(check)}
        task = place.backend.task(DATASET, "label")
        assert (task.due, task.priority, task.type) == (label.task.due, 3, "annotation")  # type: ignore[union-attr]
        assert task.document["metadata"]["user"]["ticket"] == "LAB-7"
        review = place.backend.task(DATASET, "check")
        assert (review.type, review.document["spec"]["parentTaskId"]) == ("qa", task.id)
        assert place.backend.task(DATASET, task.id).name == "label"

    def test_twice_is_once(self, place: Place) -> None:
        plan = place.plan(LABEL, CHECK)
        first = place.apply(plan)
        before = place.held()
        again = place.apply(plan)
        assert (again.performed, len(again.already)) == ({}, 2)
        # Another machine: no journal, only what the backend knows.
        elsewhere = place.apply(plan, "other.db")
        assert (elsewhere.performed, len(elsewhere.already)) == ({}, 2)
        assert {name: o.task_id for name, o in elsewhere.already.items()} == {
            name: o.task_id for name, o in first.performed.items()
        }
        assert place.held() == before

    def test_performing_again_gives_the_same_answer(self, place: Place) -> None:
        (operation,) = place.plan(LABEL).operations
        context = Context("sha256:0", DATASET, {}, "lead@example.com", NOW)
        first = place.backend.perform(operation, context)
        assert place.backend.perform(operation, context) == first
        assert first.items == operation.allocation.items.count
        assert set(first.assignments) == {"ann@example.com", "ben@example.com"}
        assert place.backend.find(operation.key) == first
        assert len(place.backend.tasks()) == 1

    def test_another_process_sees_it(self, place: Place) -> None:
        plan = place.plan(LABEL)
        place.apply(plan)
        place.backend.close()
        place.backend = place.harness.open()
        assert verify_plan(plan, place.backend).ok

    def test_items_are_added_to_a_task(self, place: Place) -> None:
        place.apply(place.plan(LABEL))
        adding = place.plan(
            {
                "add_to": "label",
                "filter": {"dir": "/test"},
                "assignees": ["ann@example.com", "cat@example.com"],
            }
        )
        (operation,) = adding.operations
        report = place.apply(adding)
        assert report.verification.ok, report.verification.differences
        assert {who: set(ids) for who, ids in place.backend.items_of(operation).items()} == planned_shares(
            operation
        )
        held = place.held()["label"]
        assert sum(map(len, held.values())) == COUNT
        assert held["cat@example.com"] == planned_shares(operation)["cat@example.com"]

    def test_undo_takes_back_exactly_what_was_made(self, place: Place) -> None:
        base = place.plan(LABEL)
        place.apply(base)
        before = place.held()
        more = place.plan(
            {"add_to": "label", "filter": {"dir": "/test"}, "assignees": ["cat@example.com"]},
            {"name": "second", "filter": {"dir": "/test"}, "assignees": ["ben@example.com"]},
        )
        place.apply(more)
        report = place.undo(more)
        assert set(report.removed) == {operation.id for operation in more.operations}
        assert place.held() == before
        assert place.undo(more).removed == {}
        assert place.apply(more).verification.ok

    def test_undo_stops_where_people_have_worked(self, place: Place) -> None:
        plan = place.plan(LABEL)
        place.apply(plan)
        (operation,) = plan.operations
        task = place.backend.task(DATASET, "label").id
        place.harness.set_status(task, operation.allocation.items.unpack()[:2].tolist(), "completed")
        with pytest.raises(BackendError, match="2 items"):
            place.undo(plan)
        assert place.held() == {"label": planned_shares(operation)}
        statuses = [a.statuses for a in place.backend.task(DATASET, "label").assignments if a.statuses]
        assert sum(sum(found.values()) for found in statuses) == 2
        place.undo(plan, discard_work=True)
        assert place.held() == {}

    def test_undo_stops_where_a_review_depends_on_it(self, place: Place) -> None:
        first = place.plan(LABEL)
        place.apply(first)
        place.apply(place.plan(LABEL, CHECK))
        with pytest.raises(BackendError, match='the task "check" reviews the task "label"'):
            place.undo(first)

    def test_drift_stops_before_the_first_write(self, place: Place) -> None:
        plan = place.plan({**LABEL, "filter": {"metadata.user.n": {"lt": 4}}})
        place.harness.remove_item(documents()[0]["id"])
        place.harness.change_item(documents()[1]["id"], {"n": 99})
        with pytest.raises(DriftError) as caught:
            place.apply(plan)
        assert len(caught.value.changes) == 2
        assert place.held() == {}
        report = place.apply(plan, allow_drift=True)
        assert report.verification.ok
        assert sum(len(ids) for ids in place.held()["label"].values()) == 2

    def test_own_work_is_no_drift(self, place: Place) -> None:
        plan = place.plan(
            {**LABEL, "filter": {"dir": "/train", "metadata.system.refs": []}},
            {"name": "both", "filter": {"metadata.system.refs": []}, "assignees": ["cat@example.com"]},
        )
        place.apply(plan, only={plan.operations[0].id})
        assert place.apply(plan).verification.ok

    def test_items_of_others_are_left_out_of_a_snapshot_of_before(self, place: Place) -> None:
        plan = place.plan(LABEL)
        place.apply(plan)
        key = plan.operations[0].key
        now = place.backend.snapshot(DATASET)
        then = place.backend.snapshot(DATASET, without=frozenset({key}))
        path = "metadata.system.refs.id"
        assert sum(bool(now.column(path).reached(row)) for row in range(COUNT)) == 18
        assert sum(bool(then.column(path).reached(row)) for row in range(COUNT)) == 0

    def test_a_name_that_two_tasks_share_needs_an_id(self, place: Place) -> None:
        place.apply(place.plan(LABEL))
        place.apply(place.plan({**LABEL, "filter": {"dir": "/test"}}))
        with pytest.raises(InputError, match='2 tasks are named "label"'):
            place.backend.task(DATASET, "label")

    def test_strangers_are_drift_where_members_are_known(self, place: Place) -> None:
        plan = place.plan({**LABEL, "assignees": ["stranger@example.com"]})
        if place.backend.members(DATASET) is None:
            assert place.apply(plan).verification.ok
            return
        with pytest.raises(DriftError) as caught:
            place.apply(plan)
        assert "stranger@example.com is no member of the project" in caught.value.changes[0]
