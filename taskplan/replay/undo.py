"""Taking a plan back: exactly what it created, in reverse order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from taskplan.planning.document import Plan
from taskplan.replay.backend import Backend, Outcome
from taskplan.replay.executor import Clock
from taskplan.replay.journal import Journal


@dataclass(frozen=True, slots=True)
class UndoReport:
    """What was removed, by operation id."""

    removed: dict[str, Outcome]

    def to_json(self) -> dict[str, Any]:
        return {
            "undone": [
                {"operation": name, "task": outcome.task_id, "items": outcome.items}
                for name, outcome in self.removed.items()
            ]
        }


def undo_plan(
    plan: Plan,
    backend: Backend,
    journal: Journal,
    *,
    clock: Clock,
    discard_work: bool = False,
    wait: float = 60.0,
) -> UndoReport:
    """Remove what the operations of `plan` made; a second undo does nothing, and apply works again after.

    BackendError where people have worked on it since (unless `discard_work`) or
    something outside the plan depends on it; what was undone before that stays undone.
    """
    removed: dict[str, Outcome] = {}
    with journal.lock(wait):
        for operation in reversed(plan.operations):
            outcome = backend.undo(operation.key, discard_work=discard_work)
            journal.undone(operation.key, clock())
            if outcome is not None:
                removed[operation.id] = outcome
    return UndoReport(removed)
