"""What changes hands in a ``move_items``, move by move."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import msgspec

from taskplan.model.ids import ItemIds
from taskplan.planning.document import MoveRecord, Operation, PackedIds, Share


@dataclass(frozen=True, slots=True)
class Move:
    """Items that go from `giver` (None: from nobody) to `taker`; e-mails in lower case."""

    giver: str | None
    taker: str
    items: ItemIds


def moves_of(operation: Operation) -> tuple[Move, ...]:
    """Return who gives what to whom; empty for an operation that moves nothing."""
    held = {who.lower(): ids for who, ids in operation.items_by_assignee().items()}
    start = dict.fromkeys(held, 0)
    moves = []
    for record in operation.moves:
        taker = record.taker.lower()
        first = start[taker]
        start[taker] = first + record.items
        giver = record.giver.lower() if record.giver is not None else None
        moves.append(Move(giver, taker, held[taker][first : first + record.items]))
    return tuple(moves)


def moved_less(operation: Operation, dropped: Collection[str], strangers: Collection[str]) -> Operation:
    """Return a ``move_items`` without the items `dropped` and without what `strangers` would take."""
    gone, out = set(dropped), {who.lower() for who in strangers}
    records: list[MoveRecord] = []
    taken: dict[str, list[str]] = {share.assignee.lower(): [] for share in operation.allocation.shares}
    for move, record in zip(moves_of(operation), operation.moves, strict=True):
        kept = [item for item in move.items if item not in gone]
        if move.taker not in out and kept:
            records.append(MoveRecord(record.giver, record.taker, len(kept)))
            taken[move.taker] += kept
    names = {share.assignee.lower(): share.assignee for share in operation.allocation.shares}
    allocation = msgspec.structs.replace(
        operation.allocation,
        shares=tuple(Share(names[who], len(items)) for who, items in taken.items() if items),
        items=PackedIds.of(ItemIds.of(item for items in taken.values() for item in items)),
    )
    return msgspec.structs.replace(operation, allocation=allocation, moves=tuple(records))


def standing_against(task: str, worked: int, gone_on: int) -> list[str]:
    """Say, a line each, that moved items of a task have a status, or have gone on to others since."""
    lines = []
    if worked:
        lines.append(
            f'{moved(worked)} in the task "{task}" {"has" if worked == 1 else "have"} a status '
            "(with --discard-work they stay with whoever has them)"
        )
    if gone_on:
        lines.append(
            f'{moved(gone_on)} in the task "{task}" {"has" if gone_on == 1 else "have"} gone on to others '
            "since (undo that first)"
        )
    return lines


def moved(count: int) -> str:
    """Return a number of moved items in words."""
    return "1 moved item" if count == 1 else f"{count:,} moved items"
