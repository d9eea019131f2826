"""Could the platform itself make an operation in one request, from the query and percentages?

Exact replay sends every person's items by id. Native replay sends the query and the
workload, and lets the platform split; it is possible where the plan takes all that
a query selects, once, in blocks as listed. How the platform rounds and orders is
not pinned down, so a backend looks afterwards, and sends by id what came out
differently.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from taskplan.allocation.apportionment import apportion
from taskplan.planning.document import Operation
from taskplan.replay.modes import parts_of

STRATEGIES = frozenset({"equal", "weighted"})
_PEOPLE_FOR_WHOLE_PERCENT = 100


@dataclass(frozen=True, slots=True)
class Native:
    """Whether native replay is possible, and why (not).

    `loads` maps assignee to percent; `rounded` maps those who would get another
    number of items with whole percentages, as the SDK's ``Workload.generate`` makes
    them, to (planned, then).
    """

    possible: bool
    why: str
    loads: Mapping[str, float] = field(default_factory=dict)
    rounded: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def native_of(operation: Operation) -> Native:
    """Tell whether one request would do."""
    allocation, selection = operation.allocation, operation.selection
    total = allocation.items.count
    counts = {share.assignee: share.items for share in allocation.shares}
    if operation.action == "move_items":
        return Native(False, "items change hands in a task that is there; they go by id")
    if operation.task is None:
        return Native(False, "items are added to a task that is there; they go by id")
    if operation.mode is not None:
        if operation.mode.kind == "pulling":
            return Native(True, "one request by nature: the platform keeps the queue")
        why = "one request by nature: the platform makes the copies and deals them out"
        return Native(True, why, parts_of(operation).loads)
    if selection.query is None or selection.source not in ("filter", "dataset"):
        return Native(False, f"the items are no query's ({selection.source}); they go by id")
    if selection.matched != total:
        return Native(False, f"the plan takes {total:,} of {selection.matched:,} that match; they go by id")
    if allocation.strategy not in STRATEGIES:
        return Native(False, f'the platform has nothing like the strategy "{allocation.strategy}"')
    if allocation.ordering != "as-listed":
        return Native(False, f'the platform does not deal items "{allocation.ordering}"')
    if not total:
        return Native(False, "there are no items")
    loads = {who: 100 * count / total for who, count in counts.items()}
    return Native(True, "one request: the query and a workload", loads, _rounded(counts, total))


def _rounded(counts: Mapping[str, int], total: int) -> dict[str, tuple[int, int]]:
    people = list(counts)
    if len(people) > _PEOPLE_FOR_WHOLE_PERCENT:
        return {}
    percents = apportion([counts[who] for who in people], 100)
    then = apportion(percents, total)
    return {who: (counts[who], int(got)) for who, got in zip(people, then, strict=True) if got != counts[who]}
