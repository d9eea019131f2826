"""What specs ask beyond counts: effort, needs, overlap, quality, pulling, reviews, redistribution."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskplan.allocation.problem import Allocation, Assignee, Certificate, Need, Problem
from taskplan.allocation.separation import separated
from taskplan.errors import InfeasibleError, InputError, SpecError
from taskplan.model.memory import MemoryTable
from taskplan.planning.codec import dump, load
from taskplan.planning.document import Operation, Plan
from taskplan.planning.effort import efforts
from taskplan.planning.explain import explain_assignee, explain_item
from taskplan.planning.planner import make_plan
from taskplan.planning.spec import spec_from
from tests.planning.support import generated, one_task

NO_CERTIFICATE = Certificate({}, "", 0.0, 0.0, 1.0, True)
ANN, BEN, CAT, DAN = (f"{name}@example.com" for name in ("ann", "ben", "cat", "dan"))


def planned(fields: dict[str, Any], table: MemoryTable | None = None, **options: Any) -> Plan:
    return make_plan(spec_from(one_task(**fields)), table or generated(120), **options)


def items_of(operation: Operation) -> dict[str, set[str]]:
    return {who: set(ids) for who, ids in operation.items_by_assignee().items()}


def documents(*fields: dict[str, Any]) -> MemoryTable:
    return MemoryTable.from_documents(
        [{"id": f"{n:024x}", "filename": f"/{n}.jpg", **each} for n, each in enumerate(fields)]
    )


FORMULAS = documents(
    {"metadata": {"system": {"width": 4, "height": 3}, "user": {"frames": 10, "long-name": 2}}},
    {"metadata": {"system": {"width": 2, "height": 2}, "user": {"frames": 0.5, "long-name": 8}}},
)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (3, [3, 3]),
        ("2.5", [2.5, 2.5]),
        ("metadata.user.frames", [10, 0.5]),
        ("2 + 0.5 * metadata.user.frames", [7, 2.25]),
        ("pixels / 2", [6, 2]),
        ("max(metadata.user.frames, 1) - 1", [9, 0]),
        ("min(3, pixels)", [3, 3]),
        ("sqrt(pixels + 4) * 2", [8, np.sqrt(8) * 2]),
        ('"metadata.user.long-name" * 2', [4, 16]),
        ("default(metadata.user.none, 7)", [7, 7]),
        ("-(1 - metadata.user.frames) + 1", [10, 0.5]),
    ],
)
def test_formulas(formula: str | float, expected: list[float]) -> None:
    found = efforts(formula, FORMULAS)
    assert found.tolist() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("metadata.user.framse", 'no number at "metadata.user.framse"'),
        ("1 / 0", '"1 / 0" is inf for 2 items'),
        ("1 - pixels", "is -11 for 2 items"),
        ("__import__('os')", 'there is no function "__import__"'),
        ("pixels ** 2", "cannot read"),
        ("[1 for x in y]", "cannot read"),
        ("lambda: 1", "cannot read"),
        ("True", "cannot read"),
        ("sqrt(1, 2)", '"sqrt" does not take these arguments'),
        ("(" * 300, "cannot read the formula"),
        ("", "cannot read the formula"),
        ("nan", 'no number at "nan"'),
    ],
)
def test_formulas_that_make_no_sense(formula: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        efforts(formula, FORMULAS)
    assert message in str(caught.value)


@settings(deadline=None, max_examples=50)
@given(st.text(alphabet="abcdefmin pxl.()+-*/,0123456789'\"[]", max_size=25))
def test_no_formula_breaks_the_reader(formula: str) -> None:
    try:
        found = efforts(formula, FORMULAS)
    except InputError:
        return
    assert (found >= 0).all()


def test_effort_is_balanced_and_shown() -> None:
    plan = planned({"effort": "1 + annotations"})
    (operation,) = plan.operations
    record = operation.allocation
    assert (record.strategy, record.effort) == ("balanced", "1 + annotations")
    first, second = (share.effort for share in record.shares)
    assert first is not None
    assert second is not None
    assert abs(first - second) <= 1
    assert "annotationsCount" in plan.snapshot.paths


def test_needs_by_filter_and_by_field_go_only_to_those_who_may() -> None:
    needs = [
        {"where": {"metadata.user.scene": "a"}, "skills": ["night"]},
        {"where": {"metadata.system.mimetype": "image/png"}, "exclude": [BEN]},
    ]
    people = [{"email": ANN, "skills": ["night"]}, BEN, CAT]
    table = generated(120)
    plan = planned({"needs": needs, "assignees": people}, table)
    (operation,) = plan.operations
    assert operation.allocation.strategy == "eligible"
    scene, kind = table.column("metadata.user.scene"), table.column("metadata.system.mimetype")
    for who, ids in operation.items_by_assignee().items():
        for row in table.ids.rows_of(ids).tolist():
            assert who == ANN or scene.reached(row) != ("a",)
            assert who != BEN or kind.reached(row) != ("image/png",)
    by_skills = {need.skills: need.people for need in operation.allocation.needs if not need.excluded}
    assert by_skills[("night",)] == (ANN,)


def test_a_field_may_name_the_skills() -> None:
    table = documents(
        {"metadata": {"user": {"needs": ["lidar", "night"]}}},
        {"metadata": {"user": {"needs": "lidar"}}},
        {"metadata": {"user": {"needs": []}}},
        {},
    )
    people = [{"email": ANN, "skills": ["lidar", "night"]}, {"email": BEN, "skills": ["lidar"]}, CAT]
    plan = planned({"needs": "metadata.user.needs", "assignees": people}, table)
    found = items_of(plan.operations[0])
    assert table.ids[0] in found[ANN]
    assert table.ids[1] in found[ANN] | found[BEN]


def test_a_need_of_a_field_that_is_nowhere_is_said() -> None:
    plan = planned({"needs": [{"where": {"metadata.user.scenne": "a"}, "skills": ["night"]}]})
    assert any('no item has "metadata.user.scenne"; did you mean' in line for line in plan.warnings)


def test_effort_and_needs_together() -> None:
    people = [{"email": ANN, "skills": ["night"]}, {"email": BEN, "maximum": 100}]
    plan = planned(
        {
            "effort": "1 + annotations",
            "needs": [{"where": {"metadata.user.scene": "a"}, "skills": ["night"]}],
            "assignees": people,
        }
    )
    assert plan.operations[0].allocation.strategy == "balanced-eligible"
    assert plan.operations[0].allocation.fairness.ratio < 1.1


def test_overlap_makes_a_task_for_each_copy_with_other_people() -> None:
    plan = planned({"overlap": 2, "assignees": [ANN, BEN, CAT]})
    first, second = plan.operations
    assert (first.title, second.title) == ("t (copy 1/2)", "t (copy 2/2)")
    assert all(not items_of(first)[who] & items_of(second)[who] for who in (ANN, BEN, CAT))
    assert set.union(*items_of(first).values()) == set.union(*items_of(second).values())
    assert plan.warnings == ()


def test_quality_tasks_are_planned_as_the_platform_makes_them() -> None:
    consensus = planned({"quality": {"kind": "consensus", "percent": 50, "assignees": 2}}).operations[0]
    assert consensus.mode is not None
    assert (consensus.mode.kind, consensus.mode.each, consensus.mode.copied) == ("consensus", 2, 124)
    qualification = planned({"quality": {"kind": "qualification"}}).operations[0]
    every = set.union(*items_of(qualification).values())
    assert all(ids == every for ids in items_of(qualification).values())


def test_ground_truth_comes_from_its_folder_or_from_a_filter() -> None:
    table = documents(*({"filename": f"/honeypot/{n}.jpg"} for n in range(4)), *({} for _ in range(36)))
    plan = planned({"quality": {"kind": "honeypot", "percent": 10}}, table)
    (operation,) = plan.operations
    assert operation.mode is not None
    truth = {table.ids[row] for row in range(4)}
    assert all(len(ids & truth) == 2 for ids in items_of(operation).values())
    assert "4 of the selected items are ground truth" in plan.warnings[0]
    by_filter = {"kind": "honeypot", "percent": 10, "ground_truth": {"filename": "/honeypot/*"}}
    (dealt,) = planned({"quality": by_filter}, table).operations
    assert dealt.mode is None
    first, second = items_of(dealt).values()
    assert not first & second
    assert len(first & truth) == len(second & truth) == 2


def test_a_pool_of_ground_truth_that_is_too_small_is_refused() -> None:
    with pytest.raises(InfeasibleError, match="asks for 7 items of /honeypot, there are 0"):
        planned({"quality": {"kind": "honeypot", "percent": 10}})


def test_items_of_a_pulling_task_wait_for_people() -> None:
    (operation,) = planned({"pulling": {"batch": 5, "maximum": 8}}).operations
    assert operation.mode is not None
    assert operation.people == (ANN, BEN)
    assert list(items_of(operation)) == [""]
    assert explain_assignee(planned({"pulling": {"batch": 5, "maximum": 8}}), ANN).tasks[0].items == 0


def review(table: MemoryTable | None = None, **fields: Any) -> Plan:
    tasks: list[dict[str, Any]] = [
        {"name": "t", "assignees": [ANN, BEN]},
        {"name": "check", "type": "qa", "of": "t", **fields},
    ]
    return make_plan(spec_from({"tasks": tasks}), table or generated(121))


@pytest.mark.parametrize("limit", [None, 30])
def test_a_review_of_copies_has_every_item_of_its_copy_once(limit: int | None) -> None:
    tasks: list[dict[str, Any]] = [
        {"name": "t", "overlap": 2, "assignees": [ANN, BEN, CAT]},
        {"name": "check", "type": "qa", "of": "t", "assignees": [ANN, DAN]}
        | ({"limit": limit} if limit else {}),
    ]
    plan = make_plan(spec_from({"tasks": tasks}), generated(60))
    copies, reviews = plan.operations[:2], plan.operations[2:]
    assert len(reviews) == 2
    for copy, check in zip(copies, reviews, strict=True):
        ids = check.allocation.items.unpack().tolist()
        assert len(ids) == len(set(ids)) == (limit or 65)
        assert set(ids) <= set(copy.allocation.items.unpack())
        made = items_of(copy)
        assert not items_of(check)[ANN] & made[ANN]


def test_reviews_by_two_people_keep_apart_what_can_be_kept_apart() -> None:
    needs = [{"where": {"dir": "/test"}, "skills": ["n"]}]
    skilled = [{"email": who, "skills": ["n"]} for who in (ANN, BEN)]
    plan = review(assignees=[*skilled, CAT, DAN], needs=needs, overlap=2)
    forced = sum(1 for name in generated(121).column("dir").codes if name)
    made = items_of(plan.operations[0])
    own = sum(
        len(ids & made.get(who, set())) for o in plan.operations[1:] for who, ids in items_of(o).items()
    )
    assert 0 < own <= forced


def test_it_is_said_where_the_platform_decides_who_makes_what() -> None:
    tasks: list[dict[str, Any]] = [
        {"name": "t", "assignees": [ANN, BEN], "pulling": {"batch": 5, "maximum": 8}},
        {"name": "check", "type": "qa", "of": "t", "assignees": [ANN]},
    ]
    plan = make_plan(spec_from({"tasks": tasks}), generated(60))
    assert any("somebody may review their own work" in line for line in plan.warnings)


def test_counts_of_an_overlap_in_parts_are_for_all_of_them() -> None:
    people = [{"email": ANN, "count": 60}, {"email": BEN, "count": 40}, CAT]
    plan = planned({"overlap": 2, "split_above": 30, "limit": 60, "assignees": people})
    totals = dict.fromkeys((ANN, BEN, CAT), 0)
    for operation in plan.operations:
        for share in operation.allocation.shares:
            totals[share.assignee] += share.items
    assert totals == {ANN: 60, BEN: 40, CAT: 20}


@pytest.mark.parametrize("percent", [10, 30, 50, 100])
def test_every_plan_of_a_quality_task_can_be_read_again(percent: int) -> None:
    people = [{"email": ANN, "weight": 2}, BEN, CAT]
    quality = {"kind": "consensus", "percent": percent, "assignees": 2}
    plan = planned({"quality": quality, "assignees": people})
    assert load(dump(plan), "plan.json") == plan


def test_a_need_that_matches_nothing_is_said() -> None:
    plan = planned({"needs": [{"where": {"dir": "/trian"}, "skills": ["night"]}]})
    assert "t: needs[0] matches no item of the task" in plan.warnings


def own_work(plan: Plan) -> int:
    made, checked = (items_of(operation) for operation in plan.operations)
    return sum(len(ids & made.get(who, set())) for who, ids in checked.items())


@pytest.mark.parametrize("strategy", [None, "equal", "weighted", "eligible"])
def test_nobody_reviews_their_own_work(strategy: str | None) -> None:
    named = {} if strategy is None else {"strategy": strategy}
    plan = review(assignees=[ANN, BEN, CAT], **named)
    assert own_work(plan) == 0
    counts = [share.items for share in plan.operations[1].allocation.shares]
    assert max(counts) - min(counts) <= 1


def test_own_work_is_reviewed_only_where_nobody_else_may() -> None:
    plan = review(assignees=[ANN])
    assert own_work(plan) == 63
    assert any("63 items are reviewed by whoever made them" in line for line in plan.warnings)


def test_own_work_is_reviewed_where_fixed_counts_leave_no_other_way() -> None:
    plan = review(assignees=[{"email": ANN, "count": 100}, CAT], strategy="weighted")
    # Of 126 items Ann has made 63, and the other 63 are not enough for her.
    assert own_work(plan) == 37
    words = "37 items are reviewed by whoever made them; what is asked leaves no other way"
    assert any(words in line for line in plan.warnings)
    counts = {share.assignee: share.items for share in plan.operations[1].allocation.shares}
    assert counts == {ANN: 100, CAT: 26}


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(0, 2), min_size=1, max_size=7), st.lists(st.integers(0, 2), min_size=7, max_size=7)
)
def test_own_work_is_as_little_as_counts_allow(holder: list[int], spread: list[int]) -> None:
    """Beside every way to give everyone their count."""
    items = len(holder)
    team = tuple(Assignee(f"{name}@x.io") for name in "abc")
    owner = np.array(spread[:items])
    counts = np.bincount(owner, minlength=3).astype(np.int64)
    plain = Allocation(tuple(p.email for p in team), counts, np.argsort(owner, kind="stable"), NO_CERTIFICATE)
    needs = tuple(Need(excluded=frozenset({person.email})) for person in team)
    found = separated(Problem(items, team), np.array(holder), needs, plain)
    assert found is not None
    assert found.counts.tolist() == counts.tolist()

    def own(owners: Any) -> int:
        return sum(a == b for a, b in zip(owners, holder, strict=True))

    now = np.empty(items, dtype=np.int64)
    now[found.order] = np.repeat(np.arange(3), counts)
    assert own(now) == min(own(p) for p in set(itertools.permutations(owner.tolist())))


def test_explain_names_effort_and_needs_of_an_item() -> None:
    table = generated(30)
    people = [{"email": ANN, "skills": ["night"]}, BEN]
    needs = [{"where": {"metadata.user.scene": "a"}, "skills": ["night"]}]
    plan = planned({"effort": "1 + annotations", "needs": needs, "assignees": people}, table)
    row = next(r for r in range(30) if table.column("metadata.user.scene").reached(r) == ("a",))
    why = explain_item(plan, table, table.ids[row]).tasks[0].why
    assert "effort " in why
    assert "it needs skill night: ann@example.com may have it" in why
    assert "skills night" in explain_assignee(plan, ANN).tasks[0].why


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"quality": {"kind": "concensus"}}, "expected consensus, honeypot or qualification"),
        ({"quality": {"kind": "consensus", "assignees": 3}}, "up to the 2 assignees, got 3"),
        ({"quality": {"kind": "honeypot"}}, '"percent" is missing'),
        ({"quality": {"kind": "honeypot", "percent": 100}}, "ground truth alone"),
        ({"quality": {"kind": "qualification", "percent": 5}}, "everyone gets all items"),
        ({"quality": {"kind": "qualification", "assignees": 2}}, "only a consensus task"),
        ({"quality": {"kind": "consensus", "ground_truth": {}}}, "only a honeypot task"),
        ({"quality": {"kind": "consensus"}, "overlap": 2}, "the platform itself splits"),
        ({"pulling": {"batch": 10, "maximum": 7}}, "expected a maximum batch workload of 12 to 20"),
        ({"pulling": {"batch": 2, "maximum": 4}}, "expected a batch size of 3 to 100"),
        ({"pulling": {"batch": 5, "maximum": 8}, "strategy": "equal"}, "as they go"),
        ({"pulling": {"batch": 5, "maximum": 8}, "assignees": [{"email": ANN, "weight": 2}]}, "has a share"),
        ({"needs": [{"where": {"dir": "/a"}}]}, "expected skills or exclude"),
        ({"needs": [{"where": {"dir": {"gtt": 1}}, "skills": ["x"]}]}, "unknown operator"),
        ({"take_from": [ANN]}, "goes with redistribute"),
        ({"effort": "metadata.user.scne"}, "no number at"),
        ({"effort": "1e308"}, "expected efforts up to 1e+100"),
        ({"needs": [{"skills": ["x"], "exclude": ["bne@example.com"]}]}, 'did you mean "ben@example.com"'),
        ({"assignees": [{"email": ANN, "factors": {"a": 2}}, BEN]}, "the task has no kind"),
        ({"effort": "metadata.user.scene"}, '"metadata.user.scene" holds no numbers, but values such as'),
        ({"effort": "annotation"}, 'did you mean "annotations"'),
        ({"quality": {"kind": "qualification"}, "assignees": [{"email": ANN, "weight": 2}, BEN]}, "gets all"),
        (
            {"pulling": {"batch": 5, "maximum": 8}, "assignees": [{"email": ANN, "count": 0}, BEN]},
            "as they go",
        ),
        (
            {"quality": {"kind": "honeypot", "percent": 5, "ground_truth": {"dir": "/a"}}, "split_above": 9},
            "cannot be dealt to several tasks",
        ),
        (
            {"effort": 1, "overlap": 2},
            "no built-in strategy takes items of unequal effort and overlap together",
        ),
        ({"overlap": 0}, "expected a whole number ≥ 1, got 0"),
        ({"strategy": {"name": "eligible", "engine": "cplex"}}, 'unknown engine "cplex"'),
        ({"strategy": "equal", "overlap": 2}, 'strategy "equal" takes no overlap'),
        ({"split_above": 20, "assignees": [{"email": ANN, "maximum": 90}, BEN]}, "cannot keep a limit"),
    ],
)
def test_mistakes(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        planned(fields)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("people", "message"),
    [
        ([{"email": ANN, "minimum": 100}, {"email": BEN, "minimum": 100}], "minima add up to 200"),
        ([{"email": ANN, "maximum": 10}, {"email": BEN, "maximum": 10}], "maxima add up to 20"),
        ([{"email": ANN, "minimum": 9, "maximum": 5}, BEN], "above the maximum of 5"),
    ],
)
def test_limits_that_cannot_be_kept(people: list[Any], message: str) -> None:
    with pytest.raises(InfeasibleError, match=message):
        planned({"assignees": people})


def test_the_smallest_clash_is_named() -> None:
    needs = [
        {"where": {"metadata.user.scene": "a"}, "skills": ["night"]},
        {"where": {"metadata.user.scene": "b"}, "skills": ["lidar"]},
    ]
    people = [
        {"email": ANN, "skills": ["night", "lidar"], "maximum": 50},
        {"email": BEN, "skills": ["lidar"], "maximum": 10},
        CAT,
    ]
    with pytest.raises(InfeasibleError) as caught:
        planned({"needs": needs, "assignees": people}, generated(300))
    assert "(need skill night) can only go to ann@example.com, who takes 50 at most" in str(caught.value)
    with pytest.raises(InfeasibleError) as caught:
        planned(
            {"needs": needs, "assignees": [{"email": BEN, "minimum": 290}, people[0] | {"maximum": 300}]},
            generated(300),
        )
    assert "ben@example.com should get at least 290 items, but there are only" in str(caught.value)
