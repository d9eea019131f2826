"""The head of a page: which plan it is, when it will be done, what limits it, and what to look out for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskplan.planning.summary import distinct_items
from taskplan.planning.wording import short_digest
from taskplan.report.html import Html, element, join
from taskplan.report.outlook import promises, unfinished
from taskplan.report.values import count, percent, when
from taskplan.text import plural

if TYPE_CHECKING:
    from taskplan.planning.document import Plan
    from taskplan.simulation.forecast import Forecast


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
    """Return by when all will be done, the chance of being on time, and what limits it."""
    return element(
        "section",
        element("h2", "Done by", id="done-heading"),
        promises(forecast.finish, "forecast.finish"),
        unfinished(forecast.finish, "forecast.finish"),
        *_limits(forecast),
        element(
            "p",
            "Simulated ",
            count(forecast.replications, "forecast.replications"),
            " times from ",
            when(forecast.start, "forecast.start"),
            " on. Times are in UTC",
            "; s.e. is the standard error." if forecast.finish.on_time is not None else ".",
            class_="quiet",
        ),
        aria_labelledby="done-heading",
        id="done",
    )


def _limits(forecast: Forecast) -> list[Html]:
    """Say who is most often last, and who is busiest."""
    found = []
    people = list(enumerate(forecast.people))
    number, last = max(people, key=lambda entry: entry[1].last, default=(0, None))
    if last is not None and last.last > 0:
        found.append(
            join(
                element("bdi", last.assignee),
                " is most often the last to finish, in ",
                percent(last.last, f"forecast.people.{number}.last"),
                " of the replications.",
            )
        )
    busy = [(used, number, person) for number, person in people if (used := person.utilisation) is not None]
    if busy:
        used, number, person = max(busy, key=lambda entry: entry[0])
        found.append(
            join(
                element("bdi", person.assignee),
                " is the busiest, at work ",
                percent(used, f"forecast.people.{number}.utilisation"),
                " of their working hours.",
            )
        )
    return [element("p", join(*found, between=" "), class_="limits")] if found else []


def warnings_section(plan: Plan, forecast: Forecast | None) -> Html | None:
    """Return the warnings of the plan and of the forecast; nothing where there are none."""
    said = [*plan.warnings, *(forecast.warnings if forecast is not None else ())]
    if not said:
        return None
    return element(
        "section",
        element("h2", "Warnings", id="warnings-heading"),
        element("ul", *(element("li", warning) for warning in said)),
        aria_labelledby="warnings-heading",
        id="warnings",
        class_="warnings",
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
