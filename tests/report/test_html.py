"""Markup, tables, pictures and charts in their smallest form."""

from __future__ import annotations

import re
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskplan.report import charts, html, sparkline
from taskplan.report.html import Html
from taskplan.simulation.forecast import LEVELS
from taskplan.text import clean
from tests.report.making import START, forecast_of, small_plan
from tests.report.reading import Page

DAY = 86_400_000.0
texts = st.text(st.characters(codec="utf-8"), max_size=20)


@given(texts, texts)
def test_text_and_attributes_come_out_as_they_went_in(inside: str, beside: str) -> None:
    made = html.element("p", inside, html.element("bdi", inside), aria_label=beside)
    (read,) = Page(made).root.all("p")
    assert read.text == clean(inside) * 2
    assert read.attributes == {"aria-label": clean(beside)}


@given(st.recursive(texts | st.integers(), lambda below: st.lists(below) | st.dictionaries(texts, below)))
def test_data_comes_out_as_it_went_in(value: object) -> None:
    made = html.data("it", value)
    assert not re.search(r"[<\u2028\u2029]", made.removeprefix("<").replace("</script>", "", 1))
    assert Page(made).data("it") == value


def test_attributes_that_are_not_there_are_not_written() -> None:
    assert html.element("a", class_=None, hidden=True, open=False, n=1.5) == '<a hidden n="1.5"></a>'
    assert html.join("<", None, Html("<b>"), between="&") == "&lt;&amp;<b>"


def test_a_due_date_far_away_is_left_out_of_a_chart() -> None:
    (task, _) = forecast_of(small_plan()).tasks
    last = task.burndown.times[-1]
    assert charts.fan(task.burndown, last + DAY, "").due
    assert not charts.fan(task.burndown, last + 400 * DAY, "").due
    assert not charts.fan(task.burndown, START - 400 * DAY, "").due
    assert not charts.fan(task.burndown, None, "").due


def test_a_chart_holds_what_the_forecast_says() -> None:
    forecast = forecast_of(small_plan())
    rows = charts.fan(forecast.burndown, None, "").spec["data"]["values"]
    assert [row["t"] for row in rows] == [round(time) for time in forecast.burndown.times]
    assert [row["q80"] for row in rows] == [round(left, 2) for left in forecast.burndown.left[3]]
    rows = charts.finishes(forecast.people, None, "").spec["data"]["values"]
    for person in forecast.people:
        own = [row for row in rows if row["who"] == person.assignee]
        assert sum(row.get("share", 0) for row in own) == pytest.approx(1, abs=0.01)
        assert [row["median"] for row in own if "median" in row] == [round(person.finish.at[2] or 0)]
        widths = {row["to"] - row["from"] for row in own if "from" in row}
        assert max(widths) - min(widths) <= 1
    rows = charts.ranges([("a", forecast.finish), ("a", forecast.finish)], None, "").spec["data"]["values"]
    assert [row["row"] for row in rows] == [0, 1]
    assert rows[0]["q95"] == round(forecast.finish.at[4] or 0)


def test_a_burn_down_is_drawn_in_steps() -> None:
    chart = charts.fan(forecast_of(small_plan()).burndown, None, "", left="items left to review")
    assert [layer["mark"]["interpolate"] for layer in chart.spec["layer"]] == ["step-after"] * 3
    assert {layer["encoding"]["y"]["title"] for layer in chart.spec["layer"]} == {"items left to review"}


def test_each_task_has_its_own_due_date_in_its_row() -> None:
    first, second = (task.finish for task in forecast_of(small_plan()).tasks)
    far = msgspec.structs.replace(first, due=START + 4000 * DAY)
    chart = charts.ranges([("a", first), ("b", second), ("c", far)], None, "", own_due=True)
    assert [row.get("due") for row in chart.spec["data"]["values"]] == [round(first.due or 0), None, None]
    assert chart.due
    assert [layer["mark"]["type"] for layer in chart.spec["layer"]].count("tick") == 2
    for bare in (
        charts.ranges([("b", second), ("c", far)], None, "", own_due=True),
        charts.ranges([("a", first)], None, ""),
    ):
        assert not bare.due
        assert [layer["mark"]["type"] for layer in bare.spec["layer"]].count("tick") == 1


def test_who_never_ends_has_no_bars() -> None:
    forecast = forecast_of(small_plan())
    finish = msgspec.structs.replace(forecast.people[0].finish, at=(None,) * len(LEVELS), done=0.0)
    never = msgspec.structs.replace(
        forecast.people[0], finish=finish, first_bin=None, last_bin=None, histogram=()
    )
    assert charts.finishes([never], START, "").spec["data"]["values"] == []
    assert charts.ranges([("it", finish)], None, "").spec["data"]["values"] == [{"row": 0}]


def test_a_picture_stays_in_its_frame() -> None:
    found = forecast_of(small_plan()).burndown
    drawn = str(sparkline.fan(found, 'say "it"'))
    points = re.findall(r"(-?[\d.]+),(-?[\d.]+)", drawn)
    assert len(points) == 5 * (2 * len(found.times) - 1)
    (median,) = re.findall(r'polyline points="([^"]*)"', drawn)
    corners = [point.split(",") for point in median.split()]
    # A line goes to the right or down, never both at once.
    assert all(x == after_x or y == after_y for (x, y), (after_x, after_y) in pairwise(corners))
    assert all(0 <= float(x) <= sparkline.WIDTH and 0 <= float(y) <= sparkline.HEIGHT for x, y in points)
    assert 'aria-label="say &quot;it&quot;"' in drawn
    empty = msgspec.structs.replace(found, times=(), left=((),) * len(LEVELS))
    assert "<svg" in sparkline.fan(empty, "nothing")
