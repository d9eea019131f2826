"""Plan files: the same bytes, back again, and no changed byte accepted."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskplan.errors import NotFoundError, PlanError
from taskplan.planning.codec import dump, load, read_plan, write_plan
from taskplan.planning.document import Plan
from taskplan.planning.planner import make_plan
from taskplan.planning.spec import spec_from
from taskplan.replay.order import in_order
from tests.planning import support


def small_plan() -> Plan:
    return make_plan(
        spec_from(support.one_task(limit=4, metadata={"note": 'a "quoted" ü'})), support.generated(10)
    )


PLAN = small_plan()
BYTES = dump(PLAN)


def test_a_plan_comes_back_as_it_went(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    write_plan(path, PLAN)
    assert path.read_bytes() == BYTES
    assert read_plan(path) == PLAN
    assert dump(read_plan(path)) == BYTES
    assert [entry.name for entry in tmp_path.iterdir()] == ["plan.json"]


@settings(max_examples=300)
@given(place=st.integers(0, len(BYTES) - 1), byte=st.integers(0, 255))
def test_any_changed_byte_is_refused(place: int, byte: int) -> None:
    if BYTES[place] == byte:
        return
    with pytest.raises(PlanError):
        load(BYTES[:place] + bytes([byte]) + BYTES[place + 1 :], "plan.json")


@given(end=st.integers(0, len(BYTES) - 1))
def test_a_truncated_plan_is_refused(end: int) -> None:
    with pytest.raises(PlanError):
        load(BYTES[:end], "plan.json")


def resealed(old: bytes, new: bytes) -> bytes:
    rest = BYTES[BYTES.index(b"\n") + 1 :].replace(old, new, 1)
    return b'{"digest":"sha256:' + hashlib.sha256(rest).hexdigest().encode() + b'",\n' + rest


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "plan.json: is empty, expected a plan"),
        (b"{}", "plan.json: is not a plan that taskplan wrote"),
        (
            resealed(b'"format":1', b'"format":9'),
            "plan.json: has format 9, this taskplan reads up to 1; a newer taskplan is needed",
        ),
        (
            resealed(b'"seed":0', b'"seed":"x"'),
            "plan.json: is not a plan: Expected `int`, got `str` - at `$.seed`",
        ),
        (
            resealed(b'"items":2}', b'"items":3}'),
            "plan.json create:t: shares and items do not add up",
        ),
    ],
)
def test_a_damaged_plan_is_one_line(data: bytes, message: str) -> None:
    with pytest.raises(PlanError) as caught:
        load(data, "plan.json")
    assert str(caught.value) == message


def test_an_edited_plan_says_so() -> None:
    edited = BYTES.replace(b"ann@example.com", b"eve@example.com")
    with pytest.raises(PlanError) as caught:
        load(edited, "plan.json")
    stated = BYTES[18:30].decode()
    found = hashlib.sha256(edited[edited.index(b"\n") + 1 :]).hexdigest()[:12]
    assert str(caught.value) == (
        f"plan.json: was changed after it was made (its digest says {stated}, its content {found}); "
        "make the plan again"
    )


def test_a_folder_and_a_missing_folder_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r": is a folder, expected a plan file$"):
        read_plan(tmp_path)
    with pytest.raises(NotFoundError, match=r"/none: there is no such folder$"):
        write_plan(tmp_path / "none" / "plan.json", PLAN)


def test_a_plan_replaces_only_a_plan(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text("tasks: []", encoding="utf-8")
    with pytest.raises(PlanError) as caught:
        write_plan(path, PLAN)
    assert str(caught.value) == f"{path}: exists and is no plan, so it is left as it is; choose another name"
    assert path.read_text(encoding="utf-8") == "tasks: []"
    path.write_bytes(b"")
    write_plan(path, PLAN)
    write_plan(path, PLAN)
    assert read_plan(path) == PLAN


def test_a_sort_keeps_the_order_of_its_fields() -> None:
    sort = {"metadata.user.scene": "ascending", "filename": "descending"}
    spec = spec_from(support.one_task(filter={"sort": sort}))
    plan = load(dump(make_plan(spec, support.generated(10))), "p")
    query = plan.operations[0].selection.query
    assert query is not None
    assert list(query["sort"]) == list(sort)
    assert list(plan.spec["tasks"][0]["filter"]["sort"]) == list(sort)


def test_a_plan_with_two_operations_of_one_id_is_refused() -> None:
    plan = make_plan(spec_from(support.one_task()), support.generated())
    twice = msgspec.structs.replace(plan, operations=plan.operations * 2)
    with pytest.raises(PlanError, match=r"^plan\.json: holds two operations of one id$"):
        load(dump(twice), "plan.json")
    with pytest.raises(PlanError, match=r"^holds two operations of one id$"):
        in_order(twice)
