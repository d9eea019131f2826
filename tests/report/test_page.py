"""The page as bytes: its numbers are the plan's and the forecast's, and it runs nothing but its own."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from contextlib import redirect_stdout
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from taskplan.cli import output
from taskplan.cli.forecasts import forecast_view
from taskplan.cli.views import operation_view
from taskplan.planning import wording
from taskplan.planning.document import MoveRecord, Plan
from taskplan.planning.summary import plan_json
from taskplan.report import page as page_module
from taskplan.report.page import page
from taskplan.simulation.forecast import Forecast
from taskplan.simulation.limits import limit_lines
from taskplan.text import clean
from tests.report.making import HOSTILE, forecast_of, plan_of, small_plan
from tests.report.reading import Page, at, says

ANN, BEN, CAT = (f"{name}@example.com" for name in ("ann", "ben", "cat"))
KINDS: dict[str, dict[str, Any]] = {
    "effort": {"name": "t", "effort": "2 + annotations", "assignees": [{"email": ANN, "weight": 2}, BEN]},
    "needs": {
        "name": "t",
        "needs": [{"where": {"dir": "/"}, "skills": ["fruit"]}],
        "assignees": [{"email": ANN, "skills": ["fruit"]}, BEN],
    },
    "pulling": {"name": "t", "pulling": {"batch": 5, "maximum": 9}, "assignees": [ANN, BEN]},
    "consensus": {
        "name": "t",
        "quality": {"kind": "consensus", "percent": 20, "assignees": 2},
        "assignees": [ANN, BEN, CAT],
    },
}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return small_plan()


@pytest.fixture(scope="module")
def forecast(plan: Plan) -> Forecast:
    return forecast_of(plan)


@pytest.fixture(scope="module")
def read(plan: Plan, forecast: Forecast) -> Page:
    return Page(page(plan, forecast).decode())


def numbers_hold(read: Page, plan: Plan, forecast: Forecast | None) -> list[str]:
    """Return the paths of the numbers of a page, all of which are what is at their path."""
    data = {"plan": plan_json(plan, with_items=False), "forecast": msgspec.to_builtins(forecast)}
    data = msgspec.json.decode(msgspec.json.encode(data))
    found = read.numbers()
    assert [(path, text) for path, text in found if not says(text, at(data, path), path)] == []
    return [path for path, _ in found]


def test_every_number_is_what_the_data_says(read: Page, plan: Plan, forecast: Forecast) -> None:
    paths = set(numbers_hold(read, plan, forecast))
    for number, operation in enumerate(plan.operations):
        where = f"plan.operations.{number}.allocation"
        assert {f"{where}.shares.{n}.items" for n in range(len(operation.allocation.shares))} <= paths
        assert {f"{where}.items", f"{where}.fairness.measures.jain"} <= paths
    people = {f"forecast.people.{n}.{name}" for n in range(3) for name in ("hours", "utilisation", "last")}
    times = {f"forecast.burndown.{kind}.64" for kind in ("times", "left.0", "left.4")}
    tasks = {
        f"forecast.tasks.{n}.{name}"
        for n in range(2)
        for name in ("items", "finish.at.2", "finish.due", "finish.on_time")
    }
    whole = {"forecast.finish.at.2", "forecast.finish.at.4", "forecast.finish.on_time"} | tasks
    assert people | times | whole | {"forecast.scenarios.2.sooner.2", "plan.snapshot.items"} <= paths


def test_the_data_is_what_the_command_prints(read: Page, plan: Plan, forecast: Forecast) -> None:
    assert read.data("plan") == msgspec.json.decode(msgspec.json.encode(plan_json(plan, with_items=False)))
    assert msgspec.convert(read.data("forecast"), Forecast) == forecast


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_task_says_what_the_terminal_says(kind: str) -> None:
    plan = plan_of([KINDS[kind]], 60)
    read = Page(page(plan).decode())
    numbers_hold(read, plan, None)
    (operation,) = plan.operations
    with redirect_stdout(io.StringIO()) as printed:
        output.show(*operation_view(operation))
    said = [
        *wording.item_facts(operation),
        *wording.task_facts(operation),
        *wording.asks(operation.allocation),
    ]
    said += [f"{wording.deed(operation)}: {wording.amount(operation)}", *operation.people]
    said += [wording.fairness_line(operation.allocation)] if operation.mode is None else []
    (article,) = read.root.all("article")
    for words in said:
        assert words in article.text
        assert words in " ".join(printed.getvalue().split())
    assert ("fairness:" in article.text) == (operation.mode is None)


def test_what_changes_hands_is_shown() -> None:
    plan = small_plan()
    moves = (MoveRecord(ANN, BEN, 12), MoveRecord(None, CAT, 3))
    operation = msgspec.structs.replace(
        plan.operations[0], action="move_items", moves=moves, task=None, about="t"
    )
    plan = msgspec.structs.replace(plan, operations=(operation,))
    read = Page(page(plan).decode())
    assert {"plan.operations.0.moves.0.items", "plan.operations.0.moves.1.items"} <= set(
        numbers_hold(read, plan, None)
    )
    rows = [[part.text for part in row.inside] for row in read.root.all("tbody")[0].all("tr")]
    assert rows == [[ANN, BEN, "12"], ["nobody", CAT, "3"]]


def test_the_same_two_make_the_same_bytes(plan: Plan, forecast: Forecast) -> None:
    assert page(plan, forecast) == page(small_plan(), forecast_of(small_plan()))


def test_names_stay_text() -> None:
    plan = small_plan(HOSTILE, HOSTILE)
    forecast = forecast_of(plan)
    forecast = msgspec.structs.replace(forecast, warnings=(HOSTILE,), workforce=HOSTILE)
    content = page(plan, forecast).decode()
    read = Page(content)
    assert read.root.all("img") == []
    attributes = {name for tag in _in_order(read, None) for name in tag.attributes}
    assert [name for name in attributes if name.startswith("on")] == []
    assert [e.text for e in read.root.all("h3")][-2] == clean(HOSTILE)
    assert read.data("plan")["operations"][0]["task"]["name"] == HOSTILE
    assert read.data("forecast")["warnings"] == [HOSTILE]
    # Two that run, three that hold data, and those of the charts.
    kinds = [e.attributes.get("type") for e in read.root.all("script")]
    assert kinds.count(None) == 2
    assert len(kinds) == 2 + 2 + len(read.root.all("figure"))
    assert "\u2028" not in content
    assert "\u202e" not in content


def test_only_its_own_scripts_may_run(read: Page) -> None:
    (policy,) = (
        str(e.attributes["content"]) for e in read.root.all("meta") if e.attributes.get("http-equiv")
    )
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy
    allowed = re.findall(r"'sha256-([^']*)'", policy)
    scripts = [e.text for e in read.root.all("script") if "type" not in e.attributes]
    assert [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts] == allowed
    sources = [e.attributes.get("src") for tag in ("script", "img", "link") for e in read.root.all(tag)]
    assert {source for source in sources if source} == set()


def test_the_licences_are_with_what_they_are_for(read: Page) -> None:
    (library,) = (e.text for e in read.root.all("script") if "University of Washington" in e.text)
    assert library.count("Redistribution and use in source and binary forms") == 3
    assert "sourceMappingURL" not in library


def test_a_plan_alone_needs_no_script(plan: Plan) -> None:
    content = page(plan)
    (policy,) = (e for e in Page(content.decode()).root.all("meta") if e.attributes.get("http-equiv"))
    assert "script-src 'none'" in str(policy.attributes["content"])
    assert len(content) < 40_000
    assert {e.attributes.get("id") for e in Page(content.decode()).root.all("script")} == {"plan"}


def test_headings_tables_and_links_are_in_order(read: Page) -> None:
    levels = [int(tag.tag[1]) for tag in _in_order(read, ("h1", "h2", "h3", "h4"))]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for table in read.root.all("table"):
        assert table.all("caption")[0].text
        assert {head.attributes.get("scope") for head in table.all("th")} == {"col", "row"}
    ids = [e.attributes["id"] for e in _in_order(read, None) if "id" in e.attributes]
    assert len(set(ids)) == len(ids)
    targets = [str(e.attributes["href"]).removeprefix("#") for e in read.root.all("a")]
    assert len(targets) >= 5
    assert set(targets) <= set(ids)
    for figure in read.root.all("figure"):
        (spec,) = figure.all("script")
        assert '"description":"' in spec.text


def _in_order(read: Page, tags: tuple[str, ...] | None) -> list[Any]:
    found: list[Any] = []

    def visit(part: Any) -> None:
        for below in part.inside:
            if not isinstance(below, str):
                found.extend([below] if tags is None or below.tag in tags else [])
                visit(below)

    visit(read.root)
    return found


def test_what_is_never_reached_is_said(plan: Plan, forecast: Forecast) -> None:
    never = msgspec.structs.replace(
        forecast.finish,
        at=(*forecast.finish.at[:3], None, None),
        done=0.7,
        due=None,
        on_time=0.25,
        error=0.02,
    )
    scenario = msgspec.structs.replace(forecast.scenarios[0], sooner=(None,) * 5, finish=never)
    some = msgspec.structs.replace(forecast, finish=never, scenarios=(scenario,))
    read = Page(page(plan, some).decode())
    numbers_hold(read, plan, some)
    (section,) = (e for e in read.root.all("section") if e.attributes.get("id") == "done")
    assert "95% surenever" in section.text
    assert "It is done at all in 70.0% of the replications only." in section.text
    assert "on time, all due dates25.0% ± 4.0" in section.text
    assert section.text.count("± is twice the standard error") == 1


def test_a_forecast_with_nothing_in_it_is_a_page_too(plan: Plan, forecast: Forecast) -> None:
    bare = msgspec.structs.replace(forecast, tasks=(), people=(), scenarios=(), warnings=())
    read = Page(page(plan, bare).decode())
    numbers_hold(read, plan, bare)
    assert "What if" not in read.root.text


def test_the_library_is_what_its_list_says() -> None:
    folder = Path(page_module.__file__).parent / "vendor"
    listed = dict(
        re.findall(r"^\| `([\w.-]+)`.*`([0-9a-f]{64})` \|$", (folder / "README.md").read_text(), re.M)
    )
    found = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.glob("*.js")}
    assert listed == found
    assert len(found) == 3


def part(content: bytes, identity: str) -> Any:
    """Return the section with an id; None where there is none."""
    found = [e for e in Page(content.decode()).root.all("section") if e.attributes.get("id") == identity]
    return found[0] if found else None


def in_terminal(forecast: Forecast) -> str:
    """Return what `simulate` prints, whatever its lines."""
    with redirect_stdout(io.StringIO()) as printed:
        output.show(*forecast_view(forecast))
    return " ".join(printed.getvalue().split())


def test_what_limits_it_is_what_the_terminal_says(plan: Plan, forecast: Forecast) -> None:
    lines = limit_lines(forecast)
    assert len(lines) >= 2
    (shown,) = (found for found in part(page(plan, forecast), "done").all("ul"))
    assert [item.text for item in shown.all("li")] == lines
    assert [line for line in lines if line not in in_terminal(forecast)] == []


def test_nobody_is_called_the_last_of_what_nobody_ends(plan: Plan, forecast: Forecast) -> None:
    people = tuple(msgspec.structs.replace(person, last=0.0, utilisation=None) for person in forecast.people)
    bare = msgspec.structs.replace(forecast, people=people, tasks=())
    assert part(page(plan, bare), "done").all("ul") == []


def test_a_chance_reads_alike_on_a_page_and_in_a_terminal(plan: Plan, forecast: Forecast) -> None:
    first, second = forecast.tasks
    late = msgspec.structs.replace(first.finish, on_time=0.837, error=0.0115)
    some = msgspec.structs.replace(forecast, tasks=(msgspec.structs.replace(first, finish=late), second))
    section = part(page(plan, some), "done")
    rows = [[cell.text for cell in row.inside] for row in section.all("tbody")[0].all("tr")]
    assert [row[:2] for row in rows] == [["label the apples", "300"], ["check", "300"]]
    assert [row[-2:] for row in rows] == [["2026-12-07", "83.7% ± 2.3"], ["", ""]]
    assert section.all("details") == []
    assert "83.7% ± 2.3" in in_terminal(some)


def test_an_error_is_explained_where_there_is_one(plan: Plan, forecast: Forecast) -> None:
    sure = msgspec.structs.replace(forecast.tasks[0].finish, on_time=1.0, error=0.0)
    tasks = (msgspec.structs.replace(forecast.tasks[0], finish=sure),)
    some = msgspec.structs.replace(forecast, tasks=tasks, finish=sure, scenarios=())
    assert "±" in Page(page(plan, forecast).decode()).root.all("main")[0].text
    assert "±" not in Page(page(plan, some).decode()).root.all("main")[0].text


def test_assumptions_are_folded_and_stay_text(plan: Plan, forecast: Forecast) -> None:
    assert part(page(plan, forecast), "assumptions") is None
    content = page(plan, msgspec.structs.replace(forecast, assumptions=("four minutes an item", HOSTILE)))
    (details,) = part(content, "assumptions").all("details")
    assert "open" not in details.attributes
    assert [item.text for item in details.all("li")] == ["four minutes an item", clean(HOSTILE)]
    assert "#assumptions" in {e.attributes["href"] for e in Page(content.decode()).root.all("a")}


def test_what_is_said_of_the_plan_alone_are_notes(plan: Plan, forecast: Forecast) -> None:
    quiet = msgspec.structs.replace(forecast, warnings=())
    found = [part(content, "warnings") for content in (page(plan), page(plan, quiet), page(plan, forecast))]
    assert [section.all("h2")[0].text for section in found] == ["Notes", "Notes", "Warnings"]


def test_a_burn_down_says_what_is_left(read: Page) -> None:
    captions = [caption.text for caption in read.root.all("figcaption")]
    assert captions[0] == "Burn-down of all tasks together: items left to annotate or review"
    assert captions[-2:] == [
        "label the apples: burn-down: items left to annotate",
        "check: burn-down: items left to review",
    ]


@pytest.mark.parametrize(("asked", "said"), [
    ({"assignees": [ANN, BEN]}, "would be more even"),
    ({"assignees": [{"email": ANN, "weight": 2}, BEN]}, "would be closer to the shares"),
])  # fmt: skip
def test_a_proof_says_what_it_is_of(asked: dict[str, Any], said: str) -> None:
    text = Page(page(plan_of([{"name": "t", **asked}], 7)).decode()).root.text
    assert f"no split of these items {said}." in text
