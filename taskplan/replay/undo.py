"""Taking back exactly what a plan created."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from taskplan.errors import BackendError, InterruptedReplay
from taskplan.planning.document import Plan
from taskplan.replay.backend import Backend, Outcome
from taskplan.replay.journal import LOCK_WAIT, Journal
from taskplan.replay.order import in_order


@dataclass(frozen=True, slots=True)
class UndoReport:
    """What was taken back: operation id → what it had made.

    `left` maps operations that another plan has performed to the digest of that plan.
    """

    plan: str
    removed: Mapping[str, Outcome]
    left: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain data."""
        return {
            "plan": self.plan,
            "removed": {
                name: {"task": outcome.task_id, "items": outcome.items}
                for name, outcome in self.removed.items()
            },
            "left": dict(self.left),
        }


def undo_plan(
    plan: Plan,
    backend: Backend,
    journal: Journal,
    *,
    clock: Callable[[], float],
    discard_work: bool = False,
    wait: float = LOCK_WAIT,
) -> UndoReport:
    """Remove what the plan's operations made, the last first; afterwards the plan can be applied again.

    `clock` gives milliseconds since 1970. BackendError, before anything is
    removed, where people have worked on it (unless `discard_work`) or where
    something outside the plan depends on it. What another plan has performed, if
    this one holds the same operation, stays. A killed undo continues.
    """
    removed: dict[str, Outcome] = {}
    with journal.locked(wait, plan=plan.digest), journal.locked(wait):
        entries = journal.entries(operation.key for operation in plan.operations)
        left = {
            operation.id: entries[operation.key].plan
            for operation in plan.operations
            if operation.key in entries
            and entries[operation.key].plan != plan.digest
            and backend.find(operation.key) is not None
        }
        operations = [operation for operation in reversed(in_order(plan)) if operation.id not in left]
        keys = frozenset(operation.key for operation in operations)
        blockers = [
            words
            for operation in operations
            for words in backend.undo_blockers(operation, keys, discard_work=discard_work)
        ]
        if blockers:
            raise BackendError(f"nothing was undone: {'; '.join(blockers)}")
        try:
            for operation in operations:
                entry = entries.get(operation.key)
                if backend.find(operation.key) is not None or backend.begun(operation.key):
                    # Should the process end here, the next replay asks the backend what is left.
                    dropped = entry.dropped if entry is not None else ()
                    journal.intend(plan.digest, operation.id, operation.key, clock(), dropped)
                    outcome = backend.undo(operation, discard_work=discard_work)
                    if outcome is not None:
                        removed[operation.id] = outcome
                elif entry is None or entry.plan != plan.digest:
                    continue
                journal.undone(plan.digest, operation.id, operation.key, clock())
        except KeyboardInterrupt:
            raise InterruptedReplay(
                f"stopped after {len(removed)} of {len(operations)} operations; the same command continues"
            ) from None
    return UndoReport(plan.digest, removed, left)
