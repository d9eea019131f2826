"""Keys of operations: what an operation does, digested, so that replay happens once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from taskplan.planning.codec import canonical_json
from taskplan.planning.document import Operation


def operation_key(
    draft: Operation, *, project: str, dataset: str, after: Sequence[str] = (), again: int = 1
) -> str:
    """Return the key of an operation: 32 hexadecimal digits, the same wherever the same is planned.

    `after` lists the keys of operations that it depends on: a review of other
    work is another review, whatever it is called. `again` counts operations of
    one plan that say the same.
    """
    said = {
        "action": draft.action,
        "project": project,
        "dataset": dataset,
        "task": msgspec.to_builtins(draft.task),
        "target": draft.target,
        "after": list(after),
        "shares": msgspec.to_builtins(draft.allocation.shares),
        "items": msgspec.to_builtins(draft.allocation.items),
        **({"mode": msgspec.to_builtins(draft.mode)} if draft.mode is not None else {}),
        **({"moves": msgspec.to_builtins(draft.moves)} if draft.moves else {}),
    }
    content = hashlib.sha256(canonical_json(said)).hexdigest()
    return content[:32] if again == 1 else hashlib.sha256(f"{content}:{again}".encode()).hexdigest()[:32]


def free_id(wanted: str, taken: Sequence[str] | set[str]) -> str:
    """Return an operation's id, with a number where it is taken (a task may itself be called "batch #2")."""
    number, found = 1, wanted
    while found in taken:
        number += 1
        found = f"{wanted} #{number}"
    return found
