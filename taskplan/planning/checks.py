"""Does a plan keep what it says? Checked from the file alone, or beside the items that it was made from.

Nothing here is shared with the code that makes plans: what a plan says is computed
again from its own numbers, so that a mistake there cannot hide here.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from taskplan.errors import PlanError
from taskplan.model.ids import ItemIds
from taskplan.model.table import ItemTable
from taskplan.planning.certified import certificate_faults, share_faults
from taskplan.planning.document import QUEUE, Operation, Plan

Status = Literal["holds", "fails", "not said"]
_SUFFIX = r"( \(\d+/\d+\))?( \(copy \d+/\d+\))?( #\d+)?"
_WHOLE_GROUPS = "grouped"
_COUNTED = ("filter", "items", "dataset", "finished", "planned")


@dataclass(frozen=True, slots=True)
class PlanFinding:
    """What was found of one check: `definition` says what it checks, `faults` are sentences."""

    check: str
    definition: str
    status: Status
    looked_at: int
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """The operations of one task of the spec (its parts and copies).

    `spec` is None where the plan has none, and empty where several tasks may be meant.
    """

    spec: Mapping[str, Any] | None
    operations: tuple[Operation, ...]

    @property
    def title(self) -> str:
        return self.operations[0].title

    @property
    def people(self) -> dict[str, Mapping[str, Any]]:
        """What the spec says of each person, by e-mail; empty where it is not told."""
        listed = (self.spec or {}).get("assignees", [])
        known = [{"email": person} if isinstance(person, str) else person for person in listed]
        return {str(person["email"]).lower(): person for person in known}

    @property
    def counts(self) -> dict[str, int]:
        """How many items each person gets, in all parts and copies together."""
        counts: dict[str, int] = {}
        for operation in self.operations:
            for share in operation.allocation.shares:
                counts[share.assignee] = counts.get(share.assignee, 0) + share.items
        return counts

    @property
    def is_split(self) -> bool:
        """True where the plan itself decides who gets what of the whole task."""
        first = self.operations[0]
        sticky = first.allocation.strategy == "sticky"
        return first.action != "move_items" and first.mode is None and not sticky


Check = Callable[[Plan, list[Task], ItemTable | None], Iterator[str | None]]


def check_plan(plan: Plan, table: ItemTable | None = None) -> tuple[PlanFinding, ...]:
    """Check a plan; with the items that it was made from also that it selects what it says.

    Each check is told once, with how many operations or tasks it has looked at.
    PlanError where the items of an operation cannot be read at all.
    """
    for operation in plan.operations:
        try:
            operation.allocation.items.unpack()
        except (ValueError, zlib.error) as error:
            raise PlanError(f"its items cannot be read: {error}", source=operation.title) from error
    tasks = _tasks(plan)
    findings = []
    for name, check in CHECKS.items():
        looked_at = list(check(plan, tasks, table))
        faults = tuple(fault for fault in looked_at if fault is not None)
        status: Status = "fails" if faults else "holds" if looked_at else "not said"
        definition = (check.__doc__ or name).partition("\n")[0]
        findings.append(PlanFinding(name, definition, status, len(looked_at), faults))
    return tuple(findings)


def _tasks(plan: Plan) -> list[Task]:
    """Put the operations of one task of the spec together, in the order of the plan."""
    stated = plan.spec.get("tasks", [])
    places = [
        _places_of(operation, stated if isinstance(stated, list) else []) for operation in plan.operations
    ]
    # A task may be named as a part of another would be: which one it is, the file does not tell.
    doubtful = {p for several in places if len({stated[p].get("name") for p in several}) > 1 for p in several}
    found: dict[int | str, tuple[Mapping[str, Any] | None, list[Operation]]] = {}
    for operation, several in zip(plan.operations, places, strict=True):
        if not several or doubtful.intersection(several):
            found[operation.id] = ({} if several else None, [operation])
            continue
        again = re.search(r" #(\d+)$", operation.id)
        place = several[min(int(again[1]) if again else 1, len(several)) - 1]
        found.setdefault(place, (stated[place], []))[1].append(operation)
    return [Task(spec, tuple(operations)) for spec, operations in found.values()]


def _places_of(operation: Operation, stated: list[Any]) -> list[int]:
    """Return the tasks of the spec that an operation may be of, by its id."""
    verb, _, rest = operation.id.partition(":")
    field = {"create": "name", "add": "add_to", "move": "redistribute"}.get(verb, "")
    titles = [task.get(field) if isinstance(task, dict) else None for task in stated]
    return [
        place
        for place, title in enumerate(titles)
        if isinstance(title, str) and (rest == title or re.fullmatch(re.escape(title) + _SUFFIX, rest))
    ]


def _coverage(plan: Plan, tasks: list[Task], table: ItemTable | None) -> Iterator[str | None]:
    """Every selected item is given out, none twice to anybody, and the numbers add up."""
    for task in tasks:
        for operation in task.operations:
            yield from _add_up(operation)
        yield from _copies_differ(task)
        yield _lost(task)


def _add_up(operation: Operation) -> Iterator[str | None]:
    ids = operation.allocation.items.unpack()
    planned = sum(share.items for share in operation.allocation.shares)
    if planned != len(ids) or any(share.items < 0 for share in operation.allocation.shares):
        yield f"{operation.title}: its shares add up to {planned:,}, but it has {len(ids):,} items"
        return
    several = operation.mode is not None and operation.mode.kind != "pulling"
    for who, mine in operation.items_by_assignee().items():
        twice = len(mine) - ItemIds.count_distinct([mine])
        if twice:
            yield f"{operation.title}: {who or 'the queue'} gets {_items(twice)} twice"
            return
    twice = 0 if several else len(ids) - ItemIds.count_distinct([ids])
    yield f"{operation.title}: {_items(twice)} given out twice" if twice else None


def _copies_differ(task: Task) -> Iterator[str | None]:
    """Of an overlap, every copy is of the same items, and nobody gets an item in two of them."""
    copies = [operation for operation in task.operations if " (copy " in operation.id]
    parts: dict[str, list[Operation]] = {}
    for operation in copies:
        parts.setdefault(operation.id.rpartition(" (copy ")[0], []).append(operation)
    for several in parts.values():
        sets = [operation.allocation.items.unpack() for operation in several]
        if any(ItemIds.count_distinct([sets[0], other]) != len(sets[0]) for other in sets):
            yield f"{task.title}: its copies are not of the same items"
        held: dict[str, list[ItemIds]] = {}
        for operation in several:
            for who, ids in operation.items_by_assignee().items():
                held.setdefault(who, []).append(ids)
        for who, all_ids in held.items():
            twice = sum(map(len, all_ids)) - ItemIds.count_distinct(all_ids)
            yield f"{task.title}: {who} gets {_items(twice)} in several copies" if twice else None


def _lost(task: Task) -> str | None:
    first = task.operations[0]
    kind = first.mode.kind if first.mode is not None else first.allocation.strategy
    if (
        task.spec == {}
        or kind == "honeypot"
        or first.selection.source not in _COUNTED
        or first.action == "move_items"
    ):
        return None
    given = ItemIds.count_distinct([operation.allocation.items.unpack() for operation in task.operations])
    matched = first.selection.matched
    if first.selection.source == "planned":
        matched = sum(
            o.selection.matched for o in task.operations if " (copy " not in o.id or "(copy 1/" in o.id
        )
    expected = matched if first.selection.limit is None else min(matched, first.selection.limit)
    if given == expected:
        return None
    limit = "" if expected == matched else f" (of {matched:,})"
    return f"{task.title}: {_items(expected)} selected{limit}, but {given:,} given out"


def _certificate(plan: Plan, tasks: list[Task], table: ItemTable | None) -> Iterator[str | None]:
    """The certificate says what the plan's own shares give, and no value is below its bound."""
    for task in tasks:
        copied = any(" (copy " in operation.id for operation in task.operations)
        for operation in task.operations:
            fault = certificate_faults(operation, task.people, alone=not copied)
            yield None if fault is None else f"{operation.title}: {fault}"


def _shares(plan: Plan, tasks: list[Task], table: ItemTable | None) -> Iterator[str | None]:
    """Weights and percentages of the spec are kept within an item, where the method promises it."""
    for task in tasks:
        if not task.is_split or not task.people:
            continue
        for operation in task.operations:
            if operation.allocation.ordering != _WHOLE_GROUPS and " (copy " not in operation.id:
                for fault in share_faults(operation, task.people):
                    yield None if fault is None else f"{operation.title}: {fault}"


def _bounds(plan: Plan, tasks: list[Task], table: ItemTable | None) -> Iterator[str | None]:
    """Fixed counts, minima and maxima of the spec are kept."""
    for task in tasks:
        if not task.is_split:
            continue
        whole = any(o.allocation.ordering == _WHOLE_GROUPS for o in task.operations)
        for who, person in task.people.items():
            count = task.counts.get(who, 0)
            least, most = person.get("minimum"), person.get("maximum")
            fixed = None if whole else person.get("count")
            if least is None and most is None and fixed is None:
                continue
            if fixed is not None and count != fixed:
                yield f"{task.title}: {who} gets {_items(count)} for a fixed count of {fixed:,}"
            elif least is not None and count < least:
                yield f"{task.title}: {who} gets {_items(count)}, fewer than their minimum of {least:,}"
            elif most is not None and count > most:
                yield f"{task.title}: {who} gets {_items(count)}, more than their maximum of {most:,}"
            else:
                yield None


def _needs(plan: Plan, tasks: list[Task], table: ItemTable | None) -> Iterator[str | None]:
    """Items that need skills, or exclude people, go into the shares of those who may have them."""
    for operation in plan.operations:
        if operation.allocation.needs and operation.mode is None:
            fault = _unplaceable(operation)
            yield None if fault is None else f"{operation.title}: {fault}"


def _unplaceable(operation: Operation) -> str | None:
    """Say how many items find no place in the shares; a flow from needs to people (L. Ford, D. Fulkerson)."""
    import networkx as nx

    allocation = operation.allocation
    graph: nx.DiGraph[Any] = nx.DiGraph()
    total = sum(share.items for share in allocation.shares)
    asked = sum(need.items for need in allocation.needs)
    if asked > total:
        return f"{asked:,} items have needs, but there are {total:,}"
    free = tuple(share.assignee for share in allocation.shares)
    for place, (count, people) in enumerate(
        [*((need.items, need.people) for need in allocation.needs), (total - asked, free)]
    ):
        graph.add_edge("items", ("need", place), capacity=count)
        for who in people:
            graph.add_edge(("need", place), ("person", who), capacity=count)
    for share in allocation.shares:
        graph.add_edge(("person", share.assignee), "done", capacity=share.items)
    flow = int(nx.maximum_flow_value(graph, "items", "done"))
    return None if flow == total else f"{_items(total - flow)} with somebody who may not have them"


def _dependencies(plan: Plan, tasks: list[Task], table: ItemTable | None) -> Iterator[str | None]:
    """What an operation depends on is in the plan, without circles, and so is what a review reviews."""
    every = {operation.id for operation in plan.operations}
    after = {operation.id: set(operation.depends_on) for operation in plan.operations}
    for operation in plan.operations:
        parent = operation.task.parent if operation.task is not None else None
        missing = [needed for needed in operation.depends_on if needed not in every]
        if missing:
            yield f"{operation.title}: depends on {missing[0]}, which is not in the plan"
        elif parent in every and parent not in operation.depends_on:
            yield f"{operation.title}: reviews {parent}, but does not depend on it"
        elif _reaches(operation.id, after):
            yield f"{operation.title}: depends on itself"
        elif operation.depends_on or parent is not None:
            yield None


def _reaches(start: str, after: Mapping[str, set[str]]) -> bool:
    seen: set[str] = set()
    waiting = list(after[start])
    while waiting:
        current = waiting.pop()
        if current == start:
            return True
        if current not in seen:
            seen.add(current)
            waiting += after.get(current, ())
    return False


def _qa_separation(plan: Plan, tasks: list[Task], table: ItemTable | None) -> Iterator[str | None]:
    """Nobody reviews what they annotate in the same plan."""
    by_id = {operation.id: operation for operation in plan.operations}
    for operation in plan.operations:
        parent = by_id.get(operation.task.parent or "") if operation.task is not None else None
        if parent is None or operation.task is None or operation.task.type != "qa":
            continue
        made = parent.items_by_assignee()
        own = {
            who: int((made[who].rows_of(ids) >= 0).sum())
            for who, ids in operation.items_by_assignee().items()
            if who in made and who != QUEUE
        }
        said = [f"{who} reviews {_items(count)} of their own" for who, count in own.items() if count]
        yield f"{operation.title}: {', '.join(said)}" if said else None


def _moves(plan: Plan, tasks: list[Task], table: ItemTable | None) -> Iterator[str | None]:
    """What changes hands adds up: by taker to the shares, and nobody takes from themselves."""
    for operation in plan.operations:
        if not operation.moves and operation.action != "move_items":
            continue
        if operation.action != "move_items":
            yield f"{operation.title}: has moves, but moves nothing"
            continue
        taken: dict[str, int] = {}
        for move in operation.moves:
            taken[move.taker] = taken.get(move.taker, 0) + move.items
        shares = {share.assignee: share.items for share in operation.allocation.shares if share.items}
        own = [move.taker for move in operation.moves if move.giver == move.taker]
        if own:
            yield f"{operation.title}: {own[0]} takes items from themselves"
        elif taken != shares:
            yield f"{operation.title}: its moves do not add up to its shares"
        else:
            yield None


def _snapshot(plan: Plan, tasks: list[Task], table: ItemTable | None) -> Iterator[str | None]:
    """The items are in the store, matched by the plan's query, and whole groups are with one person."""
    if table is None:
        return
    from taskplan.dql.evaluate import evaluate
    from taskplan.dql.parse import parse

    if table.fingerprint(plan.snapshot.paths) != plan.snapshot.fingerprint:
        yield f"{plan.snapshot.dataset} is no longer what the plan was made from"
        return
    for operation in plan.operations:
        ids = operation.allocation.items.unpack()
        rows = table.ids.rows_of(ids)
        gone = int((rows < 0).sum())
        if gone:
            yield f"{operation.title}: {_items(gone)} not in {plan.snapshot.dataset}"
            continue
        query = operation.selection.query
        strangers = 0
        if query is not None and operation.allocation.strategy != "honeypot":
            strangers = int((~evaluate(parse(query), table)[rows]).sum())
        if strangers:
            yield f"{operation.title}: {_items(strangers)} not matched by its query"
        else:
            yield _torn(operation, table)


def _torn(operation: Operation, table: ItemTable) -> str | None:
    """Say which value several people have a part of, where groups stay whole."""
    allocation = operation.allocation
    if allocation.ordering != _WHOLE_GROUPS or allocation.ordering_path is None:
        return None
    column = table.column(allocation.ordering_path)
    owner: dict[Any, str] = {}
    for who, ids in operation.items_by_assignee().items():
        for row in table.ids.rows_of(ids).tolist():
            reached = column.reached(row)
            if reached and owner.setdefault(repr(reached), who) != who:
                value = ", ".join(map(str, reached))
                return f"{operation.title}: both {owner[repr(reached)]} and {who} have items of {value}"
    return None


def _items(count: int) -> str:
    return "1 item" if count == 1 else f"{count:,} items"


CHECKS: Mapping[str, Check] = {
    "coverage": _coverage,
    "certificate": _certificate,
    "shares": _shares,
    "bounds": _bounds,
    "needs": _needs,
    "dependencies": _dependencies,
    "qa-separation": _qa_separation,
    "moves": _moves,
    "snapshot": _snapshot,
}
"""Every check by its name, in the order in which they are reported."""
