"""Quality tasks: who gets which items and whose copies, and the limits of pulling tasks."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskplan.allocation.pulling import check_batches
from taskplan.allocation.quality import (
    consensus,
    honeypot,
    in_blocks,
    qualification,
    raw_among,
    truth_for,
)
from taskplan.errors import InputError

PEOPLE = st.integers(1, 12)


@st.composite
def loads_of(draw: st.DrawFn) -> list[float]:
    weights = draw(st.lists(st.integers(1, 9), min_size=1, max_size=12))
    return [100 * weight / sum(weights) for weight in weights]


@given(st.data(), loads_of(), st.integers(0, 300), st.integers(1, 100))
def test_consensus(data: st.DataObject, loads: list[float], n: int, percent: int) -> None:
    each = data.draw(st.integers(1, len(loads)))
    made = consensus(n, loads, percent, each)
    assert len(made.common) == round(n * percent / 100)
    assert made.copied == len(made.common) * each
    holders = np.bincount(np.concatenate(made.rows), minlength=n)
    in_common = np.isin(np.arange(n), made.common)
    assert (holders == np.where(in_common, each, 1)).all()
    assert all((np.diff(rows) > 0).all() for rows in made.rows)
    copies = [len(part) for part in made.shared]
    assert max(copies) - min(copies) <= 2
    blocks = in_blocks(np.flatnonzero(~in_common), loads)
    assert all(map(np.array_equal, made.single, blocks))


@given(PEOPLE.filter(lambda n: n > 1), st.integers(0, 200))
def test_every_pair_shares_as_many_items(people: int, items: int) -> None:
    made = consensus(items, [100 / people] * people, 100, 2)
    met = [len(np.intersect1d(made.rows[a], made.rows[b])) for a, b in combinations(range(people), 2)]
    assert max(met) - min(met) <= 2
    if items % (people * (people - 1)) == 0:
        assert max(met) == min(met)


@given(st.integers(0, 60), PEOPLE)
def test_qualification_is_consensus_of_everybody(n: int, people: int) -> None:
    made = qualification(n, people)
    assert made.copied == n * people
    assert all(np.array_equal(rows, np.arange(n)) for rows in made.rows)
    whole = consensus(n, [100 / people] * people, 100, people)
    assert all(map(np.array_equal, made.rows, whole.rows))


@given(loads_of(), st.integers(0, 300), st.integers(1, 60))
def test_honeypot(loads: list[float], n: int, percent: int) -> None:
    made = honeypot(n, 1000, loads, percent)
    assert np.array_equal(np.concatenate(made.rows), np.arange(n))
    for raw, truth in zip(made.rows, made.truth, strict=True):
        assert np.array_equal(truth, np.arange(len(truth)))
        assert abs(len(truth) - percent / 100 * (len(raw) + len(truth))) <= 0.5
    assert made.copied == sum(map(len, made.truth))
    most = max(map(len, made.truth))
    assert honeypot(n, most, loads, percent).copied == made.copied
    if most:
        words = f"asks for {most} items of /honeypot, there are {most - 1}$"
        with pytest.raises(InputError, match=words):
            honeypot(n, most - 1, loads, percent)


@given(st.integers(0, 100_000), st.floats(0.001, 99.99))
def test_raw_items_are_told_from_the_ground_truth_among_them(raw: int, percent: float) -> None:
    assert raw_among(raw + truth_for(raw, percent), percent) == raw


def test_the_example_of_the_product_pages() -> None:
    # Three people, 60 % with three assignees each: 60 % go to all, the rest is split between them.
    made = consensus(10, [100 / 3] * 3, 60, 3)
    assert [len(rows) for rows in made.rows] == [8, 7, 7]
    assert made.copied == 18


@pytest.mark.parametrize("percent", [0, 101, -1, True, "50"])
def test_percentages_that_cannot_be(percent: object) -> None:
    with pytest.raises(InputError, match="above 0 and up to 100"):
        consensus(10, [50, 50], percent, 2)  # type: ignore[arg-type]


def test_more_people_than_there_are() -> None:
    with pytest.raises(InputError, match="expected 1 to 2 assignees an item, got 3"):
        consensus(10, [50, 50], 50, 3)
    with pytest.raises(InputError, match="ground truth alone"):
        honeypot(10, 10, [100], 100)


def test_batches() -> None:
    assert check_batches(3, 5) == (3, 5)
    with pytest.raises(InputError, match="batch size of 3 to 100, got 2"):
        check_batches(2, 4)
    with pytest.raises(InputError, match="12 to 20 for batches of 10, got 7"):
        check_batches(10, 7)
