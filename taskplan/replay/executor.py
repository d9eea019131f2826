"""Performing a plan: every operation once, whatever happened before.

The backend is asked for an operation's key before anything is done, the intent
is in the journal before anything is sent, and the key is part of the effect.
So an operation is either seen (and adopted) or has not happened (and is done).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from taskplan.errors import BackendError, DriftError, InterruptedReplay
from taskplan.model.store import Progress
from taskplan.planning.document import Operation, Plan
from taskplan.replay.backend import Backend, Context, Outcome
from taskplan.replay.drift import Change, check_drift, narrow
from taskplan.replay.journal import Journal
from taskplan.replay.verify import Verification, verify_plan

Clock = Callable[[], float]
"""Returns milliseconds since 1970."""


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What a replay did: outcomes by operation id, new ones and those found done; what drift left out."""

    performed: dict[str, Outcome]
    already: dict[str, Outcome]
    narrowed: tuple[Change, ...]
    verification: Verification


def apply_plan(
    plan: Plan,
    backend: Backend,
    journal: Journal,
    *,
    actor: str,
    clock: Clock,
    allow_drift: bool = False,
    wait: float = 60.0,
    on_progress: Progress | None = None,
) -> ReplayReport:
    """Perform what of `plan` has not happened yet, then read it back and compare.

    DriftError where the backend is no longer what the plan was made on (with
    `allow_drift` the items concerned are left out), InterruptedReplay after
    Ctrl-C, BackendError where the backend fails or another replay holds the journal.
    """
    with journal.lock(wait):
        already = _settle(plan, backend, journal, clock)
        waiting = [operation for operation in plan.operations if operation.id not in already]
        changes = check_drift(plan, waiting, backend)
        if changes and (not allow_drift or any(change.fatal for change in changes)):
            raise _drifted(backend, changes)
        narrowed = {operation.id: narrow(operation, changes) for operation in waiting}
        performed: dict[str, Outcome] = {}
        try:
            for done, operation in enumerate(narrowed.values()):
                if on_progress is not None:
                    on_progress(done, len(waiting))
                tasks = {name: outcome.task_id for name, outcome in {**already, **performed}.items()}
                performed[operation.id] = _perform(plan, operation, backend, journal, tasks, actor, clock)
            # What was left out because of drift is reported, and is no difference.
            final = [narrowed.get(operation.id, operation) for operation in plan.operations]
            verification = verify_plan(plan, backend, final)
        except KeyboardInterrupt:
            count = len(already) + len(performed)
            raise InterruptedReplay(
                f"stopped after {count} of {len(plan.operations)} operations; the same command continues"
            ) from None
    return ReplayReport(performed, already, changes, verification)


def _settle(plan: Plan, backend: Backend, journal: Journal, clock: Clock) -> dict[str, Outcome]:
    """Return the operations that have taken effect, and bring the journal up to date with them."""
    already: dict[str, Outcome] = {}
    for operation in plan.operations:
        entry, outcome = journal.entry(operation.key), backend.find(operation.key)
        if outcome is not None:
            if entry is None or entry.state != "done":
                journal.done(operation.key, plan.digest, operation.id, outcome, clock())
            already[operation.id] = outcome
        elif entry is not None and entry.state == "done":
            raise BackendError(
                f"{operation.title} was made by this plan and is not there any more; "
                "undo the plan first, then apply it again"
            )
    return already


def _perform(
    plan: Plan,
    operation: Operation,
    backend: Backend,
    journal: Journal,
    tasks: dict[str, str],
    actor: str,
    clock: Clock,
) -> Outcome:
    now = clock()
    journal.intend(operation.key, plan.digest, operation.id, now)
    context = Context(plan.digest, plan.snapshot.dataset, tasks, actor, now)
    outcome = backend.perform(operation, context)
    journal.done(operation.key, plan.digest, operation.id, outcome, clock())
    return outcome


def _drifted(backend: Backend, changes: tuple[Change, ...]) -> DriftError:
    count = len(changes)
    mend = (
        ""
        if any(change.fatal for change in changes)
        else "; --allow-drift leaves these out, or make a new plan"
    )
    return DriftError(
        f"{backend.describe().name} has changed since the plan was made: "
        f"{count:,} {'difference' if count == 1 else 'differences'}{mend}",
        tuple(change.words for change in changes),
    )
