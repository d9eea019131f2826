"""Quality tasks, pulling tasks and moves: allocations taken apart, narrowed, rehearsed, pulled over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskplan.errors import DriftError, InputError
from taskplan.model.memory import MemoryTable
from taskplan.model.store import Mirror, PulledRef
from taskplan.planning.document import ModeKind, Operation, Plan
from taskplan.replay.drift import check_drift
from taskplan.replay.journal import Journal
from taskplan.replay.modes import parts_of, system_of
from taskplan.replay.moves import moves_of
from taskplan.replay.native import native_of
from taskplan.replay.order import without_items
from taskplan.replay.rehearse import rehearse_plan
from taskplan.replay.undo import undo_plan
from taskplan.replay.verify import verify_plan
from taskplan.testing.operations import move, plan_of, pulling_task, quality_task
from taskplan_sqlite.backend import SqliteBackend
from tests.replay.support import ACTOR, NOW, apply, dump, new_store, open_backend, plan_for

ANN, BEN, CAT = TEAM = ("ann@example.com", "ben@example.com", "cat@example.com")
IDS = [f"{number:024x}" for number in range(40)]
MADE = {"tasks": [{"name": "label", "filter": {"metadata.user.n": {"lt": 12}}, "assignees": [ANN, BEN]}]}


def plan(*operations: Operation) -> Plan:
    table = MemoryTable.from_documents([{"id": item} for item in IDS], dataset="fruit")
    return plan_of(table, *operations)


@st.composite
def quality_tasks(draw: st.DrawFn) -> Operation:
    people = TEAM[: draw(st.integers(1, 3))]
    kind: ModeKind = draw(st.sampled_from(["consensus", "qualification", "honeypot"]))
    items, pool = IDS[: draw(st.integers(1, 30))], IDS[30:]
    percent = draw(st.sampled_from([1, 5, 12.5, 25]) if kind == "honeypot" else st.integers(1, 100))
    each = draw(st.integers(1, len(people)))
    return quality_task("t", kind, items, people, percent=percent, each=each, pool=pool)


@given(quality_tasks())
def test_the_parts_are_what_was_dealt(operation: Operation) -> None:
    parts, mode = parts_of(operation), operation.mode
    assert mode is not None
    assert sum(map(len, parts.copies.values())) == mode.copied
    singles = [item for ids in parts.single.values() for item in ids]
    assert len(set(singles)) == len(singles)
    for who, ids in operation.items_by_assignee().items():
        assert sorted([*parts.single[who], *parts.copies[who]]) == sorted(ids)
    assert sum(parts.loads.values()) == pytest.approx(100)
    if mode.kind == "honeypot":
        assert set(parts.items) == set(singles)


@given(quality_tasks(), st.data())
def test_what_is_left_is_dealt_out_as_the_platform_would(operation: Operation, data: st.DataObject) -> None:
    items = parts_of(operation).items.tolist()
    dropped = data.draw(st.sets(st.sampled_from(items)))
    less = without_items(operation, dropped)
    assert less.mode is not None
    assert sum(share.items for share in less.allocation.shares) == less.allocation.items.count
    assert set(parts_of(less).items) == set(items) - dropped
    # The same again, as when a replay goes on.
    lost = set(operation.allocation.items.unpack()) - set(less.allocation.items.unpack())
    assert without_items(operation, lost) == less


def test_too_little_ground_truth_is_told() -> None:
    operation = quality_task("t", "honeypot", IDS[:8], (ANN,), percent=20, pool=IDS[30:32])
    assert without_items(operation, IDS[:2]).allocation.items.count == 6 + 2
    with pytest.raises(InputError, match="20 % of ground truth asks for 2 items of /honeypot, there are 1"):
        without_items(operation, IDS[30:31])


def test_moves_are_narrowed_move_by_move() -> None:
    operation = move("t", (ANN, CAT, IDS[:3]), (BEN, CAT, IDS[3:5]), (CAT, BEN, IDS[5:7]))
    less = without_items(operation, {IDS[0], IDS[3], IDS[4]}, {BEN})
    assert [(m.giver, m.taker, m.items.tolist()) for m in moves_of(less)] == [(ANN, CAT, IDS[1:3])]
    assert less.people == (CAT,)
    assert less.allocation.items.unpack().tolist() == IDS[1:3]
    assert without_items(operation, IDS).moves == ()


def test_a_queue_waits_for_whoever_is_left() -> None:
    operation = pulling_task("t", IDS, TEAM)
    less = without_items(operation, IDS[:10], {ANN})
    assert (less.people, less.allocation.items.count) == ((BEN, CAT), 30)
    assert without_items(operation, (), set(TEAM)).allocation.items.count == 0


def test_what_the_platform_is_told() -> None:
    consensus = quality_task("t", "consensus", IDS, TEAM, percent=50, each=2)
    assert consensus.mode is not None
    assert system_of(consensus.mode) == {
        "allowedAssignees": list(TEAM),
        "consensusTaskType": "consensus",
        "consensusPercentage": 50,
        "consensusAssignees": 2,
        "scoring": False,
    }
    assert "by nature" in native_of(consensus).why
    assert "by nature" in native_of(pulling_task("t", IDS, TEAM)).why
    assert not native_of(move("t", (ANN, BEN, IDS))).possible


@pytest.fixture
def backend(tmp_path: Path) -> Any:
    opened = open_backend(new_store(tmp_path))
    yield opened
    opened.close()


def everything(backend: SqliteBackend) -> Plan:
    """A plan of each kind, over a task that is there."""
    apply(plan_for(backend, MADE), backend)
    task = backend.task("fruit", "label").id
    return plan(
        quality_task("agree", "consensus", IDS[20:30], TEAM, percent=50, each=2),
        quality_task("school", "qualification", IDS[30:33], TEAM),
        pulling_task("pull", IDS[12:], (ANN, BEN)),
        move(task, (ANN, CAT, IDS[:6]), (BEN, ANN, IDS[6:8])),
    )


def test_undo_leaves_the_store_as_it_was(backend: SqliteBackend) -> None:
    made = everything(backend)
    before = dump(backend.store.path)
    report = apply(made, backend)
    assert report.verification.ok, report.verification.differences
    with Journal(backend.store.path) as journal:
        undo_plan(made, backend, journal, clock=lambda: NOW)
    after = dump(backend.store.path)
    # The assignment that had disappeared is there again, with its id, as the last one and as of now.
    assert {row[0] for row in after["assignments"]} == {row[0] for row in before["assignments"]}
    del before["assignments"], after["assignments"]
    assert after == before


def test_a_rehearsal_shows_it_and_keeps_nothing(backend: SqliteBackend) -> None:
    made = everything(backend)
    before = dump(backend.store.path)
    report, verification = rehearse_plan(made, backend, actor=ACTOR, clock=lambda: NOW)
    assert verification.ok
    assert {name: outcome.items for name, outcome in report.performed.items()} == {
        "create:agree": 15,
        "create:school": 9,
        "create:pull": 28,
        made.operations[3].id: 8,
    }
    assert dump(backend.store.path) == before


def test_what_people_took_and_did_since_is_no_difference_to_a_queue(backend: SqliteBackend) -> None:
    made = plan(pulling_task("pull", IDS[:12], (ANN, BEN)))
    apply(made, backend)
    task = backend.task("fruit", "pull")
    backend.set_status(task.id, task.assignments[0].items, "completed", creator=ANN, now=NOW)
    assert verify_plan(made, backend).ok
    with backend.store.write() as connection:
        connection.execute("UPDATE assignments SET annotator = 'dan@example.com' WHERE annotator = ?", (ANN,))
    assert verify_plan(made, backend).differences == (
        "create:pull: dan@example.com has 3 items and is not in the plan",
    )


def test_where_a_moved_item_is_now_is_told(backend: SqliteBackend) -> None:
    made = everything(backend)
    moving = made.operations[3]
    apply(made, backend)
    task = backend.task("fruit", "label")
    backend.remove_items(task.id, moves_of(moving)[0].items[:1])
    assert verify_plan(made, backend).differences == (
        f"{moving.id}: item {IDS[0]} is not in the task, planned was {CAT}",
    )


def test_strangers_to_a_quality_task_stop_all_of_it(backend: SqliteBackend) -> None:
    with backend.store.write() as connection:
        connection.executemany(
            "INSERT INTO contributors (project, email, role, document) SELECT pk, ?, '', '{}' FROM projects",
            [(ANN,), (BEN,)],
        )
    made = plan(
        quality_task("agree", "consensus", IDS[:10], TEAM, percent=50, each=2),
        pulling_task("pull", IDS[12:], TEAM),
    )
    assert [change.words for change in check_drift(made, backend, ())] == [
        f"create:{name}: {CAT} is no member of the project" for name in ("agree", "pull")
    ]
    with pytest.raises(DriftError):
        apply(made, backend)
    report = apply(made, backend, allow_drift=True)
    assert set(report.performed) == {"create:pull"}
    assert report.verification.ok
    assert {a.assignee for a in backend.task("fruit", "pull").assignments} == {ANN, BEN}


PULLED = ("5f00000000000000000000aa", "5f00000000000000000000ab")


def pulled(backend: SqliteBackend) -> None:
    """Let the platform's own task be there, with the first six items at Ann's."""
    task, assignment = PULLED
    backend.store.mirror(
        Mirror(
            project={"id": "p1", "name": "local"},
            dataset={"id": "d1", "name": "fruit"},
            items=frozenset(IDS),
            members=[],
            recipes=[],
            tasks=[{"id": task, "name": "theirs", "metadata": {}}],
            assignments=[(task, {"id": assignment, "annotator": ANN, "metadata": {"system": {}}})],
            refs=[PulledRef(item, task, assignment, None, None, None) for item in IDS[:6]],
        )
    )


def test_what_was_rehearsed_here_stays_after_a_pull(backend: SqliteBackend) -> None:
    pulled(backend)
    made = plan(
        quality_task("agree", "consensus", IDS[20:30], TEAM, percent=50, each=2),
        move(PULLED[0], (ANN, CAT, IDS[:2])),
    )
    assert apply(made, backend).verification.ok
    pulled(backend)
    assert verify_plan(made, backend).ok
    held = {a.assignee: set(a.items) for a in backend.task("fruit", "theirs").assignments}
    assert held == {ANN: set(IDS[2:6]), CAT: set(IDS[:2])}
    with Journal(backend.store.path) as journal:
        undo_plan(made, backend, journal, clock=lambda: NOW)
    (theirs,) = backend.tasks()
    assert {a.assignee: set(a.items) for a in theirs.assignments} == {ANN: set(IDS[:6])}
    assert "taskplan" not in theirs.document["metadata"].get("user", {})


SPECS: dict[str, dict[str, Any]] = {
    "consensus": {"quality": {"kind": "consensus", "percent": 40, "assignees": 2}},
    "qualification": {"quality": {"kind": "qualification"}},
    "pulling": {"pulling": {"batch": 4, "maximum": 7}},
}


@pytest.mark.parametrize("kind", SPECS)
def test_plans_of_specs_are_performed_and_narrowed(kind: str, backend: SqliteBackend) -> None:
    task = {"name": "t", "filter": {"dir": "/train"}, "assignees": list(TEAM), **SPECS[kind]}
    made = plan_for(backend, {"tasks": [task]})
    with backend.store.write() as connection:
        connection.execute("UPDATE items SET dir = '/gone', filename = '/gone/0.jpg' WHERE id = ?", (IDS[0],))
        connection.execute(
            "UPDATE items SET document = json_set(document, '$.filename', '/gone/0.jpg') WHERE id = ?",
            (IDS[0],),
        )
        backend.store.touch_documents(1)
    with pytest.raises(DriftError, match="1 thing has changed"):
        apply(made, backend)
    report = apply(made, backend, allow_drift=True)
    assert report.verification.ok, report.verification.differences
    assert apply(made, backend).verification.ok


def test_a_plan_that_redistributes_is_performed(backend: SqliteBackend) -> None:
    apply(plan_for(backend, MADE), backend)
    made = plan_for(backend, {"tasks": [{"redistribute": "label", "assignees": list(TEAM)}]})
    report = apply(made, backend)
    assert report.verification.ok, report.verification.differences
    assert sorted(len(a.items) for a in backend.task("fruit", "label").assignments) == [4, 4, 4]
