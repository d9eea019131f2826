"""Quality and pulling tasks: what the platform is told of them, and their allocation taken apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from taskplan.allocation import quality
from taskplan.model.ids import ItemIds
from taskplan.planning.document import Mode, Operation, PackedIds, Share


@dataclass(frozen=True, slots=True)
class Parts:
    """Item ids by person: `single` are handed out themselves, `copies` are originals of copies.

    `items` are those that the platform is asked to make the task of, and `loads` the
    percentages by which it then splits them as the plan does.
    """

    single: Mapping[str, ItemIds]
    copies: Mapping[str, ItemIds]
    items: ItemIds
    loads: Mapping[str, float]


def is_quality(operation: Operation) -> bool:
    """Tell whether the operation makes a task of which the platform makes copies."""
    return operation.mode is not None and operation.mode.kind in quality.KINDS


def system_of(mode: Mode) -> dict[str, Any]:
    """Return ``metadata.system`` of such a task, as the platform's SDK sends it."""
    said: dict[str, Any] = {"allowedAssignees": [who.lower() for who in mode.people]}
    if mode.kind == "pulling":
        return {**said, "batchSize": mode.batch, "maxBatchWorkload": mode.maximum, "scoring": False}
    said["consensusTaskType"] = mode.kind
    if mode.kind != "qualification" and mode.percent is not None:
        # The SDK sends whole numbers.
        said["consensusPercentage"] = int(mode.percent) if mode.percent == int(mode.percent) else mode.percent
    if mode.kind == "consensus" and mode.each is not None:
        said["consensusAssignees"] = mode.each
    return {**said, "scoring": False}


def parts_of(operation: Operation) -> Parts:
    """Return the parts of a quality task; `operation` has a mode of such a kind."""
    mode = operation.mode
    assert mode is not None
    held = operation.items_by_assignee()
    if mode.kind == "honeypot":
        # Ground truth stands behind the raw items; the platform finds it itself.
        counts = {who: quality.raw_among(len(ids), mode.percent or 0) for who, ids in held.items()}
        single = {who: ids[: counts[who]] for who, ids in held.items()}
        copies = {who: ids[counts[who] :] for who, ids in held.items()}
        return Parts(single, copies, _distinct(single.values()), _loads(operation, single))
    common = _common(operation, mode, held)
    single, copies = {}, {}
    for who, ids in held.items():
        mask = np.fromiter((item in common for item in ids), dtype=bool, count=len(ids))
        single[who], copies[who] = ids.take(np.flatnonzero(~mask)), ids.take(np.flatnonzero(mask))
    return Parts(single, copies, _distinct(held.values()), _loads(operation, single))


def _common(operation: Operation, mode: Mode, held: Mapping[str, ItemIds]) -> Collection[str]:
    counts = Counter(item for ids in held.values() for item in ids)
    if mode.kind == "qualification":
        return counts.keys()
    if mode.each != 1:
        return {item for item, count in counts.items() if count > 1}
    # One copy each tells nothing apart, and it matters to nobody which items they are of.
    places = np.linspace(0, len(counts) - 1, mode.copied).round().astype(np.int64)
    listed = [*counts]
    return {listed[place] for place in places.tolist()}


def _distinct(parts: Iterable[ItemIds]) -> ItemIds:
    return ItemIds.of(dict.fromkeys(item for ids in parts for item in ids))


def _loads(operation: Operation, single: Mapping[str, ItemIds]) -> dict[str, float]:
    said = operation.task.workload if operation.task is not None else None
    if said and all(who.lower() in said for who in single):
        return {who: said[who.lower()] for who in single}
    even = dict.fromkeys(single, 100 / len(single)) if single else {}
    counts = [len(ids) for ids in single.values()]
    total = sum(counts)
    split = [len(block) for block in quality.in_blocks(np.arange(total), [*even.values()])]
    if split == counts:
        return even
    return {who: 100 * count / total for who, count in zip(single, counts, strict=True)}


def dealt_anew(operation: Operation, dropped: Collection[str]) -> Operation:
    """Return a quality task without the items `dropped`, dealt out as the platform deals out the rest.

    InputError where too little ground truth is left.
    """
    mode, parts = operation.mode, parts_of(operation)
    assert mode is not None
    gone = set(dropped)
    people = [*parts.loads]
    if not people:
        return operation
    if mode.kind == "honeypot":
        raw = _without(_distinct(parts.single.values()), gone)
        pool = _without(max(parts.copies.values(), key=len), gone)
        mixed = quality.honeypot(len(raw), len(pool), [*parts.loads.values()], mode.percent or 0)
        shares = {
            who: [*raw.take(rows), *pool.take(truth)]
            for who, rows, truth in zip(people, mixed.rows, mixed.truth, strict=True)
        }
        copied = mixed.copied
    else:
        items = _without(ItemIds.of(sorted(parts.items)), gone)
        if mode.kind == "qualification":
            made = quality.qualification(len(items), len(people))
        else:
            each = mode.each or len(people)
            made = quality.consensus(len(items), [*parts.loads.values()], mode.percent or 100, each)
        shares = {who: items.take(rows).tolist() for who, rows in zip(people, made.rows, strict=True)}
        copied = made.copied
    allocation = msgspec.structs.replace(
        operation.allocation,
        shares=tuple(Share(who, len(items)) for who, items in shares.items()),
        items=PackedIds.of(ItemIds.of(item for items in shares.values() for item in items)),
    )
    return msgspec.structs.replace(
        operation, allocation=allocation, mode=msgspec.structs.replace(mode, copied=copied)
    )


def _without(ids: ItemIds, gone: Collection[str]) -> ItemIds:
    return ItemIds.of(item for item in ids if item not in gone)
