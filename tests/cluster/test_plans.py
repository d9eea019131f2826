"""Plans made on real workers: the same bytes, also when one of them is killed."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest

from taskplan.errors import DataError, InfeasibleError
from taskplan.model.memory import MemoryTable
from taskplan.model.snapshots import open_snapshot, write_snapshot
from taskplan.planning.codec import dump
from taskplan.planning.partitioned import plan_in_parts
from taskplan.planning.planner import make_plan
from taskplan.planning.spec import spec_from
from taskplan.spread import Spread
from tests.cli.support import TASKPLAN
from tests.cluster.conftest import Scheduler

P = TypeVar("P")
R = TypeVar("R")
PEOPLE = ["ann@example.com", {"email": "ben@example.com", "skills": ["fog"]}, "cat@example.com"]
DATA: dict[str, Any] = {
    "seed": 5,
    "tasks": [
        {
            "name": "label",
            "filter": {"hidden": False},
            "split_above": 40,
            "order": {"stratified": "metadata.user.scene"},
            "assignees": PEOPLE,
        },
        {
            "name": "check",
            "type": "qa",
            "of": "label",
            "filter": {"metadata.user.scene": {"in": ["fog", "sun"]}},
            "assignees": PEOPLE,
        },
    ],
}


@pytest.fixture(scope="module")
def table() -> MemoryTable:
    return MemoryTable.from_documents(
        [
            {
                "id": f"{row:024x}",
                "filename": f"/{row}.jpg",
                "hidden": row % 7 == 0,
                "metadata": {"user": {"scene": ("sun", "rain", "fog")[row * row % 3]}},
            }
            for row in range(400)
        ],
        dataset="d",
        project="p",
    )


@pytest.fixture(scope="module")
def snapshot(table: MemoryTable, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The table in twelve parts, which no task of the platform fits into evenly."""
    location = str(tmp_path_factory.mktemp("snapshots") / "snap")
    write_snapshot(table, location, rows=35)
    return location


class Dying:
    """Has the worker killed that does the third piece of a map, the first time it does so."""

    def __init__(self, inner: Spread, folder: Path) -> None:
        self.inner, self.folder, self.maps = inner, folder, 0

    @property
    def width(self) -> int:
        return self.inner.width

    def map(self, function: Callable[[P], R], pieces: Iterable[P]) -> Iterator[R]:
        self.maps += 1
        return self.inner.map(partial(die_once, self.folder / str(self.maps), function), list(pieces))


def die_once(marker: Path, function: Callable[[P], R], piece: P) -> R:
    if (Path(f"{marker}.count").exists() and not marker.exists()) and _claimed(marker):
        os.kill(os.getpid(), signal.SIGKILL)
    Path(f"{marker}.count").touch()
    return function(piece)


def _claimed(marker: Path) -> bool:
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def test_the_plan_is_that_of_one_process(
    spread: Spread, table: MemoryTable, snapshot: str, tmp_path: Path
) -> None:
    target = tmp_path / "plan.json"
    spec = spec_from(DATA)
    made = plan_in_parts(spec, open_snapshot(snapshot, spread=spread), target=target, spread=spread)
    assert target.read_bytes() == dump(make_plan(spec, table))
    assert len(made.plan.operations) == 18


def test_workers_that_are_killed_change_nothing(
    spread: Spread, table: MemoryTable, snapshot: str, tmp_path: Path
) -> None:
    target = tmp_path / "plan.json"
    dying = Dying(spread, tmp_path)
    plan_in_parts(spec_from(DATA), open_snapshot(snapshot), target=target, spread=dying)
    assert target.read_bytes() == dump(make_plan(spec_from(DATA), table))
    # A worker was killed in each of the two passes.
    assert (dying.maps, (tmp_path / "1").exists(), (tmp_path / "2").exists()) == (2, True, True)


def test_what_is_planned_here_has_its_columns_made_there(
    spread: Spread, table: MemoryTable, snapshot: str, tmp_path: Path
) -> None:
    listed = {"filter": {"hidden": False}, "sort": {"filename": "descending"}}
    spec = spec_from({"tasks": [{"name": "t", "assignees": PEOPLE, "filter": listed}]})
    target = tmp_path / "plan.json"
    plan_in_parts(spec, open_snapshot(snapshot, spread=spread), target=target, spread=spread)
    assert target.read_bytes() == dump(make_plan(spec, table))


def test_errors_arrive_as_they_are(spread: Spread, table: MemoryTable, snapshot: str, tmp_path: Path) -> None:
    asking = {**DATA["tasks"][0], "needs": [{"where": {"metadata.user.scene": "sun"}, "skills": ["x"]}]}
    asking["order"] = "as-listed"
    spec = spec_from({"tasks": [asking]})
    with pytest.raises(InfeasibleError) as here:
        make_plan(spec, table)
    with pytest.raises(InfeasibleError) as there:
        plan_in_parts(spec, open_snapshot(snapshot), target=tmp_path / "plan.json", spread=spread)
    assert str(there.value) == str(here.value)
    assert list(tmp_path.iterdir()) == []


def test_a_part_that_is_damaged_is_named(spread: Spread, table: MemoryTable, tmp_path: Path) -> None:
    location = tmp_path / "snap"
    write_snapshot(table, str(location), rows=100)
    (location / "part-00002.parquet").write_bytes(b"PAR1 nonsense")
    with pytest.raises(DataError, match=r"part-00002\.parquet"):
        plan_in_parts(spec_from(DATA), open_snapshot(str(location)), spread=spread)


def test_a_path_is_the_same_place_for_workers_of_another_folder(
    table: MemoryTable, snapshot: str, scheduler: Scheduler, tmp_path: Path
) -> None:
    (tmp_path / "spec.yaml").write_text(str(DATA))
    (tmp_path / "scenes").symlink_to(snapshot)
    with scheduler.worker():
        where = ["--engine", "dask", "--scheduler", scheduler.address]
        done = subprocess.run(
            [TASKPLAN, "plan", "spec.yaml", "--from", "scenes", *where, "-o", "plan.json"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "plan.json").read_bytes() == dump(make_plan(spec_from(DATA), table))
