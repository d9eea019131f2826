"""The place that the suites for backends work on: what a harness brings, and what is done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from taskplan.model.memory import MemoryTable
from taskplan.planning.document import Operation, Plan
from taskplan.planning.planner import make_plan
from taskplan.planning.spec import spec_from
from taskplan.replay.backend import Backend
from taskplan.replay.executor import ReplayReport, apply_plan
from taskplan.replay.journal import Journal
from taskplan.replay.undo import UndoReport, undo_plan
from taskplan.testing.operations import plan_of

DATASET = "fruit"
PROJECT = "food"
TEAM = ("ann@example.com", "ben@example.com", "cat@example.com", "lead@example.com")
COUNT = 24
TRUTH = 4
"""So many more items, in the folder of ground truth."""
NOW = 1_790_000_000_000.0
LABEL: dict[str, Any] = {
    "name": "label",
    "filter": {"dir": "/train"},
    "assignees": ["Ann@example.com", {"email": "ben@example.com", "weight": 2}],
    "due": "2029-01-01",
    "priority": "high",
    "metadata": {"ticket": "LAB-7"},
}
CHECK: dict[str, Any] = {"name": "check", "type": "qa", "of": "label", "assignees": ["cat@example.com"]}


def documents() -> list[dict[str, Any]]:
    """Return the items that a harness puts into the dataset."""
    folders = ["test" if number % 4 == 3 else "train" for number in range(COUNT)] + ["honeypot"] * TRUTH
    return [
        {
            "id": f"{number + 1:024x}",
            "filename": f"/{folder}/{number}.jpg",
            "metadata": {"user": {"n": number}},
        }
        for number, folder in enumerate(folders)
    ]


class Harness(Protocol):
    """A new place with one project, one dataset and its members, and what people do there meanwhile."""

    @property
    def folder(self) -> Path:
        """A folder of the test's own, for journals."""

    def open(self) -> Backend:
        """Open the backend; called again after a close, it sees the same place."""

    def fill(
        self, project: str, dataset: str, items: Sequence[Mapping[str, Any]], members: Sequence[str]
    ) -> None:
        """Make a project, a dataset with items, and its members."""

    def set_status(self, task: str, items: Sequence[str], status: str) -> None:
        """Set the status of items in a task, as an annotator does."""

    def change_item(self, item: str, metadata: Mapping[str, Any]) -> None:
        """Lay ``metadata.user`` fields over those of an item."""

    def remove_item(self, item: str) -> None:
        """Delete an item."""


@dataclass
class Place:
    """A filled harness, its backend and its journal."""

    harness: Harness
    backend: Backend

    def plan(self, *tasks: Mapping[str, Any]) -> Plan:
        return make_plan(spec_from({"tasks": list(tasks)}), _table(), resolver=self.backend)

    def plan_of(self, *operations: Operation) -> Plan:
        return plan_of(_table(), *operations)

    def apply(self, plan: Plan, journal: str = "journal.db", **options: Any) -> ReplayReport:
        with Journal(self.harness.folder / journal) as opened:
            return apply_plan(
                plan, self.backend, opened, actor="lead@example.com", clock=lambda: NOW, **options
            )

    def undo(self, plan: Plan, journal: str = "journal.db", **options: Any) -> UndoReport:
        with Journal(self.harness.folder / journal) as opened:
            return undo_plan(plan, self.backend, opened, clock=lambda: NOW, **options)

    def held(self) -> dict[str, dict[str, set[str]]]:
        """Return task name → assignee → items."""
        return {
            task.name: {a.assignee: set(a.items) for a in task.assignments} for task in self.backend.tasks()
        }


def _table() -> MemoryTable:
    return MemoryTable.from_documents(documents(), dataset=DATASET, project=PROJECT)


def planned_shares(operation: Operation) -> dict[str, set[str]]:
    return {who.lower(): set(ids) for who, ids in operation.items_by_assignee().items()}
