"""A chart with its heading, its legend, and the same in a table."""

from __future__ import annotations

from taskplan.report.charts import INNER_NAMES, LEVEL_NAMES, Chart
from taskplan.report.html import Html, data, element

Legend = tuple[tuple[str, str], ...]
BANDS: Legend = (
    ("mark", "median"),
    ("inner", f"{INNER_NAMES[0]} to {INNER_NAMES[1]} of the replications"),
    ("outer", f"{LEVEL_NAMES[0]} to {LEVEL_NAMES[-1]}"),
)
"""The legend of a chart of quantiles: what is how coloured."""
BINS: Legend = (("mark", "median"), ("inner", "share of the replications"))
"""The legend of a chart of histograms."""


def figure(title: str, chart: Chart, legend: Legend, table: Html | None, *, shows: str | None = None) -> Html:
    """Return a chart, with what it `shows` in its heading.

    `table` says the same and can be opened; it is None where it stands elsewhere on the page.
    """
    shown = (*legend, ("due", "due date")) if chart.due else legend
    keys = [element("li", element("span", class_=f"key {key}"), words) for key, words in shown]
    return element(
        "figure",
        element("figcaption", title if shows is None else f"{title}: {shows}"),
        element("ul", *keys, class_="legend"),
        element("div", class_="plot"),
        data(None, chart.spec),
        element("noscript", element("p", "The chart needs JavaScript; its numbers are in the table.")),
        element("details", element("summary", f"{title}: as a table"), table) if table else None,
    )
