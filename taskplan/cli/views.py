"""Plans as people read them in a terminal; no decision is made here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskplan.cli import output
from taskplan.planning import wording
from taskplan.planning.summary import distinct_items as distinct_items
from taskplan.planning.summary import parts
from taskplan.planning.summary import plan_json as plan_json
from taskplan.planning.wording import short_digest as short_digest

if TYPE_CHECKING:
    from rich.console import RenderableType

    from taskplan.planning.document import Operation, Plan


def plan_view(plan: Plan, items: int | None = None) -> list[RenderableType]:
    """Return what `show` prints of a plan; `items` take part, where that is known and the plan lacks them."""
    if items is None:
        items = distinct_items(plan.operations)
    tasks = len(plan.operations)
    shown: list[RenderableType] = [
        output.heading(
            f"plan {short_digest(plan.digest)}: {output.plural(tasks, 'operation')}, "
            f"{output.plural(items, 'item')} from {plan.snapshot.dataset} "
            f"({output.plural(plan.snapshot.items, 'item')})"
        )
    ]
    for operation in plan.operations:
        shown += ["", *operation_view(operation)]
    return shown


def operation_view(operation: Operation) -> list[RenderableType]:
    """Return a heading, the facts, the people and the certificate of one operation."""
    allocation = operation.allocation
    facts = [" · ".join(wording.item_facts(operation)), " · ".join(wording.task_facts(operation))]
    return [
        output.heading(f"{wording.deed(operation)}: {wording.amount(operation)}"),
        *map(output.indented, [*filter(None, facts), *wording.asks(allocation)]),
        output.indented(_people(operation)),
        # Where the platform hands out, it is not ours to prove anything.
        *([output.indented(wording.fairness_line(allocation))] if operation.mode is None else []),
    ]


def _people(operation: Operation) -> RenderableType:
    """Return who gets how much: by items, and by effort where items differ in it; or who gives whom."""
    if operation.moves:
        moves = [(move.giver or "nobody", move.taker, f"{move.items:,}") for move in operation.moves]
        return output.table(("from", "to", "items"), moves, right=("items",))
    if operation.mode is not None and operation.mode.kind == "pulling":
        return f"for {', '.join(operation.mode.people)}"
    rows, by_effort = [], False
    for part in parts(operation):
        by_effort = part.effort is not None
        effort = (wording.effort(part.effort),) if part.effort is not None else ()
        cells = (part.assignee, f"{part.items:,}", *effort, f"{100 * part.share:.1f}%")
        rows.append((*cells, output.bar(part.beside)))
    titles = ("assignee", "items", *(("effort",) if by_effort else ()), "share", "")
    return output.table(titles, rows, right=("items", "effort", "share"))


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
