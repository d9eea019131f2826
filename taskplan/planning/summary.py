"""What there is to show of a plan: counts, everybody's part, and the plan as plain data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taskplan.planning.wording import short_digest
from taskplan.text import plural

if TYPE_CHECKING:
    from taskplan.planning.document import Operation, Plan


@dataclass(frozen=True, slots=True)
class Part:
    """One assignee's part: `share` (0 to 1) of all, `beside` (0 to 1) the largest part.

    Both are of the effort where items differ in it (`effort` is None where not), else of the items.
    """

    assignee: str
    items: int
    effort: float | None
    share: float
    beside: float


def parts(operation: Operation) -> list[Part]:
    """Return everybody's part of an operation, in the order of its shares."""
    shares = operation.allocation.shares
    by_effort = any(share.effort is not None for share in shares)
    amounts = [share.effort or 0.0 if by_effort else float(share.items) for share in shares]
    total, largest = math.fsum(amounts) or 1.0, max(amounts, default=0.0) or 1.0
    return [
        Part(share.assignee, share.items, amount if by_effort else None, amount / total, amount / largest)
        for share, amount in zip(shares, amounts, strict=True)
    ]


def distinct_items(operations: Sequence[Operation]) -> int:
    """Return how many items take part; one that is annotated and reviewed counts once."""
    from taskplan.model.ids import ItemIds

    if len(operations) == 1 and operations[0].mode is None:
        return operations[0].allocation.items.count
    return ItemIds.count_distinct([operation.allocation.items.unpack() for operation in operations])


def plan_heading(plan: Plan) -> str:
    """Return in a line which plan it is: its digest, and how much there is in it."""
    return (
        f"plan {short_digest(plan.digest)}: {plural(len(plan.operations), 'operation')}, "
        f"{plural(distinct_items(plan.operations), 'item')} from {plan.snapshot.dataset}"
    )


def plan_json(plan: Plan, *, with_items: bool) -> dict[str, Any]:
    """Return a plan as plain data; ids only where asked for, as they are many."""
    import msgspec

    data = msgspec.to_builtins(plan)
    assert isinstance(data, dict)
    for entry, operation in zip(data["operations"], plan.operations, strict=True):
        entry["allocation"]["items"] = operation.allocation.items.count
        if with_items:
            entry["items"] = {who: ids.tolist() for who, ids in operation.items_by_assignee().items()}
    return data
