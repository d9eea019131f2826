"""The part of a page that says of every task what is planned, who gets what, and when it will be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskplan.planning import wording
from taskplan.planning.summary import parts
from taskplan.report.fairness import certificate
from taskplan.report.html import Content, Html, element, join, name
from taskplan.report.outlook import burndown, people, promises, unfinished
from taskplan.report.tables import Column, table
from taskplan.report.values import about, bar, count, percent, value
from taskplan.simulation.wording import left_to

if TYPE_CHECKING:
    from taskplan.planning.document import Operation, Plan
    from taskplan.simulation.forecast import Forecast, TaskForecast


def tasks_section(plan: Plan, forecast: Forecast | None) -> Html:
    """Return an article for each operation of the plan."""
    foreseen = {task.id: (number, task) for number, task in enumerate(forecast.tasks)} if forecast else {}
    articles = []
    for number, operation in enumerate(plan.operations):
        found = foreseen.get(operation.id)
        articles.append(_task(operation, number, None if found is None else _outlook(*found)))
    return element(
        "section",
        element("h2", "Tasks", id="tasks-heading"),
        *articles,
        aria_labelledby="tasks-heading",
        id="tasks",
    )


def anchor(number: int) -> str:
    """Return the id of a task's article."""
    return f"task-{number + 1}"


def _task(operation: Operation, number: int, outlook: Html | None) -> Html:
    at = f"plan.operations.{number}"
    heading = f"{anchor(number)}-heading"
    amount = value(wording.amount(operation), f"{at}.allocation.items")
    lists = [wording.item_facts(operation), wording.task_facts(operation)]
    return element(
        "article",
        element("h3", name(operation.title), id=heading),
        element("p", wording.deed(operation), ": ", amount, class_="deed"),
        *(
            element("ul", *(element("li", fact) for fact in facts), class_="facts")
            for facts in lists
            if facts
        ),
        *(element("p", line, class_="asks") for line in wording.asks(operation.allocation)),
        _who(operation, at),
        # Where the platform hands out, it is not ours to prove anything.
        certificate(operation.allocation, f"{at}.allocation.fairness") if operation.mode is None else None,
        outlook,
        id=anchor(number),
        aria_labelledby=heading,
    )


def _who(operation: Operation, at: str) -> Html:
    """Return who gets how much, who gives whom, or who takes from the queue."""
    title = operation.title
    if operation.moves:
        moves = [(name(move.giver), name(move.taker), count(move.items)) for move in operation.moves]
        columns = (Column("from"), Column("to", kind="words"), Column("items", "items"))
        return table(f"{title}: what changes hands", columns, moves, of=f"{at}.moves")
    if operation.mode is not None and operation.mode.kind == "pulling":
        return element("p", "for ", join(*map(name, operation.mode.people), between=", "))
    rows: list[tuple[Content, ...]] = []
    by_effort = False
    for part in parts(operation):
        by_effort = part.effort is not None
        effort = () if part.effort is None else (wording.effort(part.effort),)
        share = bar(percent(part.share), part.beside)
        rows.append((name(part.assignee), count(part.items), *effort, share))
    columns = (
        Column("assignee"),
        Column("items", "items"),
        *((Column("effort", "effort"),) if by_effort else ()),
        Column("share", kind="barred"),
    )
    return table(f"{title}: who gets what", columns, rows, of=f"{at}.allocation.shares")


def _outlook(number: int, task: TaskForecast) -> Html:
    """Return when one task will be done."""
    at = f"forecast.tasks.{number}"
    events = (
        ("rejected", "rejected", task.rejected),
        ("skipped", "skipped", task.skipped),
        ("abandoned", "abandoned", task.abandoned),
        ("without an answer", "ignored", task.ignored),
    )
    said = [join(f"{label} ", about(mean, f"{at}.{field}")) for label, field, mean in events if mean]
    return join(
        element("h4", "When it will be done"),
        promises(task.finish, f"{at}.finish"),
        unfinished(task.finish, f"{at}.finish"),
        element("p", "Mean number of items ", join(*said, between=" · ")) if said else None,
        burndown(
            f"{task.name}: burn-down",
            task.burndown,
            task.finish,
            f"{at}.burndown",
            left=left_to([task.type]),
        ),
        element(
            "details",
            element("summary", f"{task.name}: people"),
            people(f"{task.name}: means over the replications (UTC)", task.people, f"{at}.people"),
        ),
    )
