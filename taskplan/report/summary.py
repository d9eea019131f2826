"""The head of a page: which plan it is, when it will be done, what limits it, and what to look out for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskplan.planning.summary import distinct_items
from taskplan.planning.wording import short_digest
from taskplan.report.html import Html, element
from taskplan.report.outlook import DONE_BY, ON_TIME, done_by, promises, unfinished
from taskplan.report.tables import Column, table
from taskplan.report.values import count, day, probability, when
from taskplan.simulation.limits import limit_lines
from taskplan.simulation.wording import is_estimated
from taskplan.text import plural

if TYPE_CHECKING:
    from taskplan.planning.document import Plan
    from taskplan.simulation.forecast import Finish, Forecast


def title(plan: Plan) -> str:
    """Return the title of a page."""
    return f"Annotation plan for {plan.snapshot.dataset}"


def banner(plan: Plan) -> Html:
    """Return the heading of a page, and what the terminal shows first."""
    items, operations = distinct_items(plan.operations), len(plan.operations)
    snapshot = plan.snapshot
    return element(
        "header",
        element("h1", "Annotation plan for ", element("bdi", snapshot.dataset)),
        element(
            "p",
            "plan ",
            element("code", short_digest(plan.digest), title=plan.digest),
            " · ",
            # As the terminal counts them: an item that is annotated and reviewed counts once.
            element("span", plural(operations, "operation"), id="operations"),
            " · ",
            element("span", plural(items, "item"), id="items"),
            " of ",
            count(snapshot.items, "plan.snapshot.items"),
            " in the dataset",
            class_="lead",
        ),
    )


def outlook_section(forecast: Forecast) -> Html:
    """Return by when all will be done and each task, how likely that is in time, and what limits it."""
    return element(
        "section",
        element("h2", "Done by", id="done-heading"),
        promises(forecast.finish, "forecast.finish"),
        unfinished(forecast.finish, "forecast.finish"),
        _limits(forecast),
        _tasks(forecast),
        element(
            "p",
            "Simulated ",
            count(forecast.replications, "forecast.replications"),
            " times from ",
            when(forecast.start, "forecast.start"),
            " on. Times are in UTC",
            "; ± is twice the standard error." if is_estimated(forecast) else ".",
            class_="quiet",
        ),
        aria_labelledby="done-heading",
        id="done",
    )


def _limits(forecast: Forecast) -> Html | None:
    """Return what limits the forecast, in the words of the terminal."""
    lines = limit_lines(forecast)
    return element("ul", *(element("li", line) for line in lines), class_="limits") if lines else None


def _tasks(forecast: Forecast) -> Html | None:
    """Return when each task is done and whether that is in time; a single one is what the headline says."""
    if len(forecast.tasks) < 2:
        return None
    dated = any(task.finish.due is not None for task in forecast.tasks)
    rows = [
        (
            element("bdi", task.name),
            count(task.items),
            *done_by(task.finish),
            *((_due(task.finish), probability(task.finish)) if dated else ()),
        )
        for task in forecast.tasks
    ]
    dates = (Column("due", "finish.due"), ON_TIME) if dated else ()
    columns = (Column("task"), Column("items", "items"), *DONE_BY, *dates)
    return table("When each task is done (UTC)", columns, rows, of="forecast.tasks")


def _due(finish: Finish) -> Html | None:
    return None if finish.due is None else day(finish.due)


def warnings_section(plan: Plan, forecast: Forecast | None) -> Html | None:
    """Return the warnings of the plan and of the forecast; nothing where there are none.

    What is said of a plan alone is the usual state of a plan: those are notes.
    """
    said = [*plan.warnings, *(forecast.warnings if forecast is not None else ())]
    if not said:
        return None
    foreseen = forecast is not None and bool(forecast.warnings)
    return element(
        "section",
        element("h2", "Warnings" if foreseen else "Notes", id="warnings-heading"),
        element("ul", *(element("li", warning) for warning in said)),
        aria_labelledby="warnings-heading",
        id="warnings",
        class_="warnings" if foreseen else "warnings notes",
    )


def assumptions_section(forecast: Forecast) -> Html | None:
    """Return what the forecast takes for granted; nothing where it does not say."""
    if not forecast.assumptions:
        return None
    return element(
        "section",
        element("h2", "Assumptions", id="assumptions-heading"),
        element(
            "details",
            element("summary", "What the forecast takes for granted"),
            element("ul", *(element("li", line) for line in forecast.assumptions)),
        ),
        aria_labelledby="assumptions-heading",
        id="assumptions",
    )


def provenance(plan: Plan, forecast: Forecast | None) -> Html:
    """Return what the page was made from, so that anybody can make it again."""
    made = [
        ("plan", plan.digest),
        ("snapshot", plan.snapshot.fingerprint),
        ("seed of the plan", str(plan.seed)),
        ("planned with", f"taskplan {plan.taskplan}"),
    ]
    if forecast is not None:
        made += [
            ("workforce", forecast.workforce),
            ("seed of the forecast", str(forecast.seed)),
            ("simulated with", f"taskplan {forecast.taskplan}"),
        ]
    return element(
        "footer",
        element("h2", "How this was made"),
        element(
            "dl",
            *(
                element("div", element("dt", name), element("dd", element("code", said)))
                for name, said in made
            ),
        ),
    )
