"""What can go wrong between the passes, and on the way to the file."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from taskplan.dql.evaluate import evaluate
from taskplan.errors import DataError, PlanError
from taskplan.model.memory import MemoryTable
from taskplan.model.snapshots import PartitionedTable, open_snapshot, write_snapshot
from taskplan.planning.partitioned import plan_in_parts
from taskplan.planning.partitioned.spooling import Spool
from taskplan.planning.spec import Spec, spec_from

P = TypeVar("P")
R = TypeVar("R")


def table(hidden: int = 3) -> MemoryTable:
    return MemoryTable.from_documents(
        [{"id": f"{row:024x}", "filename": f"/{row}.jpg", "hidden": row % hidden == 0} for row in range(60)]
    )


@pytest.fixture
def spec() -> Spec:
    task = {"name": "t", "filter": {"hidden": False}, "split_above": 9, "assignees": ["ann@example.com"]}
    return spec_from({"tasks": [task]})


class ChangedBetween:
    """Does pieces here; before the second pass something happens."""

    width = 1

    def __init__(self, happens: Callable[[], Any]) -> None:
        self.happens, self.passes = happens, 0

    def map(self, function: Callable[[P], R], pieces: Iterable[P]) -> Iterator[R]:
        self.passes += 1
        if self.passes == 2:
            self.happens()
        return map(function, pieces)


def cut(tmp_path: Path) -> PartitionedTable:
    write_snapshot(table(), str(tmp_path / "snap"), rows=20)
    return open_snapshot(str(tmp_path / "snap"))


def test_items_that_change_between_the_passes(tmp_path: Path, spec: Spec) -> None:
    whole = cut(tmp_path)
    target = tmp_path / "plan.json"

    def change() -> None:
        write_snapshot(table(hidden=5), str(tmp_path / "other"), rows=20)
        for part in (tmp_path / "other").glob("*.parquet"):
            part.replace(tmp_path / "snap" / part.name)

    with pytest.raises(DataError, match="snap"):
        plan_in_parts(spec, whole, target=target, spread=ChangedBetween(change))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "snap"]


def test_a_full_disk_names_the_place(tmp_path: Path, spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def write(self, _: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr("taskplan.planning.partitioned.spooling.tempfile.TemporaryFile", lambda **_: Full())
    with pytest.raises(OSError, match=str(tmp_path)):
        plan_in_parts(spec, cut(tmp_path), target=tmp_path / "plan.json")
    assert [path.name for path in tmp_path.iterdir()] == ["snap"]


def test_nothing_but_a_plan_is_written_over(tmp_path: Path, spec: Spec) -> None:
    target = tmp_path / "notes.txt"
    target.write_text("mine")
    with pytest.raises(PlanError, match="is no plan"):
        plan_in_parts(spec, cut(tmp_path), target=target)
    assert target.read_text() == "mine"


def test_a_digest_that_is_not_accepted_leaves_no_file(tmp_path: Path, spec: Spec) -> None:
    def refuse(digest: str) -> None:
        raise PlanError(f"no {digest}")

    with pytest.raises(PlanError, match="no sha256:"):
        plan_in_parts(spec, cut(tmp_path), target=tmp_path / "plan.json", accept=refuse)
    assert [path.name for path in tmp_path.iterdir()] == ["snap"]


def test_progress_ends_at_the_total(tmp_path: Path, spec: Spec) -> None:
    told: list[tuple[int, int | None]] = []
    plan_in_parts(spec, cut(tmp_path), progress=lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == list(range(1, len(told) + 1))
    assert told[-1][0] == told[-1][1]


def test_a_spool_gives_lines_back_task_by_task() -> None:
    with Spool(2, None) as spool:
        assert list(spool.lines()) == []
        assert not spool.has(0)


@pytest.mark.parametrize(
    ("split_above", "filters"), [(2, [{"hidden": False}]), (2, [{"filename": f"/{n}*"} for n in range(1, 7)])]
)
def test_each_partition_is_looked_at_few_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, split_above: int, filters: list[dict[str, Any]]
) -> None:
    seen: list[object] = []

    def counted(query: Any, table: Any) -> Any:
        seen.append(query)
        return evaluate(query, table)

    monkeypatch.setattr("taskplan.planning.partitioned.taking.evaluate", counted)
    tasks = [
        {"name": f"t{n}", "filter": f, "split_above": split_above, "assignees": ["ann@example.com"]}
        for n, f in enumerate(filters)
    ]
    made = plan_in_parts(spec_from({"tasks": tasks}), cut(tmp_path)).plan
    assert len(made.operations) > len(filters)
    # For every task in each of the three parts, and once more where a piece ends in the next one; not for
    # every piece, nor for pairs of tasks.
    assert len(seen) <= 5 * len(filters)
