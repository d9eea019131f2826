"""Items that change hands within a task of the platform: taken out by id, and added for whoever takes them.

In between an item is in nobody's assignment. Should the process end there, the
mark of the operation says "begun", and whoever goes on adds what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from taskplan.planning.document import Operation
from taskplan.replay.moves import moved, moves_of, standing_against
from taskplan_dataloop import marks
from taskplan_dataloop.filling import Filling, Held


def hand_over(filling: Filling, task: str, operation: Operation, *, resumed: bool) -> None:
    """Give the takers what the givers have; items with a status, and those of others, stay where they are.

    Items that are not in the task are added only where an earlier try, `resumed`
    now, may have taken them out.
    """
    held = filling.held(task)
    givers = {item: move.giver for move in moves_of(operation) for item in move.items}
    planned: dict[str, list[str]] = {}
    for move in moves_of(operation):
        wanted = [item for item in move.items if resumed or item in held.assignees]
        planned.setdefault(move.taker, []).extend(wanted)
    owners = {item: who for who, items in planned.items() for item in items}
    filling.fill(
        task,
        planned,
        held,
        misplaced=lambda item, who: item in owners and who == givers[item] and who != owners[item],
    )


def blockers(
    task: Mapping[str, Any],
    operation: Operation,
    held: Held,
    together: frozenset[str],
    *,
    discard_work: bool,
) -> tuple[str, ...]:
    """Say what stands against giving the items back, a line each."""
    keys = marks.moves(task)
    later = keys[keys.index(operation.key) + 1 :] if operation.key in keys else ()
    stay = not together.issuperset(later)
    worked = gone_on = nobodys = 0
    for move in moves_of(operation):
        for item in move.items:
            holder = held.assignees.get(item, move.giver)
            if holder == move.giver:
                # Had it never left, nothing were lost; but who has moved it back would give it away again.
                gone_on += stay and item not in held.statuses
                continue
            if item in held.statuses:
                worked += 1
            elif holder != move.taker:
                gone_on += stay or not later
            else:
                nobodys += move.giver is None
    name = task["name"]
    lines = standing_against(name, 0 if discard_work else worked, gone_on)
    if nobodys and not discard_work:
        lines.append(
            f'{moved(nobodys)} in the task "{name}" {"was" if nobodys == 1 else "were"} nobody\'s before, '
            "which the platform cannot make them again (with --discard-work they stay where they are)"
        )
    return tuple(lines)


def give_back(filling: Filling, task: Mapping[str, Any], operation: Operation) -> None:
    """Give items without a status back to whom they were taken from, as far as they are with the takers."""
    # What is missing now, and not when this began, was taken out on the way back.
    resumed = marks.state_of(task, operation.key) == "begun"
    filling.mark(task["id"], lambda now: marks.begins_undo(now, operation.key))
    held = filling.held(task["id"])
    takers = {item: move.taker for move in moves_of(operation) for item in move.items}
    planned: dict[str, list[str]] = {}
    for move in moves_of(operation):
        if move.giver is not None:
            wanted = [item for item in move.items if resumed or item in held.assignees]
            planned.setdefault(move.giver, []).extend(wanted)
    owners = {item: who for who, items in planned.items() for item in items}
    filling.fill(
        task["id"],
        planned,
        held,
        misplaced=lambda item, who: item in owners and who == takers[item] and who != owners[item],
    )
