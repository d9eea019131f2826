"""The percentages of the platform's workload."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskplan.allocation.workload import even_percentages, exact_percentages, platform_counts
from taskplan.errors import InputError


def test_three_people() -> None:
    assert even_percentages(3) == [34, 33, 33]


@pytest.mark.parametrize("people", [1, 2, 3, 7, 33, 99, 100])
def test_even_percentages_are_those_of_the_sdk(people: int) -> None:
    # The expression of dtlpy 1.126.5, Workload.generate.
    sdk = [100 // people + (1 if place < 100 % people else 0) for place in range(people)]
    assert even_percentages(people) == sdk
    assert sum(sdk) == 100


@pytest.mark.parametrize("people", [0, 101])
def test_too_few_or_too_many_people(people: int) -> None:
    with pytest.raises(InputError) as caught:
        even_percentages(people)
    assert str(caught.value) == f"even percentages go round for 1 to 100 people, got {people}"


@pytest.mark.parametrize(("last", "told"), [(49.6, "99.6"), (50.4, "100.4"), (49.9999999, "99.9999999")])
def test_nearly_a_hundred_is_not_a_hundred(last: float, told: str) -> None:
    with pytest.raises(InputError) as caught:
        exact_percentages({"a@x.io": 50, "b@x.io": last})
    assert str(caught.value) == f"percentages add up to {told}, expected 100"


def test_decimals_count_as_written() -> None:
    assert exact_percentages({"a@x.io": 33.3, "b@x.io": 33.3, "c@x.io": 33.4}) == ([333, 333, 334], 1000)


@pytest.mark.parametrize(("percent", "told"), [(-1, "-1"), (101, "101"), (float("nan"), "nan")])
def test_a_percentage_out_of_range(percent: float, told: str) -> None:
    with pytest.raises(InputError) as caught:
        exact_percentages({"a@x.io": percent})
    assert str(caught.value) == f"expected a percentage from 0 to 100 for a@x.io, got {told}"


def test_platform_counts_by_hand() -> None:
    assert platform_counts({"a": 34, "b": 33, "c": 33}, 10) == [4, 3, 3]
    assert platform_counts({"a": 50, "b": 50}, 3) == [2, 1]
    assert platform_counts({"a": 0, "b": 100}, 3) == [0, 3]


@given(st.integers(1, 100), st.integers(0, 5000))
def test_platform_counts_are_within_one_of_the_percentage(people: int, items: int) -> None:
    percentages = dict(zip(map(str, range(people)), even_percentages(people), strict=True))
    counts = platform_counts(percentages, items)
    assert sum(counts) == items
    for count, percent in zip(counts, percentages.values(), strict=True):
        assert abs(100 * count - percent * items) < 100
