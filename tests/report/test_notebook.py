"""What a notebook shows of plans and forecasts: one is run for real."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from taskplan.planning.codec import write_plan
from taskplan.planning.document import QUEUE, Mode, MoveRecord
from taskplan.report.notebook import MOST_ROWS
from taskplan.simulation.forecast import encode_forecast
from taskplan.simulation.limits import limit_lines
from taskplan.text import clean
from tests.report.making import HOSTILE, forecast_of, large_plan, small_plan
from tests.report.reading import Element, Page

EXECUTE = """
import sys
import nbformat
from nbclient import NotebookClient

cells = ["from pathlib import Path", "from taskplan.planning.codec import read_plan",
         "from taskplan.simulation.forecast import read_forecast"]
book = nbformat.v4.new_notebook(cells=[
    nbformat.v4.new_code_cell("\\n".join([*cells, "read_plan(Path('plan.json'))"])),
    nbformat.v4.new_code_cell("read_forecast(Path('forecast.json'))"),
])
NotebookClient(book, timeout=60, kernel_name="python3").execute()
nbformat.write(book, "done.ipynb")
"""


def rows(fragment: str) -> list[list[str]]:
    return tables(fragment)[0]


def tables(fragment: str) -> list[list[list[str]]]:
    return [_cells(table) for table in Page(fragment).root.all("table")]


def _cells(table: Element) -> list[list[str]]:
    return [[cell.text for cell in row.inside if not isinstance(cell, str)] for row in table.all("tr")]


def test_a_notebook_that_is_run_shows_both(tmp_path: Path) -> None:
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    plan = small_plan()
    write_plan(tmp_path / "plan.json", plan)
    forecast = forecast_of(plan, 50)
    (tmp_path / "forecast.json").write_bytes(encode_forecast(forecast))
    done = subprocess.run(
        [sys.executable, "-c", EXECUTE],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    book: dict[str, Any] = msgspec.json.decode((tmp_path / "done.ipynb").read_bytes())
    shown = ["".join(cell["outputs"][0]["data"]["text/html"]) for cell in book["cells"]]
    assert shown == [plan._repr_html_(), forecast._repr_html_()]
    plain = ["".join(cell["outputs"][0]["data"]["text/plain"]) for cell in book["cells"]]
    assert plain == [
        f"plan {plan.digest[7:19]}: 2 operations, 300 items from fruit",
        f"forecast of plan {plan.digest[7:19]}: 2 tasks, 3 assignees, 50 replications",
    ]


def test_a_plan_shows_who_gets_what() -> None:
    plan = small_plan()
    title, *found = rows(plan._repr_html_())
    assert title == ["task", "assignee", "items", "share"]
    assert [(row[1], int(row[2])) for row in found] == [
        (share.assignee, share.items) for o in plan.operations for share in o.allocation.shares
    ]
    assert "check: reviews the planned items" in plan._repr_html_()


def test_a_forecast_shows_when() -> None:
    forecast = forecast_of(small_plan(), 50)
    _, whole, *others = rows(forecast._repr_html_())
    assert whole[0] == "all"
    assert len(others) == len(forecast.tasks) + len(forecast.people)
    assert others[-1][6] == f"{forecast.people[-1].hours:,.1f}"
    assert others[0][4] == "2026-12-07"
    assert "<svg" in forecast._repr_html_()


def test_a_forecast_shows_what_limits_it_and_what_would_change_it() -> None:
    forecast = forecast_of(small_plan(), 50)
    shown = forecast._repr_html_()
    assert set(limit_lines(forecast)) <= {line.text for line in Page(shown).root.all("div")}
    _, (title, *found) = tables(shown)
    assert title[0] == "what if"
    assert [row[0] for row in found] == [scenario.name for scenario in forecast.scenarios]
    assert len(tables(msgspec.structs.replace(forecast, scenarios=())._repr_html_())) == 1


class Printer:
    """What IPython hands to `_repr_pretty_`, as far as it is used."""

    said = ""

    def text(self, words: str) -> None:
        self.said += words


def test_a_terminal_shows_a_line() -> None:
    plan = small_plan(HOSTILE, HOSTILE)
    for shown in (plan, forecast_of(plan, 5)):
        printer = Printer()
        shown._repr_pretty_(printer, cycle=False)
        assert plan.digest[7:19] in printer.said
        assert len(printer.said) < 200
        assert printer.said == clean(printer.said)


def test_names_stay_text_and_long_plans_are_cut() -> None:
    shown = small_plan(HOSTILE)._repr_html_()
    assert Page(shown).root.all("img") == []
    assert "<script" not in shown
    found = rows(large_plan()._repr_html_())
    assert len(found) == 1 + MOST_ROWS + 1
    assert found[-1] == ["and 940 more rows"]


def test_queues_and_moves_have_no_shares() -> None:
    plan = small_plan()
    first, second = plan.operations
    share = msgspec.structs.replace(first.allocation.shares[0], assignee=QUEUE)
    allocation = msgspec.structs.replace(first.allocation, shares=(share,))
    mode = Mode(kind="pulling", people=("ann@example.com", "ben@example.com"), batch=5, maximum=9)
    queue = msgspec.structs.replace(first, allocation=allocation, mode=mode)
    moves = msgspec.structs.replace(second, moves=(MoveRecord(None, "ann@example.com", 7),))
    _, waiting, moved = rows(msgspec.structs.replace(plan, operations=(queue, moves))._repr_html_())
    assert waiting[1:] == ["for ann@example.com, ben@example.com", "300", ""]
    assert moved[1:] == ["nobody → ann@example.com", "7", ""]
