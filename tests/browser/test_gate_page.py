"""The page at a gate's root in a real Chromium: what it shows is what the store holds, while it changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from taskplan_sqlite.gate.server import open_gate, running
from taskplan_sqlite.gate.service import Gate, Options
from tests.browser.support import Browser
from tests.gate.conftest import World
from tests.gate.support import Client

HOSTILE = "<img src=x onerror=alert(1)> 'quoted' \u202e"


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    with (
        open_gate(tmp_path / "work.db", Options(user="lead@example.com"), create=True) as gate,
        running(gate),
    ):
        yield gate


@pytest.fixture
def world(gate: Gate) -> World:
    return World(Client(gate))


def statuses(world: World, task: Any, status: str, items: list[str]) -> None:
    body = {"itemIds": items, "statusPayload": {"operation": "create", "status": status}}
    world.client.ask("POST", f"/assignments/items/tasks/{task['id']}/status", body)


def test_what_is_there_is_shown(browser: Browser, gate: Gate, world: World) -> None:
    task = world.task(name="label the apples")
    statuses(world, task, "completed", world.items[:3])
    statuses(world, task, "discard", world.items[3:4])
    world.task(name=HOSTILE)
    browser.open(gate.page)
    browser.wait(lambda: len(browser.all("article")) == 2)
    assert browser.texts("h1") == ["work.db"]
    assert browser.texts(".datasets li") == ["apples 12 items"]
    assert browser.texts("article h2") == [HOSTILE, "label the apples"]
    assert browser.texts("article:nth-of-type(2) .legend li") == ["3 completed", "1 discard", "8 to do"]
    assert browser.texts("article:nth-of-type(2) .assignments tbody tr th") == [
        "ann@example.com",
        "ben@example.com",
    ]
    cells = browser.texts("article:nth-of-type(2) .assignments tbody td:nth-of-type(1)")
    assert cells == ["6", "6"]
    assert browser.texts("article:nth-of-type(2) .assignments tbody td:nth-of-type(2)") == ["50.0%", "50.0%"]
    bars = browser.all("article:nth-of-type(2) .bar")
    told = [str(bar.get_attribute("aria-label")) for bar in bars]
    assert [sum(int(part.split()[0]) for part in words.split(", ")) for words in told] == [6, 6]
    assert sum(int(words.split(" completed")[0]) for words in told if "completed" in words) == 3
    # The token is no longer in the address, and a reload works without it.
    assert browser.driver.current_url == gate.page.partition("#")[0]
    browser.driver.refresh()
    browser.wait(lambda: len(browser.all("article")) == 2)
    origin = gate.url.removesuffix("/api/v1")
    assert all(url.startswith((origin, "data:", "about:")) for url in browser.fetched())
    assert [entry for entry in gate.requests if "token" in str(entry)] == []


def test_it_follows_what_a_script_does(browser: Browser, gate: Gate, world: World) -> None:
    browser.open(gate.page)
    browser.wait(lambda: browser.texts("[role=status]") == ["0 tasks"])
    task = world.task(name="label")
    browser.wait(lambda: browser.texts("article .legend li") == ["12 to do"])
    statuses(world, task, "completed", world.items[:5])
    browser.wait(lambda: browser.texts("article .legend li") == ["5 completed", "7 to do"])
    browser.all("summary")[0].click()
    browser.wait(lambda: len(browser.all(".items tbody tr")) == 12)
    assert browser.texts(".items tbody td:nth-of-type(2)").count("completed") == 5
    statuses(world, task, "approved", world.items[:2])
    browser.wait(lambda: browser.texts(".items tbody td:nth-of-type(2)").count("approved") == 2)
    world.client.ask("DELETE", f"/annotationtasks/{task['id']}")
    browser.wait(lambda: browser.texts("[role=status]") == ["0 tasks"])
    assert browser.texts("article") == []


def test_many_items_come_in_pages(browser: Browser, gate: Gate, world: World) -> None:
    for number in range(60):
        world.client.upload(world.dataset, f"/more/{number}.jpg", bytes([number]))
    world.task()
    browser.open(gate.page)
    browser.wait(lambda: browser.all("summary"))[0].click()
    browser.wait(lambda: browser.texts("nav span") == ["1–50 of 72"])
    before, after = browser.all("nav button")
    assert not before.is_enabled()
    after.click()
    browser.wait(lambda: browser.texts("nav span") == ["51–72 of 72"])
    assert len(browser.all(".items tbody tr")) == 22
    assert not browser.all("nav button")[1].is_enabled()


def test_a_wrong_token_is_told(browser: Browser, gate: Gate) -> None:
    root = gate.page.partition("#")[0]
    browser.open(root)
    browser.wait(
        lambda: browser.texts("[role=alert]") == ["no token; open the address that `taskplan serve` printed"]
    )
    browser.open(f"{root}#token=wrong")
    browser.wait(
        lambda: (
            browser.texts("[role=alert]")
            == ["the token is not this gate’s; open the address that it printed"]
        )
    )
    assert all("401" in complaint for complaint in browser.complaints())


def test_a_gate_that_ends_is_told_and_what_was_seen_stays(browser: Browser, tmp_path: Path) -> None:
    with open_gate(tmp_path / "work.db", Options(), create=True) as gate:
        with running(gate):
            World(Client(gate)).task()
            browser.open(gate.page)
            browser.wait(lambda: len(browser.all("article")) == 1)
        browser.wait(
            lambda: browser.texts("[role=alert]") == ["the gate does not answer; it will be asked again"]
        )
        assert len(browser.all("article")) == 1
    assert all("ERR_CONNECTION" in complaint for complaint in browser.complaints())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1400])
def test_it_fits(browser: Browser, gate: Gate, world: World, width: int, scheme: Any) -> None:
    task = world.task(name="label the apples of the first week " + "and of every week after " * 3)
    statuses(world, task, "completed", world.items[:3])
    statuses(world, task, "approved", world.items[3:5])
    statuses(world, task, "discard", world.items[8:9])
    browser.look(width, scheme)
    browser.open(gate.page)
    browser.wait(lambda: browser.all("summary"))[0].click()
    browser.wait(lambda: len(browser.all(".items tbody tr")) == 12)
    assert browser.overflow() <= 0
    browser.shoot(f"gate-{width}-{scheme}")
    ground, ink = browser.run(
        "const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]"
    )
    dark = [sum(map(int, colour[4:-1].split(","))) < 3 * 128 for colour in (ground, ink)]
    assert dark == [scheme == "dark", scheme == "light"]
