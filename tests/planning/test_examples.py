"""Every example spec plans on real and on generated items, and the published schema accepts it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from taskplan.model.table import ItemTable
from taskplan.planning.planner import make_plan
from taskplan.planning.spec import read_spec, spec_schema
from tests.planning import support

FOLDER = Path(__file__).resolve().parents[2] / "examples"
# team.yaml is a workforce.
EXAMPLES = sorted(path for path in FOLDER.glob("*.yaml") if path.stem != "team")
# example → items planned, as operation title → count; None: depends on the items, only above 0.
REAL = {
    "folder-filter": {"label-train": 240},
    "status-filter": {},
    "qa-of-finished": {},
    "item-list": {"a-few-apples": 3},
    "whole-dataset": {"label-everything": 299},
    "add-unassigned": {"label-train": 299},
    "add-one-item": {"label-train": 1},
    "add-list": {"label-train": 3},
    "skills": {"label-by-skill": 299},
    "effort": {"label-by-effort": 299},
    "cheapest": {"label-cheaply": 299},
    "twice": {"label-twice (copy 1/2)": 299, "label-twice (copy 2/2)": 299},
    "consensus": {"label-agreed": 288, "exam": 6},
    "pulling": {"label-on-demand": 299},
    "redistribute": {},
    "everything": {"label-train": 200, "review-train": 200, "label-test": 59},
}


def planned(path: Path, table: ItemTable) -> dict[str, int]:
    plan = make_plan(read_spec(path), table, resolver=support.Existing())
    return {op.title: op.allocation.items.count for op in plan.operations}


def test_there_is_an_example_for_each_expected_plan() -> None:
    assert {path.stem for path in EXAMPLES} == set(REAL)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_plans_on_the_real_export(path: Path, shared: Path) -> None:
    assert planned(path, support.fruit(shared / "data")) == REAL[path.stem]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_plans_on_generated_items(path: Path) -> None:
    table = support.generated(finished=40)
    counts = planned(path, table)
    assert counts or path.stem == "redistribute"
    if path.stem == "qa-of-finished":
        assert counts == {"label-train_qa": 40}
    if path.stem == "add-unassigned":
        assert counts == {"label-train": len(table) - 40}
    assert all(count > 0 for count in counts.values())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_schema_accepts_an_example(path: Path) -> None:
    data: Any = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    plain = yaml.safe_load(path.read_text(encoding="utf-8"))
    for task, text in zip(plain["tasks"], data["tasks"], strict=True):
        if "due" in task:
            task["due"] = text["due"]
    jsonschema.Draft202012Validator(spec_schema()).validate(plain)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"tasks": []},
        {"tasks": [{"name": "t", "asignees": ["a@b"]}]},
        {"tasks": [{"name": "t", "assignees": ["nobody"]}]},
        {"tasks": [{"name": "t", "assignees": [{"email": "a@b", "weight": 0}]}]},
        {"tasks": [{"name": "t", "assignees": ["a@b"], "priority": "urgent"}]},
    ],
)
def test_the_schema_refuses_what_the_spec_refuses(wrong: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(spec_schema()).validate(wrong)
