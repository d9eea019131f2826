"""A process killed at any point of a replay: the next one ends where an undisturbed one does."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from taskplan.planning.codec import write_plan
from tests.replay import support
from tests.replay.test_modes import everything

TASKPLAN = str(Path(sys.executable).with_name("taskplan"))
# Every step of a replay is a boundary, before it and after it: the journal's two writes and the
# backend's one. The n-th boundary kills the process as the kernel does, with nothing flushed.
KILLER = """
import os, signal, sys
from pathlib import Path
from taskplan.planning.codec import read_plan
from taskplan.replay import executor, undo
from taskplan.replay.journal import Journal
from taskplan_sqlite.backend import SqliteBackend
from taskplan_sqlite.store.store import SqliteStore

store, plan, boundary, verb = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
passed = 0

def at_boundary():
    global passed
    if passed == boundary:
        os.kill(os.getpid(), signal.SIGKILL)
    passed += 1

def watched(owner, name):
    real = getattr(owner, name)
    def step(*args, **kwargs):
        at_boundary()
        result = real(*args, **kwargs)
        at_boundary()
        return result
    setattr(owner, name, step)

for name in ("intend", "done", "undone"):
    watched(Journal, name)
watched(SqliteBackend, "perform" if verb == "apply" else "undo")
backend = SqliteBackend(SqliteStore(store))
with Journal(store) as journal:
    if verb == "apply":
        executor.apply_plan(read_plan(plan), backend, journal, actor="lead@example.com", clock=lambda: NOW)
    else:
        undo.undo_plan(read_plan(plan), backend, journal, clock=lambda: NOW)
print(passed)
""".replace("NOW", str(support.NOW))


def run_killer(store: Path, plan: Path, boundary: int, verb: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", KILLER, str(store), str(plan), str(boundary), verb],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A fresh store and a plan for it."""
    folder = tmp_path_factory.mktemp("killed")
    store = support.new_store(folder)
    backend = support.open_backend(store)
    write_plan(folder / "plan.json", support.plan_for(backend))
    backend.close()
    return store, folder / "plan.json"


@pytest.mark.parametrize("boundary", range(12))
def test_apply_killed_at_every_boundary(boundary: int, prepared: tuple[Path, Path], tmp_path: Path) -> None:
    store, plan = prepared
    undisturbed = Path(shutil.copy(store, tmp_path / "undisturbed.db"))
    assert run_killer(undisturbed, plan, -1, "apply").stdout == "12\n"
    killed = Path(shutil.copy(store, tmp_path / "killed.db"))
    assert run_killer(killed, plan, boundary, "apply").returncode == -signal.SIGKILL
    resumed = run_killer(killed, plan, -1, "apply")
    assert resumed.returncode == 0, resumed.stderr
    assert support.dump(killed) == support.dump(undisturbed)
    verified = subprocess.run(
        [TASKPLAN, "verify", str(plan), "--store", str(killed)], capture_output=True, text=True, check=False
    )
    assert verified.returncode == 0, verified.stdout


@pytest.mark.parametrize(("verb", "boundary"), [("apply", 3), ("apply", 14), ("undo", 3), ("undo", 8)])
def test_handed_out_and_moved_items_survive_a_kill(verb: str, boundary: int, tmp_path: Path) -> None:
    store, plan = support.new_store(tmp_path), tmp_path / "plan.json"
    backend = support.open_backend(store)
    write_plan(plan, everything(backend))
    backend.close()
    before = support.dump(store)
    undisturbed = Path(shutil.copy(store, tmp_path / "undisturbed.db"))
    assert run_killer(undisturbed, plan, -1, "apply").returncode == 0
    if verb == "undo":
        assert run_killer(store, plan, -1, "apply").returncode == 0
    assert run_killer(store, plan, boundary, verb).returncode == -signal.SIGKILL
    again = run_killer(store, plan, -1, verb)
    assert again.returncode == 0, again.stderr
    after, expected = support.dump(store), before if verb == "undo" else support.dump(undisturbed)
    for rows in (after, expected):
        # An assignment that had disappeared comes back as the last one, as of now.
        rows["assignments"] = sorted((row[0],) for row in rows["assignments"])
    assert after == expected


@pytest.mark.parametrize("boundary", [0, 1, 2, 3, 4, 7, 9])
def test_undo_killed_at_a_boundary(boundary: int, prepared: tuple[Path, Path], tmp_path: Path) -> None:
    store, plan = prepared
    killed = Path(shutil.copy(store, tmp_path / "killed.db"))
    before = support.dump(killed)
    assert run_killer(killed, plan, -1, "apply").returncode == 0
    assert run_killer(killed, plan, boundary, "undo").returncode == -signal.SIGKILL
    again = run_killer(killed, plan, -1, "undo")
    assert again.returncode == 0, again.stderr
    assert support.dump(killed) == before


def test_two_applies_at_once_make_one_state(prepared: tuple[Path, Path], tmp_path: Path) -> None:
    store, plan = prepared
    alone = Path(shutil.copy(store, tmp_path / "alone.db"))
    run_killer(alone, plan, -1, "apply")
    shared = Path(shutil.copy(store, tmp_path / "shared.db"))
    command = [TASKPLAN, "apply", str(plan), "--store", str(shared), "--actor", support.ACTOR]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    outputs = sorted(process.communicate(timeout=60)[0].splitlines()[0] for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert outputs[1] == "nothing to do: the plan was applied before"
    assert outputs[0].startswith("applied label: 30 items, 2 assignments, task ")
    refs, expected = support.dump(shared)["refs"], support.dump(alone)["refs"]
    assert refs == expected
