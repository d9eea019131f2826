"""Performing a plan on a backend, exactly once.

For each operation: the intent is durable in the journal, then the backend does
it, then the journal says done. Where a process ended in between, the backend is
asked for the operation's key; what it finds is adopted and not done again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from taskplan.errors import DriftError, InterruptedReplay
from taskplan.model.store import Progress
from taskplan.model.table import ItemTable
from taskplan.planning.document import Operation, Plan
from taskplan.replay.backend import Backend, Context, Outcome
from taskplan.replay.drift import Change, check_drift, narrowed
from taskplan.replay.journal import LOCK_WAIT, Entry, Journal
from taskplan.replay.order import in_order, without_items
from taskplan.replay.verify import Verification, verify_plan


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What a replay did, by operation id: `performed` now, `already` before.

    `narrowed` lists what drift has taken out; `left_out` counts the planned items
    that have fallen out of it, now or before; `verification` compares what is there
    now with what was to be done.
    """

    plan: str
    performed: Mapping[str, Outcome]
    already: Mapping[str, Outcome]
    narrowed: tuple[Change, ...]
    verification: Verification
    left_out: int = 0


@dataclass(slots=True)
class _Replay:
    plan: Plan
    backend: Backend
    journal: Journal
    actor: str
    clock: Callable[[], float]
    entries: Mapping[str, Entry]
    performed: dict[str, Outcome] = field(default_factory=dict)
    already: dict[str, Outcome] = field(default_factory=dict)
    # The operations as they were really performed, for verification.
    real: dict[str, Operation] = field(default_factory=dict)
    # Operations of which drift had left nothing when this plan was last applied.
    dropped: set[str] = field(default_factory=set)


def apply_plan(
    plan: Plan,
    backend: Backend,
    journal: Journal,
    *,
    actor: str,
    clock: Callable[[], float],
    allow_drift: bool = False,
    only: Collection[str] | None = None,
    before: ItemTable | None = None,
    on_progress: Progress | None = None,
    wait: float = LOCK_WAIT,
) -> ReplayReport:
    """Perform what is not done yet, in the order of dependencies, then read back and verify.

    `actor` is recorded as creator; `clock` gives milliseconds since 1970; `only`
    keeps to the operations with these ids; `before` are the items that the plan was
    made from, to say what they were; `on_progress` counts items. DriftError
    where the backend no longer matches the snapshot, unless `allow_drift`;
    InterruptedReplay on Ctrl-C; BackendError where another replay holds the
    journal for longer than `wait` seconds.
    """
    operations = [o for o in in_order(plan) if only is None or o.id in only]
    with journal.locked(wait, plan=plan.digest):
        replay = _Replay(
            plan, backend, journal, actor, clock, journal.entries(operation.key for operation in operations)
        )
        try:
            with journal.locked(wait):
                _adopt(replay, operations)
                changes = _narrow(replay, operations, before, allow_drift=allow_drift)
            _perform(replay, operations, on_progress, wait)
            backend.settle(frozenset(operation.key for operation in operations))
            checked = [replay.real[o.id] for o in operations if o.id in replay.real]
            verification = verify_plan(plan, backend, operations=checked)
        except KeyboardInterrupt:
            finished = len(replay.performed) + len(replay.already)
            raise InterruptedReplay(
                f"stopped after {finished} of {len(operations)} operations; the same command continues"
            ) from None
    left_out = sum(o.allocation.items.count for o in operations) - sum(
        o.allocation.items.count for o in checked
    )
    return ReplayReport(plan.digest, replay.performed, replay.already, changes, verification, left_out)


def _adopt(replay: _Replay, operations: Sequence[Operation]) -> None:
    """Find out what was done before: by the journal's word, else by the key on the backend."""
    for operation in operations:
        entry = replay.entries.get(operation.key)
        if entry is not None and entry.state == "dropped":
            if entry.plan == replay.plan.digest:
                replay.dropped.add(operation.id)
            continue
        dropped = entry.dropped if entry is not None else ()
        outcome = entry.outcome if entry is not None else None
        if outcome is None:
            outcome = replay.backend.find(operation.key)
            if outcome is None:
                continue
            # Whose plan it was stays known, so that undo takes back no other's work.
            plan = entry.plan if entry is not None and entry.state == "intent" else replay.plan.digest
            replay.journal.done(plan, operation.id, operation.key, replay.clock(), outcome, dropped)
        replay.already[operation.id] = outcome
        replay.real[operation.id] = without_items(operation, dropped)


def _narrow(
    replay: _Replay, operations: Sequence[Operation], before: ItemTable | None, *, allow_drift: bool
) -> tuple[Change, ...]:
    pending = {operation.id: operation for operation in operations if operation.id not in replay.already}
    done = {operation.key for operation in replay.plan.operations if operation.id not in pending}
    changes = check_drift(replay.plan, replay.backend, done, before=before)
    out = replay.dropped.intersection(change.operation for change in changes)
    changes += _fallen_out(replay, pending.values(), out)
    if not allow_drift:
        # What fell out whole was let go; it stays out until all of it holds again.
        pending = {name: operation for name, operation in pending.items() if name not in out}
        changes = tuple(change for change in changes if change.operation not in out)
    if changes and not allow_drift:
        raise _drift_error(changes)
    if changes:
        kept, more = narrowed(replay.plan, changes)
        changes += more
        for operation in (operation for name, operation in pending.items() if name not in kept):
            items = operation.allocation.items.unpack()
            replay.journal.dropped(replay.plan.digest, operation.id, operation.key, replay.clock(), items)
        pending = {name: kept[name] for name in pending if name in kept}
    replay.real.update(pending)
    return changes


def _fallen_out(replay: _Replay, pending: Iterable[Operation], out: set[str]) -> tuple[Change, ...]:
    """Return what an earlier replay has left out of operations that pending ones build on.

    `out` names those that stay out whole; dropped ones that build on them join it.
    """
    keys = {operation.id: operation.key for operation in replay.plan.operations}
    changes = []
    for operation in pending:
        planned = set(operation.allocation.items.unpack())
        for needed in operation.depends_on:
            entry = replay.entries.get(keys[needed])
            settled = needed in replay.already or needed in out
            for item in entry.dropped if entry is not None and settled else ():
                if item in planned:
                    words = f"{operation.id}: item {item} fell out of {needed}"
                    changes.append(Change("item-left", operation.id, words, item=item))
                    if operation.id in replay.dropped:
                        out.add(operation.id)
    return tuple(changes)


def _drift_error(changes: tuple[Change, ...]) -> DriftError:
    count = "1 thing has" if len(changes) == 1 else f"{len(changes):,} things have"
    return DriftError(
        f"{count} changed since the plan was made; nothing was written (--allow-drift leaves them out)",
        tuple(change.words for change in changes),
    )


def _perform(
    replay: _Replay, operations: Sequence[Operation], on_progress: Progress | None, wait: float
) -> None:
    pending = [
        (operation, replay.real[operation.id])
        for operation in operations
        if operation.id in replay.real and operation.id not in replay.already
    ]
    total = sum(real.allocation.items.count for _, real in pending)
    finished = 0
    digest, journal = replay.plan.digest, replay.journal
    for operation, real in pending:
        if on_progress is not None:
            on_progress(finished, total)
        dropped: tuple[str, ...] = ()
        if real is not operation:
            kept = set(real.allocation.items.unpack())
            planned = dict.fromkeys(operation.allocation.items.unpack())
            dropped = tuple(item for item in planned if item not in kept)
        with journal.locked(wait):
            entry = journal.entries([operation.key]).get(operation.key)
            if entry is not None and entry.outcome is not None:
                # Another plan that holds the same operation was quicker.
                replay.already[operation.id] = entry.outcome
                replay.real[operation.id] = without_items(operation, entry.dropped)
                continue
            journal.intend(digest, operation.id, operation.key, replay.clock(), dropped)
            outcomes = {**replay.already, **replay.performed}
            context = Context(
                plan_digest=digest,
                dataset=replay.plan.snapshot.dataset,
                tasks={name: outcome.task_id for name, outcome in outcomes.items()},
                actor=replay.actor,
                now=replay.clock(),
            )
            outcome = replay.backend.perform(real, context)
            journal.done(digest, operation.id, operation.key, replay.clock(), outcome, dropped)
        replay.performed[operation.id] = outcome
        finished += real.allocation.items.count
    if on_progress is not None:
        on_progress(finished, total)
