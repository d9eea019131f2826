"""Every example spec is performed on a store of real and of generated items, verified, and taken back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from taskplan.model.ids import ItemIds
from taskplan.planning.planner import make_plan
from taskplan.planning.spec import read_spec
from taskplan.replay.journal import Journal
from taskplan.replay.undo import undo_plan
from taskplan_sqlite.backend import SqliteBackend
from taskplan_sqlite.store.store import SqliteStore
from tests.planning.support import generated
from tests.replay import support

FOLDER = Path(__file__).resolve().parents[2] / "examples"
# team.yaml is a workforce.
EXAMPLES = sorted(path for path in FOLDER.glob("*.yaml") if path.stem != "team")


def in_use(source: Path, folder: Path) -> SqliteBackend:
    """A store with an earlier task, `label-train`, on three items, one of them finished."""
    store = SqliteStore(folder / "work.db", create=True)
    store.import_path(source, "fruit")
    backend = SqliteBackend(store)
    earlier = {"tasks": [{"name": "label-train", "limit": 3, "assignees": ["annotator1@example.com"]}]}
    report = support.apply(support.plan_for(backend, earlier), backend)
    task = report.performed["create:label-train"].task_id
    first = backend.task("fruit", task).assignments[0].items[:1]
    backend.set_status(task, ItemIds.of(first), "completed", creator="annotator1@example.com", now=0)
    return backend


def perform(path: Path, backend: SqliteBackend) -> int:
    before = support.dump(backend.store.path)
    plan = make_plan(read_spec(path), backend.snapshot("fruit"), resolver=backend)
    report = support.apply(plan, backend)
    assert report.verification.ok, report.verification.differences
    assert len(report.performed) == len(plan.operations)
    with Journal(backend.store.path) as journal:
        undo_plan(plan, backend, journal, clock=lambda: support.NOW)
    assert support.dump(backend.store.path) == before
    return sum(outcome.items for outcome in report.performed.values())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_on_generated_items(path: Path, tmp_path: Path) -> None:
    source = tmp_path / "items.ndjson"
    source.write_text("\n".join(map(json.dumps, generated(60).documents())), encoding="utf-8")
    backend = in_use(source, tmp_path)
    assert perform(path, backend) > 0
    backend.close()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_on_the_real_export(path: Path, tmp_path: Path, shared: Path) -> None:
    backend = in_use(shared / "data" / "fruit-export.jsonl", tmp_path)
    # Every item of the export is annotated.
    assert perform(path, backend) > 0 or path.stem == "status-filter"
    backend.close()
