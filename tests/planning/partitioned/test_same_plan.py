"""The plan of a snapshot in partitions is the plan of its items, byte for byte, however they are cut."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taskplan.errors import InfeasibleError, InputError, TaskplanError
from taskplan.model.memory import MemoryTable
from taskplan.model.snapshots import PartitionedTable, open_snapshot, write_snapshot
from taskplan.planning.codec import dump, read_plan
from taskplan.planning.document import outline
from taskplan.planning.partitioned import jobs, plan_in_parts
from taskplan.planning.planner import make_plan
from taskplan.planning.spec import spec_from
from taskplan.planning.summary import distinct_items
from taskplan.spread import HERE, Spread

P = TypeVar("P")
R = TypeVar("R")


class Scattered:
    """Does all pieces at once, in any sequence, some of them twice, each in a copy of what it is given."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def map(self, function: Callable[[P], R], pieces: Iterable[P]) -> Iterator[R]:
        listed = list(pieces)
        rng = random.Random(self.seed)
        order = [*range(len(listed)), *(n for n in range(len(listed)) if rng.random() < 0.3)]
        rng.shuffle(order)
        done: dict[int, Any] = {}
        for number in order:
            copied, piece = pickle.loads(pickle.dumps((function, listed[number])))
            try:
                done[number] = pickle.dumps(copied(piece))
            except TaskplanError as error:
                done[number] = error
        for number in range(len(listed)):
            if isinstance(done[number], Exception):
                raise done[number]
            yield pickle.loads(done[number])


FILTERS: list[Any] = [
    None,
    {"hidden": {"in": [True, False]}},
    {"dir": {"ne": "/c"}},
    {"hidden": False},
    {"dir": "/a*"},
    {"metadata.user.scene": {"in": ["fog", "sun"]}},
    {"metadata.user.score": {"gt": 0.5}},
    {"hidden": False, "annotations": {"label": "car"}},
    {"hidden": False, "annotations": {"lable": "car"}},
]
NAMES = ("label", "second", "third")
EMAILS = [f"{name}@example.com" for name in ("ann", "ben", "cat", "dan")]


@st.composite
def documents(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    for number in range(draw(st.integers(0, 3) | st.integers(8, 24))):
        user = draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "scene": st.sampled_from(["fog", "sun", "rain", 5, 5.0, None, [5], [5.0]]),
                    "score": st.sampled_from([0, 0.5, 1, 2.25, "high"]),
                    "skills": st.sampled_from([["lidar"], ["lidar", "night"], "night"]),
                },
            )
        )
        found.append(
            {
                "id": f"{number * 7:024x}" if draw(st.integers(0, 15)) else f"item-{number}",
                "filename": f"{draw(st.sampled_from(['/a', '/a/b', '/c']))}/{number}.jpg",
                "hidden": draw(st.integers(0, 3)) == 0,
                "metadata": {"user": user},
                "annotations": [{"label": "car"}] * draw(st.integers(0, 2)),
            }
        )
    return found


@st.composite
def people(draw: st.DrawFn) -> list[Any]:
    chosen = EMAILS[: draw(st.integers(1, 4))]
    kind = draw(st.sampled_from(["plain", "weight", "percent", "count", "skills", "limits"]))
    if kind == "plain":
        return list(chosen)
    if kind == "percent":
        rest = 100 - 10 * (len(chosen) - 1)
        return [{"email": who, "percent": 10 if index else rest} for index, who in enumerate(chosen)]
    fields: dict[str, Any] = {
        "weight": {"weight": draw(st.integers(1, 3))},
        "count": {"count": draw(st.integers(0, 3))},
        "skills": {"skills": draw(st.sampled_from([["lidar"], ["night", "lidar"]]))},
        "limits": {"minimum": 1, "maximum": draw(st.integers(5, 24))},
    }
    return [{"email": chosen[0], **fields[kind]}, *chosen[1:]]


@st.composite
def tasks(draw: st.DrawFn, name: str) -> dict[str, Any]:
    task: dict[str, Any] = {"name": name, "assignees": draw(people())}
    if (chosen := draw(st.sampled_from(FILTERS))) is not None:
        task["filter"] = chosen
    if draw(st.booleans()):
        task["split_above"] = draw(st.integers(1, 9))
    if draw(st.integers(0, 3)) == 0:
        task["limit"] = draw(st.integers(1, 20))
    kind = draw(
        st.sampled_from(["plain", "order", "effort", "needs", "overlap", "pulling", "quality", "kind"])
    )
    scene = "metadata.user.scene"
    if kind == "order":
        named = st.sampled_from([{"stratified": scene}, {"grouped": scene}, {"grouped": "dir"}])
        task["order"] = draw(st.sampled_from(["interleaved", "shuffled"]) | named)
    elif kind == "effort":
        task["effort"] = draw(
            st.sampled_from(
                ["default(metadata.user.score, 1)", "1 + annotationsCount", "metadata.user.score"]
            )
        )
    elif kind == "needs":
        by_query = [{"where": {scene: "fog"}, "skills": ["lidar"]}, {"exclude": [EMAILS[0]]}]
        task["needs"] = draw(st.sampled_from(["metadata.user.skills", "metadata.user.nothing", by_query]))
    elif kind == "overlap":
        task["overlap"] = draw(st.integers(1, len(task["assignees"])))
    elif kind == "pulling":
        task["pulling"] = {"batch": 3, "maximum": 6}
        task["assignees"] = EMAILS[:3]
    elif kind == "quality":
        task["assignees"] = EMAILS[:3]
        task["quality"] = {"kind": draw(st.sampled_from(["consensus", "qualification", "honeypot"]))}
        if task["quality"]["kind"] == "honeypot":
            task["quality"] |= {"percent": 10, "ground_truth": {"dir": "/c"}}
            task.pop("split_above", None)
    elif kind == "kind":
        task["kind"] = scene
        task["assignees"] = [{"email": EMAILS[0], "factors": {"5": 2, "[5]": 4, "sun": 3}}, EMAILS[1]]
    return task


@st.composite
def specs(draw: st.DrawFn) -> dict[str, Any]:
    found = [draw(tasks(name)) for name in NAMES[: draw(st.sampled_from([1, 1, 2, 3]))]]
    if draw(st.booleans()):
        checked = draw(tasks("check").filter(lambda task: "quality" not in task))
        of = draw(st.sampled_from([task["name"] for task in found]))
        check = {**checked, "type": "qa", "of": of}
        for field in ("split_above", "limit", "quality", "pulling"):
            if draw(st.integers(0, 4)):
                check.pop(field, None)
        found.insert(draw(st.integers(0, len(found))), check)
    if draw(st.integers(0, 5)) == 0:
        found[0]["filter"] = {"filter": {"hidden": False}, "sort": {"filename": "descending"}}
    return {"seed": draw(st.integers(0, 3)), "tasks": found}


def outcome(action: Callable[[], bytes]) -> bytes | str:
    try:
        return action()
    except (InputError, InfeasibleError) as error:
        return f"{type(error).__name__}: {error}"


def in_partitions(table: MemoryTable, rows: int) -> PartitionedTable:
    write_snapshot(table, "memory://same-plan", rows=rows, overwrite=True)
    return open_snapshot("memory://same-plan")


@settings(deadline=None, max_examples=80, suppress_health_check=list(HealthCheck))
@given(documents(), specs(), st.integers(1, 9), st.integers(0, 99))
def test_the_plan_is_the_same_however_the_items_are_cut(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    items: list[dict[str, Any]],
    data: dict[str, Any],
    rows: int,
    seed: int,
) -> None:
    table = MemoryTable.from_documents(items, dataset="d", project="p")
    expected = outcome(lambda: dump(make_plan(spec_from(data), table)))
    cut = in_partitions(table, rows)
    spreads: list[Spread] = [HERE, Scattered(seed)]
    # Items of a piece in more partitions than that are taken by a spread of their own.
    monkeypatch.setattr(jobs, "FAR", seed % 4)
    for number, spread in enumerate(spreads):
        target = tmp_path / f"plan-{number}.json"
        target.unlink(missing_ok=True)

        def planned(spread: Spread = spread, target: Path = target) -> bytes:
            made = plan_in_parts(spec_from(data), cut, target=target, spread=spread)
            whole = read_plan(target)
            assert made.items == distinct_items(whole.operations)
            assert made.plan == msgspec.structs.replace(
                whole, operations=tuple(map(outline, whole.operations))
            )
            assert plan_in_parts(spec_from(data), cut, spread=spread) == made
            return target.read_bytes()

        found = outcome(planned)
        if isinstance(expected, bytes):
            assert found == expected
        else:
            # Of several mistakes another may be met first.
            assert isinstance(found, str)
            assert not target.exists()
