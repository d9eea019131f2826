"""Certificates: numbers worked out by hand, and bounds beside exhaustive search."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskplan.allocation.certificate import (
    equal_certificate,
    grouped_certificate,
    measures,
    share_certificate,
)
from taskplan.allocation.exact import Shares
from taskplan.allocation.grouping import load_bound
from taskplan.allocation.problem import Assignee, Problem
from taskplan.allocation.strategies.weighted import Weighted


def test_an_equal_split_with_one_item_over() -> None:
    certificate = equal_certificate([4, 3, 3], ["a", "b", "c"])
    # Loads relative to 10/3: 1.2, 0.9, 0.9; Jain = 3² / (3 × (1.44 + 0.81 + 0.81)) = 9 / 9.18.
    assert certificate.measures == {
        "max_gap": 1.0,
        "quota": "satisfied",
        "jain": pytest.approx(9 / 9.18),
        "max_relative_load": pytest.approx(1.2),
    }
    assert (certificate.objective, certificate.value, certificate.bound) == ("largest gap in items", 1.0, 1.0)
    assert (certificate.ratio, certificate.optimal) == (1.0, True)


def test_an_equal_split_without_remainder() -> None:
    certificate = equal_certificate([2, 2], ["a", "b"])
    assert (certificate.value, certificate.bound, certificate.ratio, certificate.optimal) == (0, 0, 1, True)
    assert certificate.measures["jain"] == 1.0


def test_who_is_out_of_quota_is_named() -> None:
    # Jefferson gives the largest 94 of 100 where the exact share is 91.49.
    weights = [91490, 1660, 1460, 1450, 1440, 1400, 1100]
    assignees = tuple(Assignee(f"p{i}@x.io", weight=float(weight)) for i, weight in enumerate(weights))
    certificate = Weighted("jefferson").allocate(Problem(100, assignees)).certificate
    assert certificate.measures["quota"] == "violated for p0@x.io"
    assert certificate.value == pytest.approx(94 - 91.49)
    # Parts .49 .66 .46 .45 .44 .40 .10 make 3 items: the three largest go up, .46 the least of them.
    assert certificate.bound == pytest.approx(1 - 0.46)
    assert certificate.ratio == pytest.approx(2.51 / 0.54)
    assert not certificate.optimal


def test_measures_of_people_without_a_share() -> None:
    found = measures([3, 0], Shares([3, 0], 1), ["a", "b"])
    assert found == {"max_gap": 3.0, "quota": "satisfied", "jain": 1.0, "max_relative_load": 1.0}


def bound(sizes: list[int], targets: list[int]) -> float:
    return load_bound(np.array(sizes), np.array(targets))


def test_groups_that_do_not_fit() -> None:
    # One group of 6 and four of 1, two people with 5 each: 6 and 4 is the best there is.
    certificate = grouped_certificate([6, 4], [5, 5], bound([6, 1, 1, 1, 1], [5, 5]), ["a", "b"])
    assert certificate.objective == "largest load relative to the target"
    assert (certificate.value, certificate.bound) == (1.2, 1.2)
    assert (certificate.ratio, certificate.optimal) == (1.0, True)
    assert certificate.measures["quota"] == "violated for a, b"
    # Three groups of 2 for two people with 3 each: two of the groups come together.
    three = grouped_certificate([4, 2], [3, 3], bound([2, 2, 2], [3, 3]), ["a", "b"])
    assert (three.value, three.bound, three.optimal) == (4 / 3, 4 / 3, True)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(0, 12))
def test_no_split_is_nearer_to_the_shares_than_the_bound(weights: list[int], items: int) -> None:
    shares = [Fraction(weight * items, sum(weights)) for weight in weights]
    splits = [split for split in product(range(items + 1), repeat=len(weights)) if sum(split) == items]
    best = min(max(abs(c - s) for c, s in zip(split, shares, strict=True)) for split in splits)
    people = [str(index) for index in range(len(weights))]
    for split in splits[:3]:
        exact = Shares([weight * items for weight in weights], sum(weights))
        assert share_certificate(split, exact, people).bound == float(best)


@pytest.mark.parametrize("method", ["adams", "huntington-hill"])
def test_a_share_of_next_to_nothing_has_finite_measures(method: str) -> None:
    assignees = (Assignee("a@x.io", weight=1e308), Assignee("b@x.io", weight=1e-300))
    measured = Weighted(method).allocate(Problem(10, assignees)).certificate.measures
    assert 0 < float(measured["jain"]) <= 1
    assert math.isfinite(float(measured["max_relative_load"]))
