"""Plans as people read them, and as JSON; no decision is made here."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from taskplan.cli import output
from taskplan.model.times import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from taskplan.planning.document import AllocationRecord, NeedRecord, Operation, Plan

NEEDS_SHOWN = 5
"""So many kinds of need are shown of an operation; the rest is counted."""


def plan_view(plan: Plan) -> list[RenderableType]:
    """Return what `show` prints of a plan."""
    items = distinct_items(plan.operations)
    tasks = len(plan.operations)
    parts: list[RenderableType] = [
        output.heading(
            f"plan {short_digest(plan.digest)}: {output.plural(tasks, 'operation')}, "
            f"{output.plural(items, 'item')} from {plan.snapshot.dataset} "
            f"({output.plural(plan.snapshot.items, 'item')})"
        )
    ]
    for operation in plan.operations:
        parts += ["", *operation_view(operation)]
    return parts


def distinct_items(operations: Sequence[Operation]) -> int:
    """Return how many items take part; one that is annotated and reviewed counts once."""
    from taskplan.model.ids import ItemIds

    if len(operations) == 1:
        return operations[0].allocation.items.count
    return ItemIds.count_distinct([operation.allocation.items.unpack() for operation in operations])


def operation_view(operation: Operation) -> list[RenderableType]:
    """Return a heading, the facts, the people and the certificate of one operation."""
    allocation = operation.allocation
    verb = {"create_task": "create", "add_items": "add items to", "move_items": "redistribute"}
    kind = f" ({operation.task.type})" if operation.task else ""
    count = output.plural(allocation.items.count, "item")
    if operation.mode is not None and operation.mode.copied:
        count += f", {_copies(operation.mode.copied)} among them"
    return [
        output.heading(f"{verb[operation.action]} {operation.title}{kind}: {count}"),
        *map(output.indented, [*_facts(operation), *_asks(allocation)]),
        output.indented(_people(operation)),
        # Where the platform hands out, it is not ours to prove anything.
        *([output.indented(fairness_line(allocation))] if operation.mode is None else []),
    ]


def _copies(count: int) -> str:
    return "1 copy" if count == 1 else f"{count:,} copies"


def _waits(operation: Operation) -> bool:
    return operation.mode is not None and operation.mode.kind == "pulling"


def _people(operation: Operation) -> RenderableType:
    """Return who gets how much: by items, and by effort where items differ in it; or who gives whom."""
    shares = operation.allocation.shares
    if operation.moves:
        moves = [(move.giver or "nobody", move.taker, f"{move.items:,}") for move in operation.moves]
        return output.table(("from", "to", "items"), moves, right=("items",))
    if _waits(operation):
        assert operation.mode is not None
        return f"for {', '.join(operation.mode.people)}"
    by_effort = any(share.effort is not None for share in shares)
    amounts = [share.effort or 0.0 if by_effort else float(share.items) for share in shares]
    total, largest = math.fsum(amounts) or 1.0, max(amounts, default=0.0) or 1.0
    rows = []
    for share, amount in zip(shares, amounts, strict=True):
        effort = (f"{amount:,.4g}" if amount < 1000 else f"{amount:,.0f}",) if by_effort else ()
        cells = (share.assignee, f"{share.items:,}", *effort, f"{100 * amount / total:.1f}%")
        rows.append((*cells, output.bar(amount / largest)))
    titles = ("assignee", "items", *(("effort",) if by_effort else ()), "share", "")
    return output.table(titles, rows, right=("items", "effort", "share"))


def _asks(allocation: AllocationRecord) -> list[str]:
    """Return a line on what an item takes and one for each kind of item that not everybody may have."""
    lines = [f"effort {allocation.effort}"] if allocation.effort is not None else []
    lines += [need_line(need) for need in allocation.needs[:NEEDS_SHOWN]]
    more = len(allocation.needs) - NEEDS_SHOWN
    return [*lines, *([f"and {more:,} more such needs"] if more > 0 else [])]


def need_line(need: NeedRecord) -> str:
    """Return what some items ask of people, and who may have them."""
    asks = [f"need {', '.join(need.skills)}"] if need.skills else []
    asks += [f"not for {', '.join(need.excluded)}"] if need.excluded else []
    return f"{output.plural(need.items, 'item')}: {', '.join(asks)} (only {', '.join(need.people)})"


def _facts(operation: Operation) -> list[str]:
    """Return a line on the items and a line on the task."""
    from taskplan.planning.document import PRIORITY_NAMES

    selection, task = operation.selection, operation.task
    found = {
        "filter": f"filter matched {selection.matched:,}",
        "items": f"listed {selection.matched:,}",
        "dataset": f"whole dataset, {selection.matched:,}",
        "finished": f"finished {selection.matched:,}",
        "planned": f"planned items of its task {selection.matched:,}",
        "held": f"items of the task {selection.matched:,}",
    }[selection.source]
    facts = [found]
    if selection.limit is not None:
        facts.append(f"limit {selection.limit:,}")
    facts.append(_manner(operation))
    lines = [" · ".join(facts)]
    if task is not None:
        about = [f"due {moment(task.due)}" if task.due is not None else "no due date"]
        about.append(f"priority {PRIORITY_NAMES[task.priority]}")
        about += [f"owner {task.owner}"] if task.owner else []
        about += [f"recipe {task.recipe}"] if task.recipe else []
        if task.parent:
            about.append(f"reviews {operation.about or task.parent.removeprefix('create:')}")
        about += ["statuses " + ", ".join(str(a["action"]) for a in task.actions)] if task.actions else []
        about += [f"{name} {_short(value)}" for name, value in task.metadata.items()]
        lines.append(" · ".join(about))
    return lines


def _manner(operation: Operation) -> str:
    """Return how items are split or handed out."""
    mode, options = operation.mode, operation.allocation.options
    if mode is None and "truth" in options:
        count = output.plural(options["truth"], "item")
        return f"honeypot, {options['percent']:g} % of what everyone gets is ground truth, {count} of it"
    if mode is None:
        return f"{operation.allocation.strategy}, {_ordering(operation.allocation)}"
    if mode.kind == "pulling":
        return f"pulling, batches of {mode.batch}, at most {mode.maximum} open a person"
    if mode.kind == "consensus":
        return f"consensus, {mode.percent:g} % of the items to {mode.each} people each"
    if mode.kind == "honeypot":
        return f"honeypot, {mode.percent:g} % of what everyone gets is ground truth"
    return "qualification, everyone gets all items"


def _short(value: Any) -> str:
    import msgspec

    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= 40 else text[:39] + "…"


def _ordering(allocation: AllocationRecord) -> str:
    path = f" by {allocation.ordering_path}" if allocation.ordering_path else ""
    return allocation.ordering + path


def fairness_line(allocation: AllocationRecord) -> str:
    """Return the certificate in a line."""
    fairness = allocation.fairness
    # Beside a bound of 0 there is no ratio to speak of.
    ratio = f", ratio {fairness.ratio:.4f}" if fairness.bound else ""
    proof = "proven optimal" if fairness.optimal else f"bound {fairness.bound:.6g}{ratio}"
    jain = fairness.measures.get("jain")
    shown = f", Jain {jain:.4f}" if isinstance(jain, float) else ""
    label = {"total cost": "cost", "items that change hands": "moves"}.get(fairness.objective, "fairness")
    return f"{label}: {fairness.objective} {fairness.value:.6g} ({proof}){shown}"


def short_digest(digest: str) -> str:
    """Return the first digits of a digest, enough for people to tell plans apart."""
    return digest.removeprefix("sha256:")[:12]


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


def replay_lines(plan: Plan) -> list[str]:
    """Say for each operation whether one request would do, why, and what whole percentages would change."""
    from taskplan.replay.native import native_of

    lines = []
    for operation in plan.operations:
        native = native_of(operation)
        lines.append(f"replay of {operation.title}: {'native' if native.possible else 'exact'}: {native.why}")
        lines += [
            f"  with whole percentages {who} would get {then:,} instead of {planned:,}"
            for who, (planned, then) in native.rounded.items()
        ]
    return lines
