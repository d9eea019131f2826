"""The certificate of an allocation in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskplan.planning.wording import fairness_line
from taskplan.report.html import Html, element
from taskplan.report.tables import Column, table
from taskplan.report.values import value

if TYPE_CHECKING:
    from taskplan.planning.document import AllocationRecord, Fairness

_MEASURES = {
    "max_gap": "most less fewest, in items",
    "quota": "everyone has their exact share, rounded up or down",
    "jain": "Jain’s index: 1 where everyone has exactly what was asked",
    "max_relative_load": "largest load, as a multiple of the share asked for",
    "pair_gap": "items that a pair of people shares: most less fewest",
}

# What an objective is about, where that is not evenness. None of them is about time: that is the forecast's.
_BETTER = {
    "total cost": "cost less",
    "items that change hands": "move fewer",
    "largest distance from the exact share in items": "be closer to the shares",
}


def certificate(allocation: AllocationRecord, at: str) -> Html:
    """Return the line that the terminal shows, what it proves, and the measures."""
    fairness = allocation.fairness
    at = f"{at}.measures"
    rows = [
        (_measure(name, fairness), found if isinstance(found, str) else _figure(found, f"{at}.{name}"))
        for name, found in sorted(fairness.measures.items())
    ]
    columns = (Column("measure"), Column("value"))
    measures = table("Measures of fairness", columns, rows, caption_seen=False)
    return element(
        "div",
        element("p", fairness_line(allocation), class_="certificate"),
        element("p", _proof(fairness), class_="quiet"),
        element("details", element("summary", "Measures of fairness"), measures) if rows else None,
        class_="fairness",
    )


def _figure(found: float, at: str) -> Html:
    return value(f"{found:,.6g}", at)


def _measure(name: str, fairness: Fairness) -> str:
    if name == "max_gap" and "effort" in fairness.objective:
        return "most less least, in effort"
    return _MEASURES.get(name, name)


def _proof(fairness: Fairness) -> str:
    """Say what the bound means for who reads it."""
    if fairness.optimal:
        better = _BETTER.get(fairness.objective, "be more even")
        return f"The proven bound is reached: no split of these items would {better}."
    if not fairness.bound:
        return "No split can be below 0; whether any reaches it is not known."
    above = 100 * (fairness.ratio - 1)
    shown = f"{above:.2g}" if above < 100 else f"{above:,.0f}"
    return (
        f"Proven: no split can be below {fairness.bound:.6g}. This one is {shown}% above, "
        "so that the best possible is at most that much better."
    )
