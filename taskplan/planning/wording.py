"""A plan in words, the same in a terminal and on a page: plain text, no layout."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from taskplan.model.times import moment
from taskplan.text import plural

if TYPE_CHECKING:
    from taskplan.planning.document import AllocationRecord, NeedRecord, Operation

NEEDS_SHOWN = 5
"""So many kinds of need are shown of an operation; the rest is counted."""


def short_digest(digest: str) -> str:
    """Return the first digits of a digest, enough for people to tell plans apart."""
    return digest.removeprefix("sha256:")[:12]


def deed(operation: Operation) -> str:
    """Return what is done to which task: ``create train (annotation)``."""
    verb = {"create_task": "create", "add_items": "add items to", "move_items": "redistribute"}
    kind = f" ({operation.task.type})" if operation.task else ""
    return f"{verb[operation.action]} {operation.title}{kind}"


def amount(operation: Operation) -> str:
    """Return how many items an operation is about, and how many of them are copies."""
    count = plural(operation.allocation.items.count, "item")
    copied = operation.mode.copied if operation.mode is not None else 0
    copies = "1 copy" if copied == 1 else f"{copied:,} copies"
    return f"{count}, {copies} among them" if copied else count


def effort(value: float) -> str:
    """Return an amount of effort in four digits, or in whole numbers from a thousand."""
    return f"{value:,.4g}" if value < 1000 else f"{value:,.0f}"


def item_facts(operation: Operation) -> list[str]:
    """Return how the items are found, and how they are split or handed out."""
    selection = operation.selection
    found = {
        "filter": f"filter matched {selection.matched:,}",
        "items": f"listed {selection.matched:,}",
        "dataset": f"whole dataset, {selection.matched:,}",
        "finished": f"finished {selection.matched:,}",
        "planned": f"planned items of its task {selection.matched:,}",
        "held": f"items of the task {selection.matched:,}",
    }[selection.source]
    limit = [f"limit {selection.limit:,}"] if selection.limit is not None else []
    return [found, *limit, _manner(operation)]


def task_facts(operation: Operation) -> list[str]:
    """Return what the platform will record of the task; nothing where no task is made."""
    from taskplan.planning.document import PRIORITY_NAMES

    task = operation.task
    if task is None:
        return []
    about = [f"due {moment(task.due)}" if task.due is not None else "no due date"]
    about.append(f"priority {PRIORITY_NAMES[task.priority]}")
    about += [f"owner {task.owner}"] if task.owner else []
    about += [f"recipe {task.recipe}"] if task.recipe else []
    if task.parent:
        about.append(f"reviews {operation.about or task.parent.removeprefix('create:')}")
    about += ["statuses " + ", ".join(str(a["action"]) for a in task.actions)] if task.actions else []
    return about + [f"{name} {_short(value)}" for name, value in task.metadata.items()]


def asks(allocation: AllocationRecord) -> list[str]:
    """Return a line on what an item takes and one for each kind of item that not everybody may have."""
    lines = [f"effort {allocation.effort}"] if allocation.effort is not None else []
    lines += [need_line(need) for need in allocation.needs[:NEEDS_SHOWN]]
    more = len(allocation.needs) - NEEDS_SHOWN
    return [*lines, *([f"and {more:,} more such needs"] if more > 0 else [])]


def need_line(need: NeedRecord) -> str:
    """Return what some items ask of people, and who may have them."""
    wanted = [f"need {', '.join(need.skills)}"] if need.skills else []
    wanted += [f"not for {', '.join(need.excluded)}"] if need.excluded else []
    return f"{plural(need.items, 'item')}: {', '.join(wanted)} (only {', '.join(need.people)})"


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


def _manner(operation: Operation) -> str:
    mode, options = operation.mode, operation.allocation.options
    if mode is None and "truth" in options:
        count = plural(options["truth"], "item")
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


def is_named(title: str, name: str) -> bool:
    """Tell whether a title is that of the task `name`, or of one of its numbered parts and copies."""
    return re.fullmatch(re.escape(name) + r"( \((copy )?\d+/\d+\))*", title) is not None
