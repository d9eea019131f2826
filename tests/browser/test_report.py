"""The page of `taskplan report` in a real Chromium, from a file: what is seen, by whom, and on what."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from taskplan.planning.document import Plan
from taskplan.planning.summary import plan_json
from taskplan.report.page import page
from taskplan.simulation.forecast import Forecast
from taskplan.text import clean
from tests.browser.support import Browser
from tests.report.making import HOSTILE, forecast_of, large_plan, small_plan
from tests.report.reading import at, says

Show = Callable[[Plan, Forecast | None], None]
NUMBERS = """
const found = [...document.querySelectorAll("[data-at]")].map((e) => [e.dataset.at, e.textContent]);
for (const body of document.querySelectorAll("tbody[data-of]")) {
  const heads = [...body.parentElement.querySelectorAll("thead th")];
  [...body.rows].forEach((row, n) => heads.forEach((head, m) => {
    const { of, by } = body.dataset, field = head.dataset.field;
    if (!field) return;
    found.push([by === "row" ? `${of}.${n}.${field}` : `${of}.${field}.${n}`, row.cells[m].innerText.trim()]);
  }));
}
return found;
"""
CONTRAST = """
// W3C, WCAG 2.2: relative luminance and contrast ratio.
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
function luminance(colour) {
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((part) => {
    const c = part / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
const ground = luminance(getComputedStyle(document.body).backgroundColor);
const ratio = (colour) => {
  const other = luminance(colour);
  return (Math.max(ground, other) + 0.05) / (Math.min(ground, other) + 0.05);
};
const texts = [...document.querySelectorAll("body *:not(script)")].filter((e) =>
  [...e.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()));
const faint = texts.map((e) => [e.tagName, e.textContent.slice(0, 40),
  ratio(getComputedStyle(e)[e instanceof SVGElement ? "fill" : "color"])]).filter((found) => found[2] < 4.5);
return [texts.length, faint];
"""


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Show:
    """Write a page, open it from its file, and wait until its charts are drawn."""

    def open_page(plan: Plan, forecast: Forecast | None) -> None:
        file = tmp_path / "report.html"
        file.write_bytes(page(plan, forecast))
        browser.fetched()
        browser.open(file.as_uri())
        # The driver may return before all of a large file is read.
        browser.wait(lambda: browser.run("return document.readyState") == "complete", 30)
        assert len(browser.all(".plot svg")) == len(browser.all(".plot"))
        assert browser.fetched() == [file.as_uri()]

    return open_page


@pytest.fixture(scope="module")
def plan() -> Plan:
    return small_plan()


@pytest.fixture(scope="module")
def forecast(plan: Plan) -> Forecast:
    return forecast_of(plan)


def marks(browser: Browser) -> list[int]:
    """Return how many shapes every chart has, but for its axes."""
    found: list[int] = browser.run(
        'return [...document.querySelectorAll(".plot")].map((plot) =>'
        ' plot.querySelectorAll("[aria-roledescription$=mark] path, path[aria-roledescription]").length)'
    )
    return found


def test_numbers_that_are_seen_are_those_of_the_data(
    browser: Browser, show: Show, plan: Plan, forecast: Forecast
) -> None:
    show(plan, forecast)
    browser.run("for (const d of document.querySelectorAll('details')) d.open = true")
    data = {"plan": plan_json(plan, with_items=False), "forecast": msgspec.to_builtins(forecast)}
    data = msgspec.json.decode(msgspec.json.encode(data))
    for name, value in data.items():
        assert browser.run(f"return JSON.parse(document.getElementById('{name}').textContent)") == value
    seen = browser.run(NUMBERS)
    assert len(seen) > 1000
    assert [(path, text) for path, text in seen if not says(text, at(data, path), path)] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1400])
def test_it_fits_and_is_drawn(
    browser: Browser, show: Show, plan: Plan, forecast: Forecast, width: int, scheme: Any
) -> None:
    browser.look(width, scheme)
    show(plan, forecast)
    assert browser.overflow() <= 0
    browser.shoot(f"report-{width}-{scheme}")
    # Burn-downs of all and of both tasks, when tasks and people and scenarios are done.
    drawn = marks(browser)
    assert len(drawn) == 6
    assert min(drawn) >= 3
    # A chart fills its column, and no more.
    wide = browser.run(
        "return [...document.querySelectorAll('.plot')].map((p) => [p.clientWidth,"
        " p.querySelector('svg').getBoundingClientRect().width])"
    )
    assert [(room, taken) for room, taken in wide if not room - 30 <= taken <= room] == []
    count, faint = browser.run(CONTRAST)
    assert count > 400
    assert faint == []


def test_no_table_is_scrolled_on_a_desk(browser: Browser, show: Show, plan: Plan, forecast: Forecast) -> None:
    people = tuple(msgspec.structs.replace(person, planned=None) for person in forecast.people)
    show(plan, msgspec.structs.replace(forecast, people=people))
    browser.run("for (const d of document.querySelectorAll('details')) d.open = true")
    assert len(browser.all(".scroll")) > 10
    scrolled = "return [...document.querySelectorAll('.scroll')].filter((e) => e.scrollWidth > e.clientWidth)"
    assert [box.get_attribute("aria-label") for box in browser.run(scrolled)] == []
    assert {row.text.split()[1] for row in browser.all("tbody[data-of='forecast.people'] tr")} >= {"queue"}


def test_colours_follow_the_scheme_and_charts_the_width(
    browser: Browser, show: Show, plan: Plan, forecast: Forecast
) -> None:
    def fill() -> str:
        return str(
            browser.run(
                'return getComputedStyle(document.querySelector(\'.plot [aria-roledescription="area mark"]'
                " , .plot .mark-area path')).fill"
            )
        )

    show(plan, forecast)
    light = fill()
    browser.look(1400, "dark")
    assert fill() != light
    before = browser.run("return document.querySelector('.plot svg').clientWidth")
    browser.look(700, "dark")
    browser.wait(lambda: browser.run("return document.querySelector('.plot svg').clientWidth") < before - 100)
    assert browser.overflow() <= 0


def test_the_tab_key_reaches_all_that_can_be_used(
    browser: Browser, show: Show, plan: Plan, forecast: Forecast
) -> None:
    browser.look(400)
    show(plan, forecast)
    usable = browser.run(
        "return [...document.querySelectorAll('a, summary, .scroll[tabindex]')]"
        ".filter((e) => e.checkVisibility()).map((e, n) => { e.dataset.stop = n; return n; })"
    )
    assert len(usable) > 15
    reached = []
    for _ in usable:
        ActionChains(browser.driver).send_keys(Keys.TAB).perform()
        reached.append(browser.run("return Number(document.activeElement.dataset.stop)"))
    assert reached == usable
    # Boxes that need no scrolling are no stop; on a phone some do.
    boxes = browser.run(
        "return [...document.querySelectorAll('.scroll')].filter((e) => e.checkVisibility())"
        ".map((e) => [e.scrollWidth > e.clientWidth, e.tabIndex === 0])"
    )
    assert all(scrolls == stops for scrolls, stops in boxes)
    assert {True, False} == {scrolls for scrolls, _ in boxes}
    browser.run("document.querySelector('.skip').focus()")
    ActionChains(browser.driver).send_keys(Keys.ENTER).perform()
    assert browser.run("return document.activeElement.tagName") == "MAIN"


def test_a_chart_says_in_words_what_it_shows(
    browser: Browser, show: Show, plan: Plan, forecast: Forecast
) -> None:
    show(plan, forecast)
    charts = browser.all(".plot")
    assert [chart.get_attribute("role") for chart in charts] == ["graphics-document"] * 6
    told = [str(chart.get_attribute("aria-label")) for chart in charts]
    assert told[0].startswith(
        "Burn-down of all tasks together. 600 items left to annotate or review at 2026-12-01 09:00 UTC."
    )
    assert all("50% of the replications are done by 2026-12-" in words for words in told)


def test_paper_shows_what_is_folded_and_is_light(
    browser: Browser, show: Show, plan: Plan, forecast: Forecast
) -> None:
    show(plan, forecast)
    seen = "return [...document.querySelectorAll('details td')].filter((e) => e.checkVisibility()).length"
    assert browser.run(seen) == 0
    browser.look(800, "dark", "print")
    assert browser.run(seen) == browser.run("return document.querySelectorAll('details td').length") > 500
    colour = browser.run("return getComputedStyle(document.body).color")
    assert sum(map(int, colour[4:-1].split(","))) < 3 * 80
    browser.shoot("report-print")
    assert not any(link.is_displayed() for link in browser.all("nav a"))
    assert browser.overflow() <= 0


def test_without_javascript_all_numbers_are_there(
    browser: Browser, show: Show, tmp_path: Path, plan: Plan, forecast: Forecast
) -> None:
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        file = tmp_path / "report.html"
        file.write_bytes(page(plan, forecast))
        browser.open(file.as_uri())
        text = browser.all("main")[0].text
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert browser.all(".plot svg") == []
    assert "The chart needs JavaScript; its numbers are in the table." in text
    for person in forecast.people:
        assert f"{person.assignee} {person.planned} {person.items:.1f}" in text


def test_names_stay_text(browser: Browser, show: Show) -> None:
    plan = small_plan(HOSTILE, HOSTILE)
    forecast = forecast_of(plan)
    scenario = msgspec.structs.replace(forecast.scenarios[0], name=HOSTILE)
    people = (msgspec.structs.replace(forecast.people[0], assignee=HOSTILE), *forecast.people[1:])
    show(plan, msgspec.structs.replace(forecast, scenarios=(scenario,), people=people))
    assert browser.texts("h1") == [f"Annotation plan for {clean(HOSTILE)}"]
    assert browser.texts("article h3")[0] == clean(HOSTILE)
    assert browser.all("img") == []
    named = (
        "return [...document.querySelectorAll('.plot text')].filter((e) => e.textContent.startsWith('<img'))"
    )
    assert len(browser.run(named)) == 3
    browser.look(400)
    assert browser.overflow() <= 0


def test_a_plan_alone_is_a_page_without_scripts(browser: Browser, show: Show, plan: Plan) -> None:
    show(plan, None)
    assert browser.texts("article h3") == ["label the apples", "check"]
    assert browser.all(".plot") == []
    browser.shoot("report-plan")


def test_twenty_tasks_of_fifty_people(browser: Browser, show: Show) -> None:
    plan = large_plan()
    forecast = forecast_of(plan)
    assert len(page(plan, forecast)) < 3_000_000
    show(plan, forecast)
    assert len(browser.all(".plot svg")) == 23 + 1
    assert len(browser.texts("#tasks article")) == 20
    assert browser.overflow() <= 0
    browser.shoot("report-large")
