"""The whole page: one HTML file that needs no network, and whose numbers need no JavaScript."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING

import msgspec

from taskplan.planning.summary import plan_json
from taskplan.report import summary
from taskplan.report.forecast import forecast_section
from taskplan.report.html import Html, data, element, name
from taskplan.report.tasks import anchor, tasks_section

if TYPE_CHECKING:
    from taskplan.planning.document import Plan
    from taskplan.simulation.forecast import Forecast

START = "<!doctype html>\n<!-- a report by taskplan -->\n"
"""How every page begins, so that it is known before it is written over."""
_LIBRARIES = ("vega", "vega-lite", "vega-interpreter")


def page(plan: Plan, forecast: Forecast | None = None) -> bytes:
    """Return the page of a plan, and of its forecast; the same bytes for the same two."""
    scripts = [] if forecast is None else [_libraries(), _own("page.js")]
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy(scripts)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", summary.title(plan)),
        element("link", rel="icon", href="data:,"),
        element("style", Html(_own("page.css"))),
    )
    body = element(
        "body",
        element("a", "Skip to the content", href="#content", class_="skip"),
        summary.banner(plan),
        _contents(plan, forecast),
        element(
            "main",
            summary.outlook_section(forecast) if forecast is not None else None,
            summary.warnings_section(plan, forecast),
            forecast_section(forecast) if forecast is not None else None,
            tasks_section(plan, forecast),
            summary.assumptions_section(forecast) if forecast is not None else None,
            id="content",
            tabindex=-1,
        ),
        summary.provenance(plan, forecast),
        data("plan", plan_json(plan, with_items=False)),
        data("forecast", msgspec.to_builtins(forecast)) if forecast is not None else None,
        *(element("script", Html(script)) for script in scripts),
    )
    return (START + element("html", head, body, lang="en") + "\n").encode()


def _contents(plan: Plan, forecast: Forecast | None) -> Html:
    """Return links to the parts of a page and to every task."""
    parts = [("#done", "Done by"), ("#forecast-part", "Forecast")] if forecast is not None else []
    if forecast is not None and forecast.scenarios:
        parts.append(("#what-if", "What if"))
    links = [element("a", words, href=target) for target, words in parts]
    links += [
        element("a", name(operation.title), href=f"#{anchor(number)}")
        for number, operation in enumerate(plan.operations)
    ]
    if forecast is not None and forecast.assumptions:
        links.append(element("a", "Assumptions", href="#assumptions"))
    return element("nav", element("ul", *(element("li", link) for link in links)), aria_label="Contents")


def _policy(scripts: list[str]) -> str:
    """Return a policy under which only the scripts of this page run, and nothing is fetched."""
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _libraries() -> str:
    """Return the charting library, with the licence that it asks to be kept beside it."""
    folder = files("taskplan.report") / "vendor"
    parts = []
    for library in _LIBRARIES:
        licence = (folder / f"{library}.LICENSE").read_text("utf-8")
        script = (folder / f"{library}.min.js").read_text("utf-8")
        # A source map would be fetched by who looks at the page with a debugger.
        kept = [line for line in script.splitlines() if not line.startswith("//# sourceMappingURL=")]
        parts.append(f"/*! {library}\n{licence}*/\n" + "\n".join(kept))
    return "\n".join(parts)


def _own(file: str) -> str:
    return (files("taskplan.report") / file).read_text("utf-8")
