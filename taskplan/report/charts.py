"""Charts as Vega-Lite says them; colours are variables of the page, so that they follow its scheme.

Vega-Lite: A. Satyanarayan et al., A Grammar of Interactive Graphics (IEEE InfoVis 2016). Widths are
left out: the page's script sets them to the room that there is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from taskplan.simulation.forecast import LEVELS, Burndown, Finish, PersonForecast
from taskplan.text import clean

Spec = dict[str, Any]
LEVEL_NAMES = tuple(f"{100 * level:g}%" for level in LEVELS)
_FIELDS = tuple(f"q{100 * level:g}" for level in LEVELS)
_OUTER, _INNER, _MIDDLE = (_FIELDS[0], _FIELDS[-1]), (_FIELDS[1], _FIELDS[-2]), _FIELDS[2]
INNER_NAMES = (LEVEL_NAMES[1], LEVEL_NAMES[-2])
"""The two levels between which the darker band lies."""
_NAME_WIDTH = 170
"""Pixels that a name beside a bar has."""
_ROW_HEIGHT = 34
_STEPS = "step-after"
# Ticks let the bars below them through, if nothing else is said.
_TICK: Spec = {"type": "tick", "thickness": 2.5, "opacity": 1}
# Month, day and hour as ISO 8601 orders them, so that nobody takes one for the other.
_TIME_FORMAT = {
    "year": "%Y",
    "quarter": "%Y-%m",
    "month": "%Y-%m",
    "week": "%m-%d",
    "date": "%m-%d",
    "day": "%m-%d",
    "hours": "%H:%M",
    "minutes": "%H:%M",
    "seconds": "%H:%M:%S",
    "milliseconds": "%H:%M:%S",
}


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart; `due` says whether the due date is in it."""

    spec: Spec
    due: bool


def _within_reach(due: float | None, times: Iterable[float | None]) -> float | None:
    """Return the due date, or None where it is so far away that it would leave no room for the rest."""
    known = [time for time in times if time is not None]
    if due is None or not known:
        return due
    low, high = min(known), max(known)
    return due if 2 * low - high <= due <= 2 * high - low else None


def _time(field: str) -> Spec:
    axis = {"format": _TIME_FORMAT, "title": "UTC", "labelOverlap": True}
    return {"field": field, "type": "temporal", "scale": {"type": "utc"}, "axis": axis}


def _due_line(due: float | None) -> list[Spec]:
    """Return the layer of the due date."""
    if due is None:
        return []
    mark = {"type": "rule", "color": "var(--due)", "strokeWidth": 1.5, "strokeDash": [5, 3]}
    # Data of its own, as the date belongs to every facet.
    return [{"data": {"values": [{"due": round(due)}]}, "mark": mark, "encoding": {"x": _time("due")}}]


def fan(burndown: Burndown, due: float | None, description: str, left: str = "items left") -> Chart:
    """Return the items that are left over time: a band, a darker band, the median, and the due date.

    All are steps, so that nights and weekends are flat; `left` names the axis.
    """
    due = _within_reach(due, burndown.times)
    rows = [
        {"t": round(time), **{field: round(many, 2) for field, many in zip(_FIELDS, lefts, strict=True)}}
        for time, *lefts in zip(burndown.times, *burndown.left, strict=True)
    ]
    bands: list[Spec] = [
        {
            "mark": {"type": "area", "color": colour, "interpolate": _STEPS},
            "encoding": {"x": _time("t"), "y": _items(low, left), "y2": {"field": high}},
        }
        for (low, high), colour in ((_OUTER, "var(--outer)"), (_INNER, "var(--inner)"))
    ]
    median: Spec = {
        "mark": {"type": "line", "color": "var(--mark)", "strokeWidth": 2, "interpolate": _STEPS},
        "encoding": {"x": _time("t"), "y": _items(_MIDDLE, left)},
    }
    return _layered(description, rows, [*bands, median], due, height=240)


def finishes(people: Sequence[PersonForecast], due: float | None, description: str) -> Chart:
    """Return everybody's finish times: a histogram each, one below the other, over the same days."""
    bounds = [bound for person in people for bound in (person.first_bin, person.last_bin)]
    due = _within_reach(due, bounds)
    rows: list[Spec] = []
    for person in people:
        who = {"who": clean(person.assignee)}
        rows += [{**who, "from": low, "to": high, "share": share} for low, high, share in _histogram(person)]
        middle = person.finish.at[LEVELS.index(0.5)]
        rows += [{**who, "median": round(middle)}] if middle is not None else []
    bins: Spec = {
        "transform": [{"filter": "isValid(datum.share)"}],
        "mark": {"type": "rect", "color": "var(--inner)"},
        "encoding": {
            "x": _time("from"),
            "x2": {"field": "to"},
            "y": {"field": "share", "type": "quantitative", "axis": None},
            "y2": {"datum": 0},
        },
    }
    median: Spec = {
        "transform": [{"filter": "isValid(datum.median)"}],
        "mark": {"type": "rule", "color": "var(--mark)", "strokeWidth": 2},
        "encoding": {"x": _time("median")},
    }
    header = {"title": None, "labelOrient": "top", "labelAnchor": "start", "labelPadding": 1}
    spec: Spec = {
        "description": description,
        "data": {"values": rows},
        "facet": {"row": {"field": "who", "type": "nominal", "sort": None, "header": header}},
        "spacing": 8,
        "spec": {"height": _ROW_HEIGHT, "layer": [bins, median, *_due_line(due)]},
        "resolve": {"scale": {"y": "independent"}},
    }
    return Chart(spec, due is not None)


def ranges(
    named: Iterable[tuple[str, Finish]], due: float | None, description: str, *, own_due: bool = False
) -> Chart:
    """Return when each of several things is done: a thin bar, a thick bar, and the median.

    `due` is the due date of all of them; with `own_due` each one's own is in its row.
    """
    names: list[str] = []
    rows: list[Spec] = []
    dates: list[float | None] = []
    found: list[float | None] = []
    for number, (name, finish) in enumerate(named):
        names.append(clean(name))
        found += finish.at
        at = {field: round(time) for field, time in zip(_FIELDS, finish.at, strict=True) if time is not None}
        rows.append({"row": number, **at})
        dates.append(finish.due if own_due else None)
    due = _within_reach(due, found)
    near = [_within_reach(date, found) for date in dates]
    for row, date in zip(rows, near, strict=True):
        row.update({} if date is None else {"due": round(date)})
    y = {
        "field": "row",
        "type": "ordinal",
        "title": None,
        # Two may have one name, so that their places tell them apart.
        "axis": {"labelExpr": f"{json.dumps(names)}[datum.value]", "labelLimit": _NAME_WIDTH},
        "scale": {"paddingInner": 0.4, "domain": list(range(len(rows)))},
    }
    bars: list[Spec] = [
        {
            "transform": [{"filter": f"isValid(datum.{low}) && isValid(datum.{high})"}],
            "mark": {"type": "bar", "color": colour, "height": {"band": band}},
            "encoding": {"x": _time(low), "x2": {"field": high}, "y": y},
        }
        for (low, high), colour, band in ((_OUTER, "var(--outer)", 0.5), (_INNER, "var(--inner)", 1))
    ]
    median: Spec = {
        "transform": [{"filter": f"isValid(datum.{_MIDDLE})"}],
        "mark": {**_TICK, "color": "var(--mark)", "height": {"band": 1}},
        "encoding": {"x": _time(_MIDDLE), "y": y},
    }
    layers = [*bars, median]
    if any(date is not None for date in near):
        layers.append(
            {
                "transform": [{"filter": "isValid(datum.due)"}],
                "mark": {**_TICK, "color": "var(--due)", "height": _ROW_HEIGHT},
                "encoding": {"x": _time("due"), "y": y},
            }
        )
    chart = _layered(description, rows, layers, due, height=_ROW_HEIGHT * len(rows))
    return replace(chart, due=chart.due or len(layers) > len(bars) + 1)


def _items(field: str, title: str) -> Spec:
    return {"field": field, "type": "quantitative", "title": title, "axis": {"format": ",d"}}


def _layered(
    description: str, rows: Sequence[Spec], layers: Sequence[Spec], due: float | None, height: int
) -> Chart:
    spec: Spec = {
        "description": description,
        "data": {"values": rows},
        "height": height,
        "layer": [*layers, *_due_line(due)],
    }
    return Chart(spec, due is not None)


def _histogram(person: PersonForecast) -> Iterable[tuple[int, int, float]]:
    """Yield start, end and share of the bins in which anybody finishes."""
    total = sum(person.histogram)
    if person.first_bin is None or person.last_bin is None or not total:
        return
    width = (person.last_bin - person.first_bin) / len(person.histogram)
    for number, found in enumerate(person.histogram):
        if found:
            start = person.first_bin + number * width
            yield round(start), round(start + width), round(found / total, 4)
