"""`check_plan` believes nothing: honest plans of every kind pass, and every change to one is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from taskplan.errors import PlanError
from taskplan.model.ids import ItemIds
from taskplan.model.memory import MemoryTable
from taskplan.planning.checks import CHECKS, check_plan
from taskplan.planning.document import MoveRecord, NeedRecord, Operation, PackedIds, Plan, Share
from taskplan.planning.planner import make_plan
from taskplan.planning.spec import spec_from
from tests.planning import support

ANN, BEN, CAT, DAN = (f"{name}@example.com" for name in ("ann", "ben", "cat", "dan"))
TABLE = support.generated(40)
WEIGHTED = [{"email": ANN, "weight": 2}, {"email": BEN, "weight": 1}, {"email": CAT, "count": 5}]
LIDAR = {"where": {"metadata.user.scene": "a"}, "skills": ["lidar"]}


def planned(*tasks: Mapping[str, Any], table: MemoryTable = TABLE, **options: Any) -> Plan:
    named = [{"name": f"t{number}", "assignees": [ANN, BEN], **task} for number, task in enumerate(tasks)]
    for task in named:
        if "redistribute" in task or "add_to" in task:
            del task["name"]
    return make_plan(spec_from({"tasks": named}), table, **options)


def statuses(plan: Plan, table: MemoryTable | None = None) -> dict[str, str]:
    return {finding.check: finding.status for finding in check_plan(plan, table)}


def faults(plan: Plan, check: str, table: MemoryTable | None = None) -> tuple[str, ...]:
    return next(finding.faults for finding in check_plan(plan, table) if finding.check == check)


@pytest.mark.parametrize(
    "tasks",
    [
        [{}],
        [{"assignees": WEIGHTED}],
        [{"assignees": WEIGHTED, "split_above": 15}],
        [{"assignees": WEIGHTED, "limit": 11, "order": {"stratified": "metadata.user.scene"}}],
        [{"assignees": WEIGHTED, "order": {"grouped": "metadata.user.scene"}}],
        [{"assignees": [{"email": ANN, "percent": 33.3}, {"email": BEN, "percent": 66.7}]}],
        [{"assignees": [{"email": ANN, "percent": 30}, {"email": BEN, "weight": 2}, CAT]}],
        [{"assignees": [{"email": ANN, "maximum": 3}, {"email": BEN, "minimum": 9}]}],
        [{"assignees": [{"email": ANN, "skills": ["lidar"]}, BEN], "needs": [LIDAR]}],
        [{"effort": "1 + annotations", "assignees": WEIGHTED[:2]}],
        [{"overlap": 2, "assignees": [ANN, BEN, CAT]}],
        [{"quality": {"kind": "consensus", "percent": 50, "assignees": 2}}],
        [{"quality": {"kind": "qualification"}}],
        [{"pulling": {"batch": 5, "maximum": 8}}],
        [{"split_above": 20}, {"type": "qa", "of": "t0", "assignees": [ANN, BEN, CAT]}],
        [{}, {"type": "qa", "of": "t0", "filter": {"metadata.user.scene": "a"}, "limit": 3}],
        [{"filter": {"dir": "/nowhere"}}],
        [{"filter": {"dir": "/test"}}, {"filter": {"dir": "/test"}, "name": "t0 (1/2)"}],
    ],
    ids=str,
)
def test_an_honest_plan_passes(tasks: list[Mapping[str, Any]]) -> None:
    plan = planned(*tasks)
    findings = check_plan(plan, TABLE)
    assert [finding.faults for finding in findings if finding.status == "fails"] == []
    assert statuses(plan)["snapshot"] == "not said"


def test_an_honest_redistribution_and_an_honest_addition_pass() -> None:
    existing = support.Existing(TABLE.ids[:10])
    plan = planned({"redistribute": "label-train"}, resolver=existing)
    assert statuses(plan)["moves"] == "holds"
    more = planned({"add_to": "label-train", "strategy": "sticky"}, resolver=existing)
    for found in (plan, more):
        assert "fails" not in statuses(found).values()


def test_a_check_that_finds_nothing_to_look_at_does_not_hold() -> None:
    assert statuses(planned({}, {"type": "qa", "of": "t0", "assignees": [CAT]})) == {
        "coverage": "holds",
        "certificate": "holds",
        "shares": "holds",
        "bounds": "not said",
        "needs": "not said",
        "dependencies": "holds",
        "qa-separation": "holds",
        "moves": "not said",
        "snapshot": "not said",
    }


def changed(plan: Plan, change: Callable[[Operation], Operation], place: int = 0) -> Plan:
    operations = list(plan.operations)
    operations[place] = change(operations[place])
    return replace(plan, operations=tuple(operations))


def allocation(**fields: Any) -> Callable[[Operation], Operation]:
    return lambda operation: replace(operation, allocation=replace(operation.allocation, **fields))


def fairness(**fields: Any) -> Callable[[Operation], Operation]:
    return lambda o: allocation(fairness=replace(o.allocation.fairness, **fields))(o)


def with_ids(change: Callable[[list[str]], list[str]]) -> Callable[[Operation], Operation]:
    return lambda o: allocation(items=PackedIds.of(ItemIds.of(change(o.allocation.items.unpack().tolist()))))(
        o
    )


def shares(*counts: int) -> Callable[[Operation], Operation]:
    def change(operation: Operation) -> Operation:
        people = [share.assignee for share in operation.allocation.shares]
        return allocation(shares=tuple(map(Share, people, counts)))(operation)

    return change


BASE = planned({})
SPLIT = planned({"assignees": WEIGHTED})
REVIEW = planned({}, {"type": "qa", "of": "t0", "assignees": [CAT, DAN]})
COPIES = planned({"overlap": 2, "assignees": [ANN, BEN, CAT]})
LIMITED = planned({"assignees": [{"email": ANN, "maximum": 20}, {"email": BEN, "minimum": 25}]})
NEEDS = planned({"assignees": [{"email": ANN, "skills": ["lidar"]}, BEN], "needs": [LIDAR]})
MOVED = planned({"redistribute": "label-train"}, resolver=support.Existing(TABLE.ids[:10]))


def own_work(operation: Operation) -> Operation:
    """Let the annotators themselves review."""
    made = BASE.operations[0].allocation
    return allocation(shares=made.shares, items=made.items)(operation)


@pytest.mark.parametrize(
    ("plan", "check", "said"),
    [
        (changed(BASE, with_ids(lambda ids: [*ids[:-1], ids[0]])), "coverage", "t0: 1 item given out twice"),
        (changed(BASE, with_ids(lambda ids: [ids[1], *ids[1:]])), "coverage", f"t0: {ANN} gets 1 item twice"),
        (changed(BASE, with_ids(lambda ids: ids[:-1])), "coverage", "t0: its shares add up to 45, but"),
        (
            changed(changed(BASE, with_ids(lambda ids: ids[:-1])), shares(23, 21)),
            "coverage",
            "t0: 45 items selected, but 44 given out",
        ),
        (
            changed(COPIES, lambda o: replace(o, allocation=COPIES.operations[0].allocation), 1),
            "coverage",
            f"t0 (copy 1/2): {ANN} gets 15 items in several copies",
        ),
        (changed(COPIES, with_ids(lambda ids: [*ids[:-1], "f" * 24])), "coverage", "t0 (copy 1/2): its"),
        (changed(BASE, shares(24, 21)), "certificate", "t0: its certificate says a gap of 1 in items"),
        (changed(BASE, fairness(value=0.0)), "certificate", "t0: its certificate has the value 0, below"),
        (changed(BASE, fairness(bound=0.0)), "certificate", "t0: its certificate says optimal"),
        (changed(BASE, fairness(ratio=2.0)), "certificate", "t0: its certificate says a ratio of 2"),
        (changed(BASE, fairness(value=float("nan"))), "certificate", "t0: its certificate has the value nan"),
        (
            changed(SPLIT, fairness(measures={"jain": 1.0})),
            "certificate",
            "t0: its certificate says jain 1, but its shares give 0.99",
        ),
        (
            changed(SPLIT, fairness(measures={"quota": "violated for ann@example.com"})),
            "certificate",
            't0: its certificate says quota "violated for ann@example.com", its shares say otherwise',
        ),
        (
            changed(SPLIT, fairness(value=0.2, bound=0.1, ratio=2.0, optimal=False)),
            "certificate",
            "t0: its certificate says largest distance from the exact share in items 0.2, but",
        ),
        (changed(BASE, shares(24, 21)), "shares", f"t0: {ANN} gets 24 items for a share of 22.5"),
        (changed(SPLIT, shares(25, 15, 5)), "shares", f"t0: {ANN} gets 25 items for a share of 26.67"),
        (changed(SPLIT, shares(27, 14, 4)), "bounds", f"t0: {CAT} gets 4 items for a fixed count of 5"),
        (changed(LIMITED, shares(21, 24)), "bounds", f"t0: {ANN} gets 21 items, more than"),
        (changed(LIMITED, shares(21, 24)), "bounds", f"t0: {BEN} gets 24 items, fewer than"),
        (changed(NEEDS, shares(0, 45)), "needs", "t0: "),
        (
            changed(NEEDS, allocation(needs=(NeedRecord(99, ("lidar",), (), (ANN,)),))),
            "needs",
            "t0: 99 items have needs, but there are 45",
        ),
        (
            changed(REVIEW, lambda o: replace(o, depends_on=("create:x",)), 1),
            "dependencies",
            "t1: depends on create:x, which is not in the plan",
        ),
        (
            changed(REVIEW, lambda o: replace(o, depends_on=()), 1),
            "dependencies",
            "t1: reviews create:t0, but does not depend on it",
        ),
        (
            changed(REVIEW, lambda o: replace(o, depends_on=("create:t1",))),
            "dependencies",
            "t0: depends on itself",
        ),
        (changed(REVIEW, own_work, 1), "qa-separation", f"t1: {ANN} reviews 23 items of their own"),
        (
            changed(MOVED, lambda o: replace(o, moves=(MoveRecord(ANN, BEN, 1),))),
            "moves",
            "label-train: its moves do not add up to its shares",
        ),
        (
            changed(MOVED, lambda o: replace(o, moves=(MoveRecord(BEN, BEN, 5),))),
            "moves",
            f"label-train: {BEN} takes items from themselves",
        ),
        (changed(BASE, lambda o: replace(o, moves=(MoveRecord(ANN, BEN, 1),))), "moves", "t0: has moves"),
    ],
)  # fmt: skip
def test_a_change_is_found(plan: Plan, check: str, said: str) -> None:
    found = faults(plan, check)
    assert any(fault.startswith(said) for fault in found), found


GROUPED = planned({"filter": {"dir": "/test"}, "order": {"grouped": "metadata.user.scene"}})


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (changed(GROUPED, with_ids(lambda ids: ["f" * 24, *ids[1:]])), "t0: 1 item not in fruit"),
        (changed(GROUPED, with_ids(lambda ids: [TABLE.ids[0], *ids[1:]])), "t0: 1 item not matched"),
        (changed(GROUPED, with_ids(lambda ids: [*ids[1:], ids[0]])), "t0: both "),
    ],
)  # fmt: skip
def test_a_change_is_found_beside_the_items(plan: Plan, said: str) -> None:
    assert statuses(GROUPED, TABLE)["snapshot"] == "holds"
    found = faults(plan, "snapshot", TABLE)
    assert [fault.startswith(said) for fault in found] == [True], found


def test_other_items_than_the_plan_was_made_from_are_told() -> None:
    assert faults(BASE, "snapshot", support.generated(41)) == (
        "fruit is no longer what the plan was made from",
    )


def test_a_plan_without_tasks_in_its_spec_is_checked_as_far_as_it_tells() -> None:
    recorded = replace(SPLIT, spec={"script": "label.py"})
    assert statuses(recorded)["shares"] == "not said"
    assert statuses(recorded)["coverage"] == "holds"
    assert "fails" not in statuses(recorded).values()


def test_items_that_cannot_be_read_are_an_error() -> None:
    broken = changed(BASE, allocation(items=PackedIds("lines+zlib+base64", 45, "AAAA")))
    with pytest.raises(PlanError, match=r"^t0: its items cannot be read: "):
        check_plan(broken)


def test_every_check_has_caught_something() -> None:
    caught = {case[1] for case in test_a_change_is_found.pytestmark[0].args[1]}  # type: ignore[attr-defined]
    assert caught | {"snapshot"} == set(CHECKS)


def test_a_large_plan_is_checked_in_no_time() -> None:
    table = MemoryTable.from_documents(
        {"id": f"{number:024x}", "filename": f"/{number}.jpg"} for number in range(60_000)
    )
    plan = planned({"assignees": WEIGHTED[:2]}, table=table)
    assert statuses(plan)["coverage"] == "holds"
    assert np.sum([share.items for share in plan.operations[0].allocation.shares]) == 60_000
