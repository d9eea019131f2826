"""Both sides of the table in docs/fairness.md: kept properties by search, broken ones by what breaks them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from taskplan.allocation.apportionment import METHODS as APPORTIONMENT
from taskplan.allocation.problem import Assignee, Problem
from taskplan.allocation.registry import list_strategies
from taskplan.testing import PROPERTIES, search
from taskplan.testing.known import METHODS, Method, table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "fairness.md"
EXAMPLES = {"matched": 6, "eligible": 25, "balanced-eligible": 25, "sticky": 25}
BY_NAME = {method.name: method for method in METHODS}


def people(*, weights: Sequence[float] = (), percents: Sequence[float] = ()) -> tuple[Assignee, ...]:
    emails = [f"{letter}@example.com" for letter in "abcdefgh"]
    by_weight = [Assignee(email, weight=weight) for email, weight in zip(emails, weights, strict=False)]
    by_percent = [Assignee(email, percent=part) for email, part in zip(emails, percents, strict=False)]
    return tuple(by_weight + by_percent)


# By the largest remainder the least has one of three items and none of four (the Alabama paradox).
ALABAMA = Problem(3, people(weights=(1, 3, 3)))
# 3 of 3 items for a share of 9/5, because that is the least largest load; of 4 items 2.
LOADED = Problem(3, people(weights=(1, 1, 3)))
BROKEN: dict[tuple[str, str], Problem] = {
    ("largest-remainder", "house-monotonicity"): ALABAMA,
    ("percentages", "house-monotonicity"): Problem(50, people(percents=(1, 3, 96))),
    # 4 of 7 items for a share of 56/11, more than five.
    ("webster", "quota"): Problem(7, people(weights=(1, 1, 1, 8))),
    # All 3 of 3 items for a share of 2.
    ("jefferson", "quota"): Problem(3, people(weights=(1, 1, 4))),
    # 7 of 15 items for a share of 25/3, more than eight.
    ("huntington-hill", "quota"): Problem(15, people(weights=(1, 1, 1, 1, 5))),
    # 2 of 6 items for a share of 3.
    ("adams", "quota"): Problem(6, people(weights=(1, 1, 2))),
    ("balanced", "quota"): LOADED,
    ("balanced", "house-monotonicity"): LOADED,
    ("eligible", "quota"): Problem(3, people(weights=(1, 1, 4))),
    ("balanced-eligible", "quota"): LOADED,
    ("balanced-eligible", "house-monotonicity"): Problem(10, people(weights=(1, 1, 4))),
    ("sticky", "quota"): LOADED,
    ("sticky", "house-monotonicity"): LOADED,
}


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_what_is_kept_is_searched_and_found_kept(method: Method) -> None:
    names = [name for name in PROPERTIES if method.keeps.get(name, True)]
    report = search(
        method.make(),
        properties=names,
        max_examples=EXAMPLES.get(method.name, 30),
    )
    found = {finding.property.name: finding.status for finding in report.findings}
    assert not report.failures
    assert found == {name: "holds" if name in method.keeps else "not taken" for name in found}


@pytest.mark.parametrize(("method", "name"), BROKEN, ids=lambda value: value)
def test_what_is_broken_is_broken_by_a_stored_problem(method: str, name: str) -> None:
    strategy = BY_NAME[method].make()
    finding = search(strategy, properties=[name], problems=[BROKEN[method, name]]).findings[0]
    assert finding.status == "fails"
    assert finding.sentence


def test_every_no_of_the_table_is_proved() -> None:
    said = {(method.name, name) for method in METHODS for name, kept in method.keeps.items() if not kept}
    assert said == set(BROKEN)


def test_the_table_knows_every_strategy_and_every_method() -> None:
    assert {info.name for info in list_strategies()} == {method.strategy for method in METHODS}
    by_weight = {method.name for method in METHODS if method.options}
    assert by_weight == set(APPORTIONMENT)
    assert {name for method in METHODS for name in method.keeps} <= set(PROPERTIES)


def test_the_page_shows_the_table() -> None:
    assert table() in PAGE.read_text(encoding="utf-8")
