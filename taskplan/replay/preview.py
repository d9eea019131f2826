"""What applying a plan would do, found out by reading alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from taskplan.model.table import ItemTable
from taskplan.planning.document import Operation, Plan
from taskplan.replay.backend import Backend
from taskplan.replay.drift import Change, check_drift
from taskplan.replay.journal import Entry
from taskplan.replay.order import in_order


@dataclass(frozen=True, slots=True)
class Preview:
    """Operations that are `done` already and those `pending`, in order; `changes` is the drift of these."""

    done: tuple[Operation, ...]
    pending: tuple[Operation, ...]
    changes: tuple[Change, ...]


def preview_plan(
    plan: Plan,
    backend: Backend,
    entries: Mapping[str, Entry],
    *,
    only: Collection[str] | None = None,
    before: ItemTable | None = None,
) -> Preview:
    """Return what is done, by the word of the journal's `entries` or of the backend, and what is not.

    `only` and `before` are those of `taskplan.replay.executor.apply_plan`.
    """
    done: list[Operation] = []
    pending: list[Operation] = []
    for operation in in_order(plan):
        if only is not None and operation.id not in only:
            continue
        entry = entries.get(operation.key)
        known = entry is not None and entry.outcome is not None
        (done if known or backend.find(operation.key) is not None else pending).append(operation)
    others = {operation.key for operation in plan.operations if operation not in pending}
    return Preview(tuple(done), tuple(pending), check_drift(plan, backend, others, before=before))
