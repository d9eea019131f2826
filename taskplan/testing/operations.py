"""Operations made by hand, for tests of backends: quality and pulling tasks, and moves."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from taskplan.allocation import quality
from taskplan.model.ids import ItemIds
from taskplan.model.table import ItemTable
from taskplan.planning.codec import seal
from taskplan.planning.document import (
    QUEUE,
    AllocationRecord,
    Fairness,
    Mode,
    ModeKind,
    MoveRecord,
    Operation,
    PackedIds,
    Plan,
    Selection,
    Share,
    SnapshotRecord,
    TaskFields,
)

_FAIRNESS = Fairness({}, "given", 0.0, 0.0, 1.0, False)


def plan_of(table: ItemTable, *operations: Operation) -> Plan:
    """Return a sealed plan of some operations over the items of a table."""
    snapshot = SnapshotRecord(table.project, table.dataset, len(table), table.fingerprint(()), ())
    plan = Plan(digest="", taskplan="test", seed=0, spec={}, snapshot=snapshot, operations=tuple(operations))
    return seal(plan)


def pulling_task(
    name: str, ids: Sequence[str], people: Sequence[str], *, batch: int = 3, maximum: int = 5
) -> Operation:
    """Return an operation that makes a pulling task."""
    mode = Mode(kind="pulling", people=tuple(people), batch=batch, maximum=maximum)
    return _made(name, {QUEUE: ids}, mode)


def quality_task(
    name: str,
    kind: ModeKind,
    ids: Sequence[str],
    people: Sequence[str],
    *,
    percent: float = 100,
    each: int | None = None,
    pool: Sequence[str] = (),
) -> Operation:
    """Return an operation that makes a quality task; `pool` is the ground truth of a honeypot task."""
    loads = [100 / len(people)] * len(people)
    if kind == "honeypot":
        mixed = quality.honeypot(len(ids), len(pool), loads, percent)
        shares = {
            who: [*(ids[row] for row in raw), *(pool[row] for row in truth)]
            for who, raw, truth in zip(people, mixed.rows, mixed.truth, strict=True)
        }
        mode = Mode(kind=kind, people=tuple(people), percent=percent, copied=mixed.copied)
        return _made(name, shares, mode)
    if kind == "qualification":
        made = quality.qualification(len(ids), len(people))
        mode = Mode(kind=kind, people=tuple(people), copied=made.copied)
    else:
        each = each or len(people)
        made = quality.consensus(len(ids), loads, percent, each)
        mode = Mode(kind=kind, people=tuple(people), percent=percent, each=each, copied=made.copied)
    shares = {who: [ids[row] for row in rows] for who, rows in zip(people, made.rows, strict=True)}
    return _made(name, shares, mode)


def move(task: str, *moves: tuple[str | None, str, Sequence[str]], after: Sequence[str] = ()) -> Operation:
    """Return an operation that moves items (giver, taker, ids) in a task, by id; `after` operations."""
    takers = dict.fromkeys(taker for _, taker, _ in moves)
    ordered = [move for taker in takers for move in moves if move[1] == taker]
    shares = {who: [item for _, taker, ids in ordered if taker == who for item in ids] for who in takers}
    records = tuple(MoveRecord(giver, taker, len(ids)) for giver, taker, ids in ordered)
    return Operation(
        id=f"move:{task}:{len(records)}",
        key=_key("move", task, str(ordered)),
        action="move_items",
        depends_on=tuple(after),
        target=task,
        about=task,
        selection=Selection("items", None, sum(map(len, shares.values()))),
        allocation=_allocation(shares),
        moves=records,
    )


def _made(name: str, shares: Mapping[str, Iterable[str]], mode: Mode) -> Operation:
    allocation = _allocation({who: list(ids) for who, ids in shares.items()})
    return Operation(
        id=f"create:{name}",
        key=_key(name, mode.kind, allocation.items.data),
        action="create_task",
        task=TaskFields(name=name),
        selection=Selection("items", None, allocation.items.count),
        allocation=allocation,
        mode=mode,
    )


def _allocation(shares: Mapping[str, Sequence[str]]) -> AllocationRecord:
    return AllocationRecord(
        strategy="given",
        options={},
        ordering="as-listed",
        ordering_path=None,
        shares=tuple(Share(who, len(ids)) for who, ids in shares.items()),
        items=PackedIds.of(ItemIds.of(item for ids in shares.values() for item in ids)),
        fairness=_FAIRNESS,
    )


def _key(*said: str) -> str:
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:32]
